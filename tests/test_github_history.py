"""What hubpipe reads of a repository's past, in conversation with the stand-in."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hubpipe.errors import ForbiddenError, GitHubError, MissingError, RateLimitError
from hubpipe.github import GitHub
from hubpipe.github.history import Actor, Duplicate, Past, StaleCursorError
from tests.standin.histories import FIRST_DAY, added, close_as, closed, issue, remember, removed, repeats
from tests.standin.servers import token_of
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

SLOW = "Something went wrong while executing your query. This may be the result of a timeout."


@pytest.fixture
def github(standin: StandIn) -> GitHub:
    return GitHub(standin.token, standin.url, pacing=0, patience=2)


def whole(github: GitHub, standin: StandIn, size: int = 100) -> list[Past]:
    """Read every page of the issues."""
    found: list[Past] = []
    after: str | None = None
    while True:
        page = github.history(standin.repo, "issue", after, size)
        found += page.past
        if not page.more:
            return found
        after = page.until


def refuse(standin: StandIn, error: dict[str, Any], headers: dict[str, str] | None = None, times: int = 1) -> None:
    standin.answer("POST", "/graphql", {"data": None, "errors": [error]}, headers, times)


def test_a_history_says_who_labelled_and_closed_what_people_did_on_github(github: GitHub, standin: StandIn) -> None:
    number = standin.open_issue("It crashes", "On start.", labels=["triage"])
    github.add_labels(standin.repo, number, ["bug"])
    standin.remove_label_as("maintainer", number, "triage")
    close_as(standin, "maintainer", number)
    (past,) = whole(github, standin)
    assert (past.kind, past.number, past.title, past.body, past.state) == (
        "issue",
        number,
        "It crashes",
        "On start.",
        "closed",
    )
    assert past.author == Actor("octocat")
    assert [tag.name for tag in past.labels] == ["bug"]
    assert [(one.label.name, one.added, one.actor) for one in past.labellings] == [
        ("triage", True, Actor("octocat")),
        ("bug", True, Actor("github-actions", bot=True)),
        ("triage", False, Actor("maintainer")),
    ]
    assert [(one.actor, one.reason) for one in past.closings] == [(Actor("maintainer"), "completed")]
    assert past.url.endswith(f"/{number}")
    assert past.updated_at >= past.created_at


def test_pull_requests_are_read_like_issues_and_apart_from_them(github: GitHub, standin: StandIn) -> None:
    standin.open_issue("Crash")
    number = standin.open_pull("Mend the crash")
    standin.add_label_as("maintainer", number, "bug")
    page = github.history(standin.repo, "pull_request")
    assert [(one.kind, one.number, one.labellings[0].actor) for one in page.past] == [
        ("pull_request", number, Actor("maintainer"))
    ]
    assert page.total == 2


def test_pages_follow_each_other_in_the_order_of_the_last_change(github: GitHub, standin: StandIn) -> None:
    early = issue(3, events=[added("bug", "maintainer", 50)])
    remember(standin, early, *(issue(number) for number in range(4, 15)))
    assert [past.number for past in whole(github, standin, size=5)] == [*range(4, 15), 3]
    assert len(standin.conversation) == 3


def test_an_issue_that_changes_while_pages_are_read_is_not_lost(github: GitHub, standin: StandIn) -> None:
    remember(standin, *(issue(number) for number in range(1, 10)))
    first = github.history(standin.repo, "issue", None, 5)
    changed = standin.gateway.past[standin.repo][1]
    changed |= {"updatedAt": f"{FIRST_DAY + timedelta(days=9):%Y-%m-%dT%H:%M:%SZ}", "title": "Anew"}
    rest = github.history(standin.repo, "issue", first.until, 100)
    assert [(past.number, past.title) for past in rest.past][-1] == (2, "Anew")
    assert {past.number for past in (*first.past, *rest.past)} == set(range(1, 10))


def test_more_events_than_a_page_holds_are_read_to_the_last(github: GitHub, standin: StandIn) -> None:
    events = [change for hour in range(140) for change in (added("a", "x", hour), removed("a", "x", hour))]
    remember(standin, issue(1, events=events[:-1], labels=["a"]), issue(2))
    (busy,) = [past for past in whole(github, standin) if past.number == 1]
    assert len(busy.labellings) == 279
    assert len(standin.conversation) == 3


def test_deleted_users_empty_texts_and_hidden_issues_are_fine(github: GitHub, standin: StandIn) -> None:
    ghost = issue(1, body=None, author=None, labels=["bug"], events=[added("bug", None, 2), closed(None, 3, None)])
    remember(standin, ghost, None)
    (past,) = whole(github, standin)
    assert (past.body, past.author, past.labellings[0].actor, past.closings[0].actor) == ("", None, None, None)
    assert past.closings[0].reason == ""


def test_duplicates_are_those_of_the_same_repository_that_still_exist(github: GitHub, standin: StandIn) -> None:
    events = [repeats(3, 10), repeats(None, 11), repeats(8, 12, elsewhere=True), repeats(3, 13, marked=False)]
    remember(standin, issue(5, events=events))
    (past,) = whole(github, standin)
    assert past.duplicates == (
        Duplicate(3, True, FIRST_DAY + timedelta(hours=10)),
        Duplicate(3, False, FIRST_DAY + timedelta(hours=13)),
    )


@pytest.mark.parametrize("how", ["502", "in words"])
def test_a_page_that_takes_too_long_is_asked_for_in_smaller_ones(
    github: GitHub, standin: StandIn, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    remember(standin, *(issue(number) for number in range(1, 61)))
    if how == "502":
        standin.fail("POST", "/graphql", 502, times=4)
    else:
        refuse(standin, {"message": SLOW})
    page = github.history(standin.repo, "issue")
    assert (len(page.past), page.size, page.more) == (50, 50, True)


def test_a_github_that_stays_slow_is_said(github: GitHub, standin: StandIn) -> None:
    refuse(standin, {"message": SLOW}, times=99)
    with pytest.raises(GitHubError, match=r"failed to read the issues of .* \(it took too long\)"):
        github.history(standin.repo, "issue")
    assert len(standin.conversation) == 6


def test_the_limit_of_graphql_comes_with_status_200_and_names_the_time(github: GitHub, standin: StandIn) -> None:
    reset = int(time.time()) + 1800
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset)}
    refuse(standin, {"type": "RATE_LIMITED", "message": "API rate limit exceeded"}, headers)
    with pytest.raises(RateLimitError, match=r"asks to wait until \d\d:\d\d:\d\d UTC") as limit:
        github.history(standin.repo, "issue")
    assert limit.value.until is not None
    assert abs((limit.value.until - datetime.fromtimestamp(reset, UTC)).total_seconds()) < 5


def test_a_short_limit_of_graphql_is_waited_out(github: GitHub, standin: StandIn) -> None:
    refuse(standin, {"type": "RATE_LIMIT", "message": "API rate limit exceeded"}, {"retry-after": "1"})
    assert github.history(standin.repo, "issue").past == ()


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ({"type": "FORBIDDEN", "message": "Resource not accessible"}, ForbiddenError, "`issues: read`.*not accessible"),
        ({"type": "INSUFFICIENT_SCOPES", "message": "needs repo"}, ForbiddenError, "needs repo"),
        ({"message": "Field 'x' doesn't exist on type 'Issue'"}, GitHubError, "GraphQL: Field 'x' doesn't exist"),
    ],
)
def test_a_refusal_of_graphql_is_an_error_that_says_why(
    github: GitHub, standin: StandIn, error: dict[str, Any], kind: type[GitHubError], words: str
) -> None:
    refuse(standin, error)
    with pytest.raises(kind, match=words):
        github.history(standin.repo, "issue")


def test_no_such_repository_is_missing(github: GitHub) -> None:
    with pytest.raises(MissingError):
        github.history("octo-org/nothing-there", "issue")


def test_a_place_that_github_does_not_know_is_an_error_of_its_own(github: GitHub, standin: StandIn) -> None:
    with pytest.raises(StaleCursorError):
        github.history(standin.repo, "issue", "never heard of it")


@pytest.mark.parametrize("reply", [{}, [], {"data": []}, {"data": {"repository": {}}}, {"data": None, "errors": [7]}])
def test_a_reply_that_is_not_githubs_is_an_error_of_ours(github: GitHub, standin: StandIn, reply: object) -> None:
    standin.answer("POST", "/graphql", reply, times=99)
    with pytest.raises(GitHubError):
        github.history(standin.repo, "issue")


def test_a_folder_is_its_files_and_those_one_level_below(github: GitHub, standin: StandIn) -> None:
    data = bytes(range(256)) * 10
    standin.put_file(".github/hubpipe/head.safetensors", data)
    standin.put_file(".github/hubpipe/README.md", "# Läbels\n")
    standin.put_file(".github/hubpipe/more/a b.json", "{}")
    standin.put_file(".github/hubpipe/more/deep/er.json", "{}")
    assert github.folder(standin.repo, ".github/hubpipe") == {
        "head.safetensors": data,
        "README.md": "# Läbels\n".encode(),
        "more/a b.json": b"{}",
    }


def test_no_such_folder_is_none_and_so_is_a_file(github: GitHub, standin: StandIn) -> None:
    standin.put_file(".github/hubpipe", "a file")
    assert github.folder(standin.repo, ".github/hubpipe") is None
    assert github.folder(standin.repo, "nothing") is None


@pytest.mark.parametrize(("sizes", "name"), [([101], "model/0"), ([90, 70], "model")])
def test_a_folder_that_is_too_large_is_said_before_a_file_is_read(
    github: GitHub, standin: StandIn, sizes: list[int], name: str
) -> None:
    files = [{"type": "file", "name": str(n), "sha": "0", "size": mb * 1024**2} for n, mb in enumerate(sizes)]
    standin.answer("GET", "/contents/model", files)
    with pytest.raises(GitHubError, match=rf"{name} of .* takes \d+ MB and may take 1[05]0"):
        github.folder(standin.repo, "model")
    assert len(standin.conversation) == 1


def test_requests_are_as_github_describes_them(examined_standin: StandIn) -> None:
    standin = examined_standin
    standin.put_file("model/head.json", "{}")
    github = GitHub(token_of("octocat"), standin.url, pacing=0, patience=5)
    assert github.folder(standin.repo, "model") == {"head.json": b"{}"}
    assert [one.violations for one in standin.conversation if one.violations] == []
