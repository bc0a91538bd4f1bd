"""Turn the values of variables into addresses that may be notified, and into what must not be said of them."""

import ipaddress
import re
import socket
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from hubpipe.errors import NotifyError

if TYPE_CHECKING:
    import httpx2

# A shorter part of an address may be a word of any text; a longer one is a key.
SECRET_PART = 16
# A host of one to four numbers, in any base that inet_aton reads.
NUMBER = re.compile(r"(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+)){0,3}", re.ASCII | re.IGNORECASE)

NO_ADDRESS = "{name} holds no address of a webhook: it begins with https://"
NOT_ENCRYPTED = "{name} holds an http address, over which everybody on the way could read it: give it an https one"
NO_CHATS = "{name} holds an address that is no chat's (link-local, multicast or none): give it the webhook's own"


def address_of(name: str, value: str) -> "httpx2.URL":
    """Read the address that a variable holds; raises NotifyError, whose words do not hold it, for what is none."""
    import httpx2

    try:
        url = httpx2.URL(value)
    except (httpx2.InvalidURL, ValueError, TypeError):
        raise NotifyError(NO_ADDRESS.format(name=name)) from None
    if url.scheme not in ("https", "http") or not url.host or not value.isprintable() or " " in value:
        raise NotifyError(NO_ADDRESS.format(name=name))
    found = _ip(url.host)
    if found is not None and (found.is_link_local or found.is_multicast or found.is_unspecified):
        raise NotifyError(NO_CHATS.format(name=name))
    here = url.host == "localhost" or (found is not None and found.is_loopback)
    if url.scheme == "http" and not here:
        raise NotifyError(NOT_ENCRYPTED.format(name=name))
    return url


def secrets_of(values: Mapping[str, str]) -> tuple[str, ...]:
    """Give what must be said nowhere of some values: each of them, and the parts that are keys by their length."""
    return tuple(dict.fromkeys(part for value in values.values() for part in _parts(value)))


def _parts(value: str) -> Iterator[str]:
    yield value
    behind = re.sub(r"^\w+://[^/?#]*", "", value)
    if len(behind) >= SECRET_PART:
        yield behind
    yield from (part for part in re.split(r"[/?&=#:@]", value) if len(part) >= SECRET_PART and _is_a_key(part))


def _is_a_key(part: str) -> bool:
    """Tell a key from a host's name and from words."""
    return any(letter.isdigit() for letter in part) and "." not in part


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return _as_a_resolver_reads(host)
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found


def _as_a_resolver_reads(host: str) -> ipaddress.IPv4Address | None:
    """Read `2852039166`, `0xa9fea9fe` and `169.254.43518`, which no name can be."""
    if NUMBER.fullmatch(host) is None:
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None
