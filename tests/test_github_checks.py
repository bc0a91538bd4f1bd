"""Check runs: written once, with every annotation once."""

from collections.abc import Sequence

import pytest

from hubpipe.errors import ForbiddenError, GitHubError
from hubpipe.event import Annotation
from hubpipe.github import GitHub
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e


@pytest.fixture
def github(standin: StandIn) -> GitHub:
    return GitHub(standin.token, standin.url, pacing=0, patience=1)


@pytest.fixture
def sha(standin: StandIn) -> str:
    number = standin.open_pull("Mend")
    return str(standin.event("pull_request", "opened", number)["pull_request"]["head"]["sha"])


def remarks(count: int, message: str = "Look") -> list[Annotation]:
    return [Annotation("a.py", line, line, "warning", "Odd", message) for line in range(1, count + 1)]


def write(github: GitHub, standin: StandIn, sha: str, annotations: Sequence[Annotation], summary: str = "Some") -> str:
    existing = github.check_run(standin.repo, sha, "hubpipe: risk", "hubpipe:risk")
    return github.write_check(
        standin.repo, sha, "hubpipe: risk", "hubpipe:risk", "neutral", "Risky", summary, annotations, existing
    )


def lines(standin: StandIn, sha: str) -> list[int]:
    (shown,) = standin.checks_of(sha)
    return [one["start_line"] for one in shown["annotations"]]


class TestWriting:
    def test_gives_the_address_of_what_is_shown(self, github: GitHub, standin: StandIn, sha: str) -> None:
        url = write(github, standin, sha, remarks(1))
        (shown,) = standin.checks_of(sha)
        assert (shown["name"], shown["conclusion"], shown["status"]) == ("hubpipe: risk", "neutral", "completed")
        assert (shown["output"]["title"], shown["output"]["summary"], shown["html_url"]) == ("Risky", "Some", url)
        (remark,) = shown["annotations"]
        assert (remark["path"], remark["end_line"], remark["annotation_level"]) == ("a.py", 1, "warning")
        assert (remark["title"], remark["message"]) == ("Odd", "Look")

    @pytest.mark.parametrize(("count", "requests"), [(0, 1), (50, 1), (51, 2), (120, 3)])
    def test_sends_fifty_annotations_at_a_time(
        self, github: GitHub, standin: StandIn, sha: str, count: int, requests: int
    ) -> None:
        write(github, standin, sha, remarks(count))
        assert lines(standin, sha) == list(range(1, count + 1))
        assert len(standin.writes) == requests

    @pytest.mark.parametrize("count", [0, 3, 101])
    def test_the_same_again_changes_nothing(self, github: GitHub, standin: StandIn, sha: str, count: int) -> None:
        urls = {write(github, standin, sha, remarks(count)) for _ in range(3)}
        assert (len(urls), lines(standin, sha)) == (1, list(range(1, count + 1)))
        assert [method for method, _ in standin.writes].count("POST") == 1

    def test_another_result_leaves_no_doubled_annotation(self, github: GitHub, standin: StandIn, sha: str) -> None:
        write(github, standin, sha, remarks(60))
        write(github, standin, sha, remarks(2, "Look here"))
        (shown,) = standin.checks_of(sha)
        assert [one["message"] for one in shown["annotations"]] == ["Look here"] * 2

    def test_a_run_without_annotations_is_written_over(self, github: GitHub, standin: StandIn, sha: str) -> None:
        first = write(github, standin, sha, [])
        second = write(github, standin, sha, remarks(55), "Other")
        assert (first, lines(standin, sha)) == (second, list(range(1, 56)))
        assert standin.checks_of(sha)[0]["output"]["summary"] == "Other"

    def test_long_texts_of_annotations_are_cut_visibly(self, github: GitHub, standin: StandIn, sha: str) -> None:
        write(github, standin, sha, [Annotation("a.py", 1, 1, "notice", "t" * 300, "😀" * 20_000)])
        (remark,) = standin.checks_of(sha)[0]["annotations"]
        assert remark["title"] == "t" * 254 + "…"
        assert remark["message"].endswith("😀…")
        assert len(remark["message"].encode()) <= 64 * 1024

    def test_takes_a_permission_that_is_named(self, standin: StandIn, sha: str) -> None:
        reader = GitHub(standin.read_only_token, standin.url, pacing=0, patience=1)
        with pytest.raises(ForbiddenError, match="checks: write"):
            write(reader, standin, sha, [])


class TestALostReply:
    @pytest.mark.parametrize("count", [0, 1, 60])
    def test_of_a_new_run_makes_no_second_one(self, github: GitHub, standin: StandIn, sha: str, count: int) -> None:
        standin.lose_reply("POST", "/check-runs$")
        write(github, standin, sha, remarks(count))
        assert lines(standin, sha) == list(range(1, count + 1))
        assert [method for method, _ in standin.writes].count("POST") == 1

    def test_of_a_run_that_replaces_another_is_looked_for_too(self, github: GitHub, standin: StandIn, sha: str) -> None:
        write(github, standin, sha, remarks(3))
        standin.lose_reply("POST", "/check-runs$")
        write(github, standin, sha, remarks(2, "Other"))
        assert lines(standin, sha) == [1, 2]
        assert [method for method, _ in standin.writes].count("POST") == 2

    def test_that_never_arrived_is_sent_again(self, github: GitHub, standin: StandIn, sha: str) -> None:
        standin.fail("POST", "/check-runs$", 502)
        write(github, standin, sha, remarks(1))
        assert lines(standin, sha) == [1]

    @pytest.mark.parametrize("arrived", [True, False])
    def test_of_more_annotations_doubles_none(self, github: GitHub, standin: StandIn, sha: str, arrived: bool) -> None:
        if arrived:
            standin.lose_reply("PATCH", "/check-runs/")
        else:
            standin.fail("PATCH", "/check-runs/", 502)
        write(github, standin, sha, remarks(120))
        assert lines(standin, sha) == list(range(1, 121))


class TestFinding:
    def test_tells_our_own_from_others_of_that_name_on_every_page(
        self, github: GitHub, standin: StandIn, sha: str
    ) -> None:
        assert github.check_run(standin.repo, sha, "lint", "ours") is None
        github.write_check(standin.repo, sha, "lint", "ours", "success", "T", "S", (), None)
        for index in range(101):
            github.write_check(standin.repo, sha, "lint", f"other {index}", "success", "T", "S", (), None)
        own = github.check_run(standin.repo, sha, "lint", "ours")
        assert own == min(run for run in standin.gateway.check_runs[standin.repo])

    def test_on_a_forks_commit_goes_through_the_base_repository(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend", from_fork=True)
        head = github.pull(standin.repo, number).head_sha
        assert head is not None
        write(github, standin, head, remarks(1))
        assert lines(standin, head) == [1]

    def test_a_refusal_is_an_error(self, github: GitHub, standin: StandIn, sha: str) -> None:
        standin.fail("POST", "/check-runs$", 422, "Invalid request")
        with pytest.raises(GitHubError, match=r"write the check 'hubpipe: risk' .*Invalid request"):
            write(github, standin, sha, [])
