"""Turn a page's HTML into what a visitor does next: he logs in, and sends its forms."""

import re
from collections.abc import Callable

from starlette.testclient import TestClient

from hubpipe.event import Comment, Event, Subject
from hubpipe.server.delivery import Delivery
from hubpipe.server.ledger import Ledger
from tests.server.scene import TOKEN

PAGES = ("/", "/deliveries/guid-1", "/repositories", "/models")
Browse = Callable[..., TestClient]


def form_of(page: str) -> str:
    [first, *_] = re.findall(r'name="form" value="([^"]+)"', page)
    return str(first)


def log_in(client: TestClient, token: str = TOKEN) -> TestClient:
    answer = client.post("/login", data={"form": form_of(client.get("/login").text), "token": token})
    assert (answer.status_code, answer.headers.get("location")) == (303, "/"), answer.text
    return client


def put(book: Ledger, guid: str = "guid-1", title: str = "It crashes", body: str = "") -> None:
    subject = Subject(
        "issue", 12, title, body, author="octocat", url="https://github.example/octo-org/editor/issues/12"
    )
    comment = Comment(1, "octocat", body)
    book.put([Delivery(guid, Event("issues", "opened", "octo-org/editor", subject, comment, "octocat"))])
