"""What hubpipe asks of GitHub about a repository's other issues."""

import pytest

from hubpipe.errors import GitHubError
from hubpipe.github import GitHub, issues
from tests.standin.histories import close_as
from tests.standin.standin import StandIn

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
    found, whole = github.changed_issues(standin.repo, LONG_AGO)
    assert {(one.number, one.title, one.body, one.open) for one in found} == {
        (first, "First", "It crashes.", False),
        (second, "Second", "", True),
    }
    assert whole
    assert len(standin.conversation) == 1


def test_what_did_not_change_since_is_not_listed(github: GitHub, standin: StandIn) -> None:
    standin.open_issue("First")
    assert github.changed_issues(standin.repo, "2099-01-01T00:00:00Z") == ((), True)
    assert len(github.changed_issues(standin.repo, None)[0]) == 1


def test_more_than_fit_on_the_pages_are_told(github: GitHub, standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issues, "PAGE", 2)
    numbers = [standin.open_issue(f"Issue {number}") for number in range(7)]
    found, whole = github.changed_issues(standin.repo, LONG_AGO)
    assert len({one.number for one in found} & set(numbers)) == 6
    assert not whole


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
