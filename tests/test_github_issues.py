"""What hubpipe asks of GitHub about a repository's other issues."""

from collections.abc import Callable
from typing import Any

import pytest

from hubpipe.errors import GitHubError
from hubpipe.event import Changes
from hubpipe.github import GitHub, issues
from tests.standin.histories import close_as
from tests.standin.recorder import Accident
from tests.standin.standin import StandIn
from tests.standin.wire import Answer, Reply, Request, paged

pytestmark = pytest.mark.e2e

LONG_AGO = "2020-01-01T00:00:00Z"


@pytest.fixture
def github(standin: StandIn) -> GitHub:
    return GitHub(standin.token, standin.url, pacing=0, patience=5)


def test_the_issues_that_changed_are_listed_without_pull_requests(github: GitHub, standin: StandIn) -> None:
    first = standin.open_issue("First", "It crashes.")
    standin.open_pull("A pull request")
    second = standin.open_issue("Second")
    close_as(standin, "octocat", first)
    found = github.changed_issues(standin.repo, LONG_AGO)
    assert {(one.number, one.title, one.body, one.open) for one in found.issues} == {
        (first, "First", "It crashes.", False),
        (second, "Second", "", True),
    }
    assert found.whole
    assert len(standin.conversation) == 1


def test_what_did_not_change_since_is_not_listed(github: GitHub, standin: StandIn) -> None:
    standin.open_issue("First")
    assert github.changed_issues(standin.repo, "2099-01-01T00:00:00Z") == Changes((), "2099-01-01T00:00:00Z", True)
    assert len(github.changed_issues(standin.repo, None).issues) == 1


def test_more_than_fit_on_the_pages_are_told(github: GitHub, standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issues, "PAGE", 2)
    numbers = [standin.open_issue(f"Issue {number}") for number in range(7)]
    found = github.changed_issues(standin.repo, LONG_AGO)
    assert len({one.number for one in found.issues} & set(numbers)) == 6
    assert not found.whole


def test_what_changed_right_after_a_moment_is_read_to_its_end_in_several_turns(
    github: GitHub, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issues, "PAGE", 2)
    listed = [one_of(standin, number) for number in range(1, 10)]
    listed[4]["pull_request"] = {"url": "of the same number"}
    listing(standin, listed)
    since, turns = LONG_AGO, list[Changes]()
    while not turns or not turns[-1].whole:
        turns.append(github.changed_issues(standin.repo, since, onward=True))
        since = str(turns[-1].until)
    assert [[one.number for one in turn.issues] for turn in turns[:2]] == [[1, 2, 3, 4], [4, 6, 7]]
    assert {one.number for turn in turns for one in turn.issues} == {1, 2, 3, 4, 6, 7, 8, 9}
    assert turns[-1].until == "2026-01-01T00:00:09Z"


def test_more_changes_of_one_moment_than_fit_on_the_pages_are_read_all_the_same(
    github: GitHub, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issues, "PAGE", 2)
    listed = [one_of(standin, number) | {"updated_at": "2026-01-01T00:00:01Z"} for number in range(1, 12)]
    listing(standin, listed)
    found = github.changed_issues(standin.repo, "2026-01-01T00:00:01Z", onward=True)
    assert [one.number for one in found.issues] == list(range(1, 12))
    assert found.whole


def test_what_changes_while_pages_are_read_hides_no_other(
    github: GitHub, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issues, "PAGE", 2)
    listed = [one_of(standin, number) for number in range(1, 5)]

    def touched() -> None:
        listed[0]["updated_at"] = "2026-01-01T00:00:10Z"

    listing(standin, listed, touched)
    found = github.changed_issues(standin.repo, LONG_AGO, onward=True)
    assert {one.number for one in found.issues} == {1, 2, 3, 4}


def listing(standin: StandIn, listed: list[dict[str, Any]], after_first: Callable[[], None] = lambda: None) -> None:
    """Let GitHub have these issues; `after_first` happens once a page was given."""
    given: list[Request] = []

    def page(request: Request, _: Answer) -> Reply:
        fresh = [one for one in listed if one["updated_at"] >= request.query.get("since", "")]
        fresh.sort(key=lambda one: str(one["updated_at"]), reverse=request.query["direction"] == "desc")
        reply = paged(request, fresh)
        if not given:
            after_first()
        given.append(request)
        return reply

    standin.server.recorder.accidents.append(Accident("GET", f"/repos/{standin.repo}/issues$", page, times=100))


def one_of(standin: StandIn, number: int) -> dict[str, Any]:
    """Make what GitHub's list holds of an issue that changed as many seconds after a moment as its number is."""
    return {
        "number": number,
        "title": f"Issue {number}",
        "body": "",
        "labels": [],
        "html_url": f"{standin.url}/{standin.repo}/issues/{number}",
        "state": "open",
        "updated_at": f"2026-01-01T00:00:{number:02}Z",
        "repository_url": f"{standin.url}/repos/{standin.repo}",
    }


def test_an_issue_is_read_as_it_is_now(github: GitHub, standin: StandIn) -> None:
    number = standin.open_issue("First")
    found = github.issue(standin.repo, number)
    assert found is not None
    assert found.open
    close_as(standin, "octocat", number)
    found = github.issue(standin.repo, number)
    assert found is not None
    assert not found.open


def test_what_is_gone_or_a_pull_request_is_none(github: GitHub, standin: StandIn) -> None:
    assert github.issue(standin.repo, 404) is None
    assert github.issue(standin.repo, standin.open_pull("A pull request")) is None


@pytest.mark.parametrize("status", [404, 410])
def test_a_deleted_one_is_none(github: GitHub, standin: StandIn, status: int) -> None:
    number = standin.open_issue("First")
    standin.fail("GET", f"/repos/{standin.repo}/issues/{number}", status, "This issue was deleted")
    assert github.issue(standin.repo, number) is None


def test_one_that_was_moved_to_another_repository_is_none(github: GitHub, standin: StandIn) -> None:
    number = standin.open_issue("First")
    there = standin.api.ask("GET", f"/repos/{standin.repo}/issues/{number}")
    there["repository_url"] = f"{standin.url}/repos/octo-org/elsewhere"
    standin.answer("GET", f"/repos/{standin.repo}/issues/{number}", there)
    assert github.issue(standin.repo, number) is None


def test_one_that_github_says_is_elsewhere_is_none(github: GitHub, standin: StandIn) -> None:
    number = standin.open_issue("First")
    there = {"location": f"{standin.url}/repositories/1/issues/7"}
    standin.fail("GET", f"/repos/{standin.repo}/issues/{number}", 301, "Moved Permanently", headers=there)
    assert github.issue(standin.repo, number) is None


def test_a_reply_that_is_none_of_githubs_is_an_error(github: GitHub, standin: StandIn) -> None:
    standin.answer("GET", f"/repos/{standin.repo}/issues", [{"repository_url": f"{standin.url}/repos/{standin.repo}"}])
    with pytest.raises(GitHubError, match="is not what it describes"):
        github.changed_issues(standin.repo, LONG_AGO)
