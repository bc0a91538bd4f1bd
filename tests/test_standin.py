"""The stand-in behaves as GitHub does, where hubpipe depends on it."""

from typing import Any

import pytest
import urllib3

from hubpipe.event import Event, Subject, parse
from tests.standin.servers import running, token_of
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e


def get(standin: StandIn, path: str, accept: str = "application/json") -> urllib3.BaseHTTPResponse:
    headers = {"authorization": f"Bearer {token_of('octocat')}", "accept": accept}
    return urllib3.request("GET", f"{standin.url}/repos/{standin.repo}{path}", headers=headers)


def event(standin: StandIn, kind: str, action: str, number: int) -> Event:
    parsed = parse(kind, standin.event(kind, action, number))
    assert isinstance(parsed, Event)
    return parsed


def subject(standin: StandIn, kind: str, action: str, number: int) -> Subject:
    found = event(standin, kind, action, number).subject
    assert found is not None
    return found


def test_githubs_example_payloads_are_all_there(examples: tuple[tuple[str, dict[str, Any]], ...]) -> None:
    assert len(examples) == 329
    assert len({name for name, _ in examples}) == 58


def test_an_issues_payload_is_about_the_issue_that_was_opened(standin: StandIn) -> None:
    number = standin.open_issue("Crash", "It crashes.", ["bug"])
    found = subject(standin, "issues", "opened", number)
    assert (found.kind, found.number, found.title, found.body) == ("issue", number, "Crash", "It crashes.")
    assert found.labels == ("bug",)
    assert event(standin, "issues", "opened", number).repo == standin.repo


def test_a_pull_requests_payload_follows_its_branch(standin: StandIn) -> None:
    number = standin.open_pull("Mend", "Mends it.", {"a.py": "1\n"})
    before = subject(standin, "pull_request_target", "opened", number)
    head = standin.push_to_pull(number, {"b.py": "1\n2\n"})
    after = subject(standin, "pull_request_target", "synchronize", number)
    assert (before.changed_files, before.additions) == (1, 1)
    assert (after.changed_files, after.additions, after.head_sha) == (2, 3, head)
    assert not after.from_fork


def test_a_forks_pull_request_comes_from_a_fork(standin: StandIn) -> None:
    number = standin.open_pull("Mend", from_fork=True)
    assert subject(standin, "pull_request_target", "opened", number).from_fork


def test_a_comments_payload_brings_the_comment_and_knows_a_pull_request(standin: StandIn) -> None:
    number = standin.open_pull("Mend")
    standin.comment_as("outsider", number, "Please look")
    found = event(standin, "issue_comment", "created", number)
    assert found.comment is not None
    assert (found.comment.author, found.comment.body) == ("outsider", "Please look")
    assert found.subject is not None
    assert found.subject.kind == "pull_request"


def test_a_pull_requests_diff_is_true(standin: StandIn) -> None:
    standin.put_file("a.py", "one\ntwo\n")
    number = standin.open_pull("Mend", files={"a.py": "one\nthree\n", "logo.png": b"\0\1"})
    diff = get(standin, f"/pulls/{number}", "application/vnd.github.diff").data.decode()
    assert "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@" in diff
    assert "-two\n+three" in diff
    assert "Binary files a/logo.png and b/logo.png differ" in diff


def test_an_accident_happens_as_often_as_it_was_planned(standin: StandIn) -> None:
    standin.fail("GET", "/labels$", 502, times=2)
    assert [get(standin, "/labels").status for _ in range(3)] == [502, 502, 200]
    assert [one.status for one in standin.conversation] == [502, 502, 200]


def test_what_is_not_installed_says_how_to_install_it(tmp_path: Any) -> None:
    with pytest.raises(FileNotFoundError, match="make setup"), running("nothing.js", [], 1, tmp_path / "log"):
        pass
