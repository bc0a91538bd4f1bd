"""Turn the texts of an issue into the images and sounds attached to them, fetched from GitHub's own hosts alone."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.client import HTTPException
from pathlib import PurePosixPath
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from hubpipe import __version__
from hubpipe.event import Attachment
from hubpipe.github.links import Link, links
from hubpipe.github.material import named
from hubpipe.github.media import VIDEO, NotReadError, kind_of
from hubpipe.stop import within

MEGABYTE = 1_000_000
MOST_BYTES = {"images": 10 * MEGABYTE, "audio": 25 * MEGABYTE}
MOST_BYTES_IN_ALL = 50 * MEGABYTE
MOST_REQUESTS = 10  # attachments that are asked for, for one run of a flow
MOST_REDIRECTS = 3
REQUEST_TIMEOUT = 15.0  # seconds of silence
ATTACHMENT_TIMEOUT = 60.0  # seconds in all
CHUNK = 64 * 1024
MOST_DIGITS = 18  # of a length that is counted with
NAME_LIMIT = 60  # characters

GITHUB = "https://github.com"
# Where github.com keeps attachments, beside its own addresses.
IMAGE_HOSTS = ("https://user-images.githubusercontent.com", "https://private-user-images.githubusercontent.com")
# Where it sends on to. A bucket of another name can be anybody's.
SIX_DIGITS = "[0-9a-f]" * 6
STORES = (
    "https://objects.githubusercontent.com",
    "https://objects-origin.githubusercontent.com",
    f"https://github-production-user-asset-{SIX_DIGITS}.s3.amazonaws.com",
    f"https://github-production-repository-file-{SIX_DIGITS}.s3.amazonaws.com",
)
# What a name promises decides what is asked for; what it is, its bytes tell.
KIND_OF_SUFFIX = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".svg"), "images"),
    **dict.fromkeys((".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3"), "audio"),
    **dict.fromkeys((".mp4", ".mov", ".webm", ".m4v", ".avi", ".mkv"), "video"),
}
REDIRECTS = (301, 302, 303, 307, 308)

UNNAMED = "an attachment"
FOREIGN = "{files}: on another server than GitHub's, which hubpipe never asks"
ELSEWHERE = "{files}: GitHub sends on to a server that hubpipe never asks"
NOT_THERE = "{files}: GitHub has nothing there, or the token may not see it"
REFUSED = "{{files}}: GitHub did not give it ({status})"
BROKE_OFF = "{files}: GitHub's answer did not come, or broke off"
SLOW = "{files}: GitHub's answer took too long"
LARGE = "{{files}}: over {most} MB"
MANY = f"{{files}}: only the first {MOST_REQUESTS} attachments are read"
MUCH = f"{{files}}: {MOST_BYTES_IN_ALL // MEGABYTE} MB of other attachments are enough"


@dataclass(frozen=True)
class Hosts:
    """Where one GitHub server's attachments lie: `own` is its origin, `images` and `stores` those of others.

    Every address below `images` is an attachment; `stores` (patterns) are only where GitHub sends on to.
    """

    own: str
    images: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()

    def holds(self, url: str) -> bool:
        """Tell whether an address, as somebody wrote it, is an attachment on GitHub."""
        parts = _parts(url)
        if parts is None:
            return False
        return _origin(parts) in self.images or (_origin(parts) == self.own and self._is_attachment(parts.path))

    def sends_to(self, url: str) -> bool:
        """Tell whether GitHub may send on to an address."""
        parts = _parts(url)
        stored = parts is not None and any(fnmatchcase(_origin(parts), store) for store in self.stores)
        return stored or self.holds(url)

    def trusts(self, url: str) -> bool:
        """Tell whether an address may see the token: the server's own alone."""
        parts = _parts(url)
        return parts is not None and _origin(parts) == self.own

    def _is_attachment(self, path: str) -> bool:
        match path.split("/"):
            case ["", "user-attachments", "assets" | "files", _, *_]:
                return True
            case ["", "storage", _, *_]:
                return self.own != GITHUB  # GitHub Enterprise Server
            case ["", owner, name, "assets" | "files", _, *_]:
                return bool(owner and name)
        return False


@dataclass(frozen=True)
class Fetcher:
    """Gets attachments with a token; one may take `seconds` in all, and `silence` between two pieces."""

    hosts: Hosts
    token: Callable[[], str] = field(repr=False)
    seconds: float = ATTACHMENT_TIMEOUT
    silence: float = REQUEST_TIMEOUT

    def fetch(self, url: str, most: int) -> bytes:
        """Get an attachment of at most `most` bytes.

        Raises NotReadError where it is not there, too large, too slow, or would lead to a foreign host.
        """
        try:
            # An answer's head may drip, too, and that no reading's own timeout ends.
            return within(self.seconds, lambda: self._fetch(url, most, time.monotonic() + self.seconds))
        except TimeoutError as fault:
            raise NotReadError(SLOW) from fault
        # Numbers that are none, addresses that cannot be taken apart: http.client and urllib raise what they like.
        except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as fault:
            raise NotReadError(BROKE_OFF) from fault

    def _fetch(self, url: str, most: int, deadline: float) -> bytes:
        with requests.Session() as session:
            for _ in range(1 + MOST_REDIRECTS):
                with self._ask(session, url) as response:
                    if response.status_code not in REDIRECTS:
                        return _body(response, most, deadline)
                    url = _joined(url, response.headers.get("location", ""))
                if not self.hosts.sends_to(url):
                    raise NotReadError(ELSEWHERE)
        raise NotReadError(ELSEWHERE)

    def _ask(self, session: requests.Session, url: str) -> requests.Response:
        # Compressed bytes would be counted after they unfold.
        headers = {"User-Agent": f"hubpipe/{__version__}", "Accept-Encoding": "identity"}
        token = self.token() if self.hosts.trusts(url) else ""
        if token:
            headers["Authorization"] = f"Bearer {token}"
        # Without `auth` requests would take a password for the host from a .netrc file.
        return session.get(
            url, headers=headers, auth=_as_it_is, stream=True, allow_redirects=False, timeout=self.silence
        )


@dataclass
class _Reading:
    """One reading of some texts; fills up on the way."""

    found: list[Attachment] = field(default_factory=list)
    missed: dict[str, list[str]] = field(default_factory=dict)
    requests: int = 0
    bytes: int = 0

    def read(self, url: str, kinds: Collection[str], fetcher: Fetcher) -> None:
        """Get one attachment, where the limits allow another one."""
        if self.requests == MOST_REQUESTS:
            raise NotReadError(MANY)
        if self.bytes >= MOST_BYTES_IN_ALL:
            raise NotReadError(MUCH)
        self.requests += 1
        most = max(MOST_BYTES[kind] for kind in kinds)
        data = fetcher.fetch(url, min(most, MOST_BYTES_IN_ALL - self.bytes))
        self.bytes += len(data)
        kind = kind_of(data)
        if len(data) > MOST_BYTES[kind]:
            raise NotReadError(_large(MOST_BYTES[kind]))
        if kind in kinds:
            self.found.append(Attachment(kind, url, data))


def hosts_of(api_url: str, server_url: str | None = None) -> Hosts:
    """Tell where a server keeps attachments, from its own address, or from its API's where only that is known.

    Source: https://docs.github.com/en/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api
    """
    parts = urlsplit(server_url or api_url)
    # An Enterprise Server's API is a path of the server itself, whose name may begin with api, too.
    of_its_own = not (server_url or parts.path.strip("/"))
    host = parts.netloc.lower().removeprefix("api." if of_its_own else "")
    own = f"{parts.scheme}://{host}"
    return Hosts(own, IMAGE_HOSTS, STORES) if own == GITHUB or host.endswith(".ghe.com") else Hosts(own)


def attached(
    texts: Sequence[str], kinds: Collection[str], fetcher: Fetcher
) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
    """Read the attachments of some Markdown texts: of `kinds` (`images`, `audio`), in the texts' order, each once.

    The second part says in words what was shown there and is not read. Nothing that is attached makes this fail.
    """
    reading, wanted = _Reading(), frozenset(kinds) & frozenset(MOST_BYTES)
    for link in _once(texts) if wanted else ():
        try:
            if _is_wanted(link, wanted, fetcher.hosts):
                reading.read(link.url, wanted, fetcher)
        except NotReadError as reason:
            reading.missed.setdefault(str(reason), []).append(_name(link.url))
    return tuple(reading.found), tuple(reason.format(files=named(names)) for reason, names in reading.missed.items())


def _once(texts: Sequence[str]) -> Iterator[Link]:
    seen: set[str] = set()
    for text in texts:
        for link in links(text):
            if link.url not in seen:
                seen.add(link.url)
                yield link


def _body(response: requests.Response, most: int, deadline: float) -> bytes:
    """Read an answer's bytes, no more than `most` whatever its head promises."""
    if response.status_code in (401, 403, 404, 410):
        raise NotReadError(NOT_THERE)
    if response.status_code != 200:
        raise NotReadError(REFUSED.format(status=response.status_code))
    length = response.headers.get("content-length", "")
    data = bytearray()
    if length.isdecimal() and (len(length) > MOST_DIGITS or int(length) > most):
        raise NotReadError(_large(most))
    # Not `stream`, which would wait for a full piece however slowly its bytes come.
    while piece := response.raw.read1(CHUNK, decode_content=False):
        data += piece
        if len(data) > most:
            raise NotReadError(_large(most))
        if time.monotonic() > deadline:
            raise NotReadError(SLOW)
    return bytes(data)


def _joined(url: str, location: str) -> str:
    """Give the address that an answer leads to; empty, which is nobody's, where two readers might disagree."""
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


def _large(most: int) -> str:
    return LARGE.format(most=most // MEGABYTE) if most in MOST_BYTES.values() else MUCH


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _parts(url: str) -> SplitResult | None:
    """Take an address apart; None for one that two readers might understand differently."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    odd = "\\" in url or "@" in parts.netloc or not url.isascii() or not url.isprintable()
    climbing = {".", ".."} & set(unquote(parts.path).replace("\\", "/").split("/"))
    return None if odd or climbing else parts


def _origin(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _is_wanted(link: Link, kinds: Collection[str], hosts: Hosts) -> bool:
    """Tell whether a link is worth a request; raise NotReadError where it was shown and cannot be read."""
    if not hosts.holds(link.url):
        if link.shown in kinds:
            raise NotReadError(FOREIGN)
        return False
    suffix = PurePosixPath(_path(link.url)).suffix.lower()
    kind = KIND_OF_SUFFIX.get(suffix, link.shown)
    if kind == "video":
        raise NotReadError(VIDEO)
    # What is only named and says nothing of itself may be anything; a .zip is not.
    return kind in kinds or (not kind and not suffix)


def _path(url: str) -> str:
    parts = _parts(url)
    return parts.path if parts else ""


def _name(url: str) -> str:
    """Name an attachment by the last part of its address, without the keys that stand behind it."""
    return PurePosixPath(_path(url)).name[:NAME_LIMIT] or UNNAMED
