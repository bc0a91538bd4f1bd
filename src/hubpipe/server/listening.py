"""Turn a host and a port into sockets that listen there, or into what to change where none can."""

import errno
import socket

from hubpipe.errors import UsageError

BACKLOG = 2048  # connections that wait: what uvicorn takes
TAKEN = "port {port} of {host} is taken: end the program that listens there, or choose another by --port"
NOT_THERE = "hubpipe cannot listen at port {port} of {host} ({reason}): choose others by --host and --port"


def listening(host: str, port: int) -> list[socket.socket]:
    """Listen at each address of a host.

    Raises UsageError where the port is taken, or cannot be had: a server would only name a number and end.
    """
    taken: list[socket.socket] = []
    try:
        for family, _, _, _, address in _addresses(host, port):
            taken.append(socket.create_server(address[:2], family=family, backlog=BACKLOG))
    except OSError as fault:
        for one in taken:
            one.close()
        words = TAKEN if fault.errno == errno.EADDRINUSE else NOT_THERE
        raise UsageError(words.format(host=host, port=port, reason=fault.strerror)) from fault
    return taken


def _addresses(host: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys(found))  # type: ignore[arg-type]  # those of other families have more to their addresses
