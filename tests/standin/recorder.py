"""Turn a conversation with GitHub into a record, and into accidents where a test wants one."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from json import loads

from tests.standin.wire import Answer, LostReply, Reply, Request


@dataclass(frozen=True)
class Exchange:
    """One request and what came of it; `violations` are GitHub's rules that the request broke."""

    method: str
    path: str
    status: int
    violations: tuple[str, ...] = ()


@dataclass
class Accident:
    """What happens to the next `times` requests of a method ("": any) whose path matches, after the first `after`."""

    method: str
    path: str
    happen: Callable[[Request, Answer], Reply]
    times: int = 1
    after: int = 0

    def strikes(self, request: Request) -> bool:
        """Tell whether it is this request's turn."""
        if self.method not in ("", request.method) or not re.search(self.path, request.path):
            return False
        self.after -= 1
        return self.after < 0


@dataclass
class Recorder:
    """Between the client and the server."""

    ask: Answer
    exchanges: list[Exchange] = field(default_factory=list)
    accidents: list[Accident] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        """Let what is planned happen, and note it."""
        try:
            reply = self._happen(request)
        except LostReply:
            self.exchanges.append(Exchange(request.method, request.path, status=0))
            raise
        self.exchanges.append(Exchange(request.method, request.path, reply.status, _violations(reply)))
        return reply

    def forget(self) -> None:
        """Begin a new conversation."""
        self.exchanges.clear()
        self.accidents.clear()

    def _happen(self, request: Request) -> Reply:
        for accident in self.accidents:
            if accident.strikes(request):
                accident.times -= 1
                self.accidents = [one for one in self.accidents if one.times > 0]
                return accident.happen(request, self.ask)
        return self.ask(request)


def instead(reply: Reply) -> Callable[[Request, Answer], Reply]:
    """The server is not reached; this comes back."""
    return lambda request, ask: reply


def lose(request: Request, ask: Answer) -> Reply:
    """The server does its work and its reply is lost."""
    ask(request)
    raise LostReply


def cut(request: Request, ask: Answer) -> Reply:
    """The server does its work and half of its reply arrives."""
    reply = ask(request)
    return replace(reply, cut=len(reply.body) // 2)


def _violations(reply: Reply) -> tuple[str, ...]:
    """What Prism found wrong with the request, where Prism is asked."""
    found = loads(reply.headers.get("sl-violations", "[]"))
    return tuple(f"{'.'.join(one['location'])}: {one['message']}" for one in found if "request" in one["location"])
