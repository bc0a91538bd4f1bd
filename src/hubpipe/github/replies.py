"""Turn what comes over the wire into a reply of GitHub's: whole, in time, JSON, and from where it was asked.

PyGithub follows a move into another repository and sends a comment there, waits without end on a server that says
"later", takes an error page for an object without values, and reads a body for as long as its bytes drip. So
hubpipe reads replies by itself, and hands on what is one.
"""

import json
import time
from collections.abc import Callable, ItemsView, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar
from urllib.parse import urlsplit

import requests
import urllib3
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester, RequestsResponse

Made = TypeVar("Made")

MB = 1024 * 1024
# Ours: the largest that is asked for is a file of 100 MB, which comes in base64.
REPLY_LIMIT = 150 * MB
ERROR_LIMIT = 1 * MB
CHUNK = 64 * 1024
LATER = 202
# Where 202 is the whole answer: what was asked for is done by and by.
# Source: https://docs.github.com/en/rest/apps/webhooks#redeliver-a-delivery-for-an-app-webhook
QUEUED = "/attempts"
OK, NOTHING = 200, "{}"
NO_CONTENT = 204
# What PyGithub takes for numbers, and would break on where they are none.
NUMBERS = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
DIGITS = 18

SLOW = "it took more than {seconds:g} seconds"
LARGE = f"it has more than {REPLY_LIMIT // MB} MB"
NO_JSON = "it is no JSON"
EMPTY = "it is empty"
NOT_READY = "GitHub says that it is not ready"

_OPENING = Lock()


class OddReplyError(Exception):
    """What came back is no reply of GitHub's, or not all of one: another try may help."""


class AwayError(Exception):
    """What was asked for is elsewhere; `far` says that it is on another server."""

    def __init__(self, place: str, *, far: bool):
        self.far = far
        super().__init__(place)


@dataclass(frozen=True)
class _Reply:
    """A reply in the shape that PyGithub asks for."""

    status: int
    headers: Mapping[str, str]
    text: str

    def getheaders(self) -> ItemsView[str, str]:
        """Give the head."""
        return self.headers.items()

    def read(self) -> str:
        """Give the body."""
        return self.text


class _Http(HTTPRequestsConnectionClass):
    """Reads a server's replies strictly."""

    def getresponse(self) -> RequestsResponse:
        """Send the request and give the reply."""
        return _exchange(self)


class _Https(HTTPSRequestsConnectionClass):
    """Reads a server's replies strictly."""

    def getresponse(self) -> RequestsResponse:
        """Send the request and give the reply."""
        return _exchange(self)


def strict(make: Callable[[], Made]) -> Made:
    """Make something of PyGithub's that reads replies strictly; what others make stays as it is."""
    with _OPENING:
        Requester.injectConnectionClasses(_Http, _Https)
        try:
            return make()
        finally:
            Requester.resetConnectionClasses()


def _exchange(connection: HTTPRequestsConnectionClass | HTTPSRequestsConnectionClass) -> RequestsResponse:
    address = f"{connection.protocol}://{connection.host}:{connection.port}{connection.url}"
    seconds = float(connection.timeout or 0)
    ends = time.monotonic() + seconds
    try:
        with connection.session.request(
            connection.verb,
            address,
            headers=connection.headers,
            data=connection.input,
            timeout=seconds,
            verify=connection.verify,
            allow_redirects=False,
            stream=True,
        ) as response:
            if 300 <= response.status_code < 400:
                raise _moved(response, address)
            text = _body(response, ends, seconds).decode("utf-8", "replace")
    except urllib3.exceptions.HTTPError as fault:
        raise OddReplyError(type(fault).__name__) from fault
    status, headers = response.status_code, _numbered(response.headers)
    if status >= 400:
        text = _complaint(text)
    elif status == LATER and not connection.url.endswith(QUEUED):
        raise OddReplyError(NOT_READY)
    elif status != NO_CONTENT and not _is_expected(text, connection.headers):
        raise OddReplyError(NO_JSON)
    elif status == OK and text.strip() == NOTHING:
        # PyGithub would take it for a list without an entry, or for an object without values.
        raise OddReplyError(EMPTY)
    return _Reply(status, headers, text)  # type: ignore[return-value]  # PyGithub asks no more of it


def _moved(response: requests.Response, address: str) -> AwayError:
    place = response.headers.get("location", "")
    there = urlsplit(place)
    here = urlsplit(address)
    return AwayError(place, far=bool(there.netloc) and (there.scheme, there.hostname) != (here.scheme, here.hostname))


def _body(response: requests.Response, ends: float, seconds: float) -> bytes:
    data = bytearray()
    # Not a whole piece at a time, which would be waited for however slowly its bytes come.
    while piece := response.raw.read1(CHUNK, decode_content=True):
        data += piece
        if len(data) > REPLY_LIMIT:
            raise OddReplyError(LARGE)
        if time.monotonic() > ends:
            raise OddReplyError(SLOW.format(seconds=seconds))
    return bytes(data)


def _is_expected(text: str, asked: Mapping[str, str]) -> bool:
    """Tell whether a body is an object or a list, or where a diff was asked for no page of a proxy's."""
    return text.startswith(("{", "[")) or (".diff" in asked.get("Accept", "") and not text.startswith("<"))


def _complaint(text: str) -> str:
    """Keep what GitHub says about a refusal, and nothing that only looks like it."""
    if len(text) > ERROR_LIMIT:
        return ""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return text if isinstance(said, dict) and isinstance(said.get("message"), str) else ""


def _numbered(headers: Mapping[str, str]) -> dict[str, str]:
    """Leave out the numbers of a head that are none."""
    found = {name.lower(): value for name, value in headers.items()}
    return {name: value for name, value in found.items() if name not in NUMBERS or _is_number(value)}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= DIGITS
