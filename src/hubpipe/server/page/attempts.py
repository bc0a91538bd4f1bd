"""Turn the times of what somebody tried into how long he must wait."""

import ipaddress
import time
from collections import deque
from collections.abc import Callable

MOST_ADDRESSES = 10_000


class Attempts:
    """Allows each address `most` tries in so many `seconds`."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic):
        self._most, self._seconds, self._clock = most, seconds, clock
        self._tried: dict[str, deque[float]] = {}

    def wait(self, address: str) -> float:
        """Give the seconds until an address may try again; 0 where it may now."""
        tried = self._tried.get(_network(address))
        if tried is None or len(tried) < self._most:
            return 0.0
        return max(0.0, self._seconds - (self._clock() - tried[0]))

    def count(self, address: str) -> None:
        """Note a try of an address."""
        network = _network(address)
        # The one that was quiet for longest goes first.
        self._tried[network] = tried = self._tried.pop(network, deque(maxlen=self._most))
        tried.append(self._clock())
        while len(self._tried) > MOST_ADDRESSES:
            del self._tried[next(iter(self._tried))]


def _network(address: str) -> str:
    """Give what one person has of addresses: of IPv6 it is 2**64 of them."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        # A socket for both kinds writes IPv4's this way; all of them are in one network of IPv6.
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)
