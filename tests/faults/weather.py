"""Turn a request into what becomes of it in bad weather: before it reaches GitHub, or on its way back.

The stand-in's own front (tests/standin/wire.py) is the proxy: it is in front of GitHub anyway, and speaks HTTP by the
standard library and urllib3, so that it can also break what a proxy of a framework would put right, such as a wrong
content-length or a reset.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from email.utils import formatdate

from tests.standin.recorder import cut, instead, lose
from tests.standin.wire import Answer, LostReply, Reply, Request, reply_json

Happen = Callable[[Request, Answer], Reply]

PAGE = b"<!DOCTYPE html><html><body><h1>Unicorn!</h1>We had issues.</body></html>"
HTML = {"content-type": "text/html; charset=utf-8"}
PRIMARY = "API rate limit exceeded for installation ID 1."
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
HOUR = 3600


def refused(status: int, message: str = "", headers: Mapping[str, str] | None = None) -> Happen:
    """GitHub does nothing and says no."""
    return instead(reply_json(status, {"message": message}, headers))


def limit(seconds: float) -> dict[str, str]:
    """The head of a primary limit that ends in so many seconds, by this machine's clock."""
    return {
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(int(time.time() + seconds)),
    }


def after(reply: Reply) -> Happen:
    """GitHub does its work, and something on the way back puts this in the place of its reply."""

    def happen(request: Request, ask: Answer) -> Reply:
        ask(request)
        return reply

    return happen


def reset_before(request: Request, ask: Answer) -> Reply:
    """The connection is reset before GitHub reads anything."""
    raise LostReply(reset=True)


def reset_after(request: Request, ask: Answer) -> Reply:
    """GitHub does its work, and the connection is reset."""
    ask(request)
    raise LostReply(reset=True)


def claims(difference: int) -> Happen:
    """The head says another length than the body has."""

    def happen(request: Request, ask: Answer) -> Reply:
        reply = ask(request)
        wrong = max(0, len(reply.body) + difference)
        return replace(reply, length=wrong, cut=len(reply.body))

    return happen


def hang(seconds: float) -> Happen:
    """GitHub does its work, and answers late."""

    def happen(request: Request, ask: Answer) -> Reply:
        reply = ask(request)
        time.sleep(seconds)
        return reply

    return happen


def drip(seconds: float) -> Happen:
    """The body comes a byte at a time, so that no single wait is long."""
    return lambda request, ask: replace(ask(request), drip=seconds)


def moved(status: int) -> Happen:
    """The issue, or the repository, is in another place now."""

    def happen(request: Request, ask: Answer) -> Reply:
        place = f"http://{request.headers['host']}/repositories/1{request.path.partition('/octo-repo')[2]}"
        return reply_json(status, {"message": "Moved Permanently", "url": place}, {"location": place})

    return happen


KINDS: dict[str, Happen] = {
    "lost after the work": lose,
    "cut in the middle": cut,
    "reset before": reset_before,
    "reset after the work": reset_after,
    "500": refused(500, "Server Error"),
    "502 after the work": after(Reply(502, PAGE, HTML)),
    "503 with a date": refused(503, "Unavailable", {"retry-after": formatdate(time.time() - HOUR, usegmt=True)}),
    "a page for a reply": instead(Reply(200, PAGE, HTML)),
    "a page after the work": after(Reply(200, PAGE, HTML)),
    "nothing for a reply": instead(Reply(200)),
    "nothing after the work": after(Reply(200)),
    "an empty object": instead(reply_json(200, {})),
    "another object": instead(reply_json(200, {"id": 0})),
    "a string": instead(reply_json(200, "surprise")),
    "a complaint that is a list": instead(reply_json(500, ["surprise"])),
    "a length too short": claims(-3),
    "a length too long": claims(+3),
    "not ready": refused(202, "Accepted"),
    "primary limit, over in an hour": refused(403, PRIMARY, limit(HOUR)),
    "primary limit, over by a clock ahead": refused(403, PRIMARY, limit(-HOUR)),
    "primary limit, over in a thousand years": refused(403, PRIMARY, limit(1000 * 365 * 24 * HOUR)),
    "secondary limit": refused(403, SECONDARY, {"retry-after": "0"}),
    "secondary limit without a time": refused(403, SECONDARY),
    "429 with a date in an hour": refused(
        429, "Too many", {"retry-after": formatdate(time.time() + HOUR, usegmt=True)}
    ),
    "429 with nonsense": refused(
        429, "Too many", {"retry-after": "²", "x-ratelimit-reset": "soon", "x-ratelimit-remaining": "-"}
    ),
    "the token has expired": refused(401, "Bad credentials"),
    "refused": refused(403, "Resource not accessible by integration"),
    "not found": refused(404, "Not Found"),
    "gone": refused(410, "This issue was deleted"),
    "unprocessable": refused(422, "Validation Failed"),
    "moved": moved(301),
    "moved for now": moved(307),
}

# What goes on from a request to the end of the run: each way to lose a reply and to refuse, once.
LASTING = (
    "lost after the work",
    "500",
    "502 after the work",
    "a page after the work",
    "primary limit, over in an hour",
    "secondary limit",
    "the token has expired",
    "refused",
    "not found",
    "gone",
    "moved",
)
