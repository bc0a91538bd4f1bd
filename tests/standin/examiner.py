"""Turn GitHub's own description of its API into a judge of every request."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.standin.servers import free_port, running
from tests.standin.wire import LOOPBACK, Answer, Reply, Request, forward

DESCRIPTION = Path(__file__).parent / "github-openapi.json"


@contextmanager
def prism(upstream: str, folder: Path) -> Iterator[Answer]:
    """Run Prism in front of `upstream`.

    The header `sl-violations` of its replies names what broke GitHub's description.
    """
    port = free_port()
    options = ["proxy", str(DESCRIPTION), upstream, "--host", LOOPBACK, "--port", str(port)]
    with running("@stoplight/prism-cli/dist/index.js", options, port, folder / "prism.log"):
        yield examine(forward(f"http://{LOOPBACK}:{port}"), forward(upstream))


def examine(prism_answer: Answer, plain: Answer) -> Answer:
    """Send what the description covers through Prism, which is all but GraphQL."""

    def ask(request: Request) -> Reply:
        if request.path == "/graphql":
            return plain(request)
        return _at_home(prism_answer(_describable(request)), request.headers["host"])

    return ask


def _describable(request: Request) -> Request:
    """Write the path of a file in one piece: an OpenAPI description has no word for a parameter with slashes."""
    before, contents, path = request.path.partition("/contents/")
    return replace(request, path=before + contents + path.replace("/", "%2F"))


def _at_home(reply: Reply, host: str) -> Reply:
    """Make the links to other pages lead back here: Prism asks in its own name."""
    link = re.sub(r"<https?://[^/]+", f"<http://{host}", reply.headers.get("link", ""))
    return replace(reply, headers={**reply.headers, "link": link}) if link else reply
