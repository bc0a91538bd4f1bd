"""What becomes of a request when GitHub or the network fails."""

import time

import pytest
from github import Auth, Github

from hubpipe.errors import ForbiddenError, GitHubError, LockedError, RateLimitError
from hubpipe.github import GitHub, replies
from tests.standin.standin import StandIn

pytestmark = [pytest.mark.e2e, pytest.mark.threat("fault", "faults")]

MARKER = "<!-- hubpipe:pr-summary -->"
PRIMARY = "API rate limit exceeded for installation ID 1."
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


@pytest.fixture
def github(standin: StandIn) -> GitHub:
    return GitHub(standin.token, standin.url, pacing=0, patience=1)


class TestACommentIsWrittenOnce:
    def test_when_the_reply_is_lost(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        standin.lose_reply("POST", "/comments$")
        written = github.create_comment(standin.repo, number, f"{MARKER} Summary", MARKER)
        assert [comment["id"] for comment in standin.comments_of(number)] == [written.id]

    def test_when_the_reply_is_cut_short(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        standin.cut_reply("POST", "/comments$")
        written = github.create_comment(standin.repo, number, f"{MARKER} Summary", MARKER)
        assert [comment["id"] for comment in standin.comments_of(number)] == [written.id]

    def test_when_github_failed_before_writing(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        standin.fail("POST", "/comments$", 502)
        written = github.create_comment(standin.repo, number, f"{MARKER} Summary", MARKER)
        assert [comment["id"] for comment in standin.comments_of(number)] == [written.id]

    def test_when_github_asked_to_wait_first(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        standin.fail("POST", "/comments$", 403, SECONDARY, {"retry-after": "1"})
        github.create_comment(standin.repo, number, f"{MARKER} Summary", MARKER)
        assert len(standin.comments_of(number)) == 1
        assert standin.writes == [("POST", f"/issues/{number}/comments")] * 2


class TestWhatIsSafeToRepeatIsRepeated:
    def test_an_edit_after_a_bad_gateway(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        written = github.create_comment(standin.repo, number, f"{MARKER} First", MARKER)
        standin.fail("PATCH", "/comments/", 502)
        assert github.edit_comment(standin.repo, written.id, f"{MARKER} Second", number).body == f"{MARKER} Second"
        assert [comment["body"] for comment in standin.comments_of(number)] == [f"{MARKER} Second"]

    def test_labels_after_a_lost_reply(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        standin.lose_reply("POST", "/labels$")
        github.add_labels(standin.repo, number, ["bug"])
        assert standin.labels_of(number) == ["bug"]

    def test_a_new_label_after_a_lost_reply(self, github: GitHub, standin: StandIn) -> None:
        standin.lose_reply("POST", "/labels$")
        github.create_label(standin.repo, "perf")
        assert "perf" in {label.name for label in github.labels(standin.repo)}

    def test_a_removal_after_a_lost_reply(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash", labels=["bug"])
        standin.lose_reply("DELETE", "/labels/")
        github.remove_label(standin.repo, number, "bug")
        assert standin.labels_of(number) == []

    def test_a_list_whose_second_page_broke_off(self, github: GitHub, standin: StandIn) -> None:
        for index in range(101):
            standin.add_label(f"area-{index}")
        expected = github.labels(standin.repo)
        standin.cut_reply("GET", "/labels$")
        assert github.labels(standin.repo) == expected


class TestGivingUp:
    def test_on_a_github_that_stays_down_is_said_within_our_patience(self, github: GitHub, standin: StandIn) -> None:
        standin.fail("GET", "/labels$", 503, times=99)
        started = time.monotonic()
        with pytest.raises(GitHubError, match=r"GitHub failed to list the labels of .* \(503\).*status page"):
            github.labels(standin.repo)
        assert time.monotonic() - started < 2

    def test_on_an_edit_that_stays_down_is_no_success(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        written = github.create_comment(standin.repo, number, f"{MARKER} First", MARKER)
        standin.fail("PATCH", "/comments/", 502, times=99)
        with pytest.raises(GitHubError, match="failed to edit a comment"):
            github.edit_comment(standin.repo, written.id, "Second", number)

    def test_on_a_server_that_is_not_there_names_the_address_as_a_cause(self) -> None:
        with pytest.raises(GitHubError, match=r"did not answer .*check the network and the API's address"):
            GitHub("token", "http://127.0.0.1:9/api/v3", pacing=0, patience=0).labels("octo-org/octo-repo")

    def test_on_a_link_to_another_server_keeps_the_token_here(self, github: GitHub, standin: StandIn) -> None:
        elsewhere = {"link": '<http://example.invalid/labels?page=2>; rel="next"'}
        standin.answer("GET", "/labels$", [{"name": "bug", "description": None}], elsewhere)
        with pytest.raises(GitHubError, match=r"leads to another server .*example\.invalid"):
            github.labels(standin.repo)

    @pytest.mark.parametrize("reply", [{}, [{}], [{"name": 5}], "text", {"message": "?"}])
    def test_on_a_reply_that_is_not_githubs_is_an_error_of_ours(
        self, github: GitHub, standin: StandIn, reply: object
    ) -> None:
        standin.answer("GET", "/labels$", reply, times=99)
        with pytest.raises(GitHubError):
            github.labels(standin.repo)


class TestRepliesOfOthers:
    def test_are_read_as_ever(self, standin: StandIn) -> None:
        standin.add_label("bug")
        assert GitHub(standin.token, standin.url).login()
        theirs = Github(auth=Auth.Token(standin.token), base_url=standin.url, retry=None, lazy=True)
        standin.fail("GET", "/labels$", 202, "Accepted")
        started = time.monotonic()
        assert list(theirs.get_repo(standin.repo).get_labels())
        assert time.monotonic() - started > 1  # PyGithub waits by itself

    def test_that_are_larger_than_anything_asked_for_are_not_read(
        self, github: GitHub, standin: StandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(replies, "REPLY_LIMIT", 1000)
        standin.answer("GET", "/labels$", [{"name": "x" * 2000, "description": None}], times=9)
        with pytest.raises(GitHubError, match="broke off when hubpipe wanted to list the labels"):
            github.labels(standin.repo)

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_that_lead_elsewhere_are_not_followed(self, github: GitHub, standin: StandIn, status: int) -> None:
        standin.fail("GET", "/labels$", status, "", {"location": f"{standin.url}/repositories/1/labels"})
        with pytest.raises(GitHubError, match="GitHub has moved what hubpipe wants to list the labels"):
            github.labels(standin.repo)
        standin.fail("POST", "/labels$", status, "", {"location": "http://example.invalid/labels"})
        with pytest.raises(GitHubError, match="leads to another server"):
            github.create_label(standin.repo, "bug")
        assert len(standin.conversation) == 2


class TestLimits:
    def test_the_primary_one_names_the_time_and_takes_no_hour(self, github: GitHub, standin: StandIn) -> None:
        reset = int(time.time()) + 3600
        limit = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset)}
        standin.fail("GET", "/labels$", 403, PRIMARY, limit)
        started = time.monotonic()
        until = time.strftime("%H:%M", time.gmtime(reset + 1))
        with pytest.raises(RateLimitError, match=f"wait until {until}:.. UTC before hubpipe may list the labels"):
            github.labels(standin.repo)
        assert time.monotonic() - started < 1

    def test_a_retry_after_beyond_our_patience_is_not_slept(self, github: GitHub, standin: StandIn) -> None:
        standin.fail("GET", "/labels$", 403, SECONDARY, {"retry-after": "3600"})
        with pytest.raises(RateLimitError):
            github.labels(standin.repo)
        assert len(standin.conversation) == 1

    def test_a_short_one_is_waited_out(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        standin.fail("POST", "/labels$", 429, "Too many", {"retry-after": "1"})
        github.add_labels(standin.repo, number, ["bug"])
        assert standin.labels_of(number) == ["bug"]

    @pytest.mark.parametrize(("status", "message"), [(429, "Too many requests"), (403, SECONDARY)])
    def test_one_that_names_no_time_is_a_minute(
        self, github: GitHub, standin: StandIn, status: int, message: str
    ) -> None:
        standin.fail("GET", "/labels$", status, message)
        with pytest.raises(RateLimitError):
            github.labels(standin.repo)

    def test_one_that_never_ends_is_given_up(self, github: GitHub, standin: StandIn) -> None:
        standin.fail("GET", "/labels$", 429, "Too many", {"retry-after": "0"}, times=99)
        with pytest.raises(RateLimitError):
            github.labels(standin.repo)
        assert len(standin.conversation) == 2

    def test_a_refusal_is_no_limit(self, github: GitHub, standin: StandIn) -> None:
        standin.fail("POST", "/labels$", 403, "Resource not accessible by integration")
        with pytest.raises(ForbiddenError, match="Resource not accessible"):
            github.add_labels(standin.repo, 1, ["bug"])

    def test_limits_do_not_make_us_another_user(self, github: GitHub, standin: StandIn) -> None:
        standin.fail("GET", "/user$", 403, PRIMARY, {"retry-after": "3600"})
        with pytest.raises(RateLimitError):
            github.login()


class TestALockedConversation:
    def test_is_told_apart_from_a_token_that_may_not(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        standin.lock(number)
        with pytest.raises(LockedError) as refused:
            github.create_comment(standin.repo, number, f"{MARKER} Summary", MARKER)
        assert str(refused.value) == (
            f"The conversation is locked, so hubpipe cannot comment on {standin.repo}#{number}: unlock it to have "
            "that. GitHub says: Unable to create comment because issue is locked."
        )
        assert not isinstance(refused.value, ForbiddenError)

    def test_keeps_the_comment_that_is_there(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        written = github.create_comment(standin.repo, number, f"{MARKER} First", MARKER)
        standin.lock(number)
        with pytest.raises(LockedError, match="edit a comment on"):
            github.edit_comment(standin.repo, written.id, f"{MARKER} Second", number)
        assert [comment["body"] for comment in standin.comments_of(number)] == [f"{MARKER} First"]

    def test_can_still_be_labelled(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        standin.lock(number)
        github.add_labels(standin.repo, number, ["bug"])
        assert standin.labels_of(number) == ["bug"]


def test_writes_are_paced_as_github_asks(standin: StandIn) -> None:
    number = standin.open_issue("Crash")
    github = GitHub(standin.token, standin.url, pacing=0.3)
    started = time.monotonic()
    github.add_labels(standin.repo, number, ["bug"])
    github.add_labels(standin.repo, number, ["area"])
    assert time.monotonic() - started >= 0.3
