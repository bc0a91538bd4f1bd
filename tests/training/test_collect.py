"""How a history is collected, killed, gone on with and brought up to date, in conversation with the stand-in."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hubpipe.errors import GitHubError, MissingError, RateLimitError, UsageError
from hubpipe.github import GitHub
from hubpipe.redaction import REDACTED
from hubpipe.training import collect, counting
from hubpipe.training.collect import History
from tests.leaked import LEAKED, holds
from tests.standin.histories import FIRST_DAY, added, issue, label, remember
from tests.standin.recorder import Accident
from tests.standin.standin import StandIn
from tests.standin.wire import Answer, Reply, Request

pytestmark = pytest.mark.e2e

CHILD = """
import sys
from pathlib import Path
from hubpipe.github import GitHub
from hubpipe.training import collect
url, token, repo, folder = sys.argv[1:]
collect.PAGE = 10
collect.collect(GitHub(token, url, pacing=0), repo, Path(folder), lambda done, total: None)
"""


@pytest.fixture
def github(standin: StandIn) -> GitHub:
    return GitHub(standin.token, standin.url, pacing=0, patience=2)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "PAGE", 5)


def silent(done: int, total: int | None) -> None:
    """Say nothing."""


def gather(github: GitHub, standin: StandIn, folder: Path) -> History:
    return collect.collect(github, standin.repo, folder, silent)


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def numbers(history: History) -> list[int]:
    return [past.number for past in history.past]


def records(path: Path) -> list[int]:
    """The number in each record of the file, as often as it is written."""
    lines = map(json.loads, path.read_text("utf-8").splitlines())
    return [line["past"]["number"] for line in lines if "past" in line]


def change(standin: StandIn, index: int, **more: object) -> None:
    """Change one of the issues that the repository is said to have had, on the last day."""
    standin.gateway.past[standin.repo][index] |= {
        "updatedAt": f"{FIRST_DAY + timedelta(days=300, seconds=index):%Y-%m-%dT%H:%M:%SZ}",
        **more,
    }


@pytest.mark.usefixtures("small_pages")
def test_a_history_is_every_issue_and_pull_request_oldest_first(
    github: GitHub, standin: StandIn, tmp_path: Path
) -> None:
    pulls = [issue(number, kind="pull_request") for number in range(13, 20)]
    remember(standin, *(issue(number) for number in range(12, 0, -1)), *pulls)
    told: list[tuple[int, int | None]] = []
    history = collect.collect(github, standin.repo, tmp_path, lambda done, total: told.append((done, total)))
    assert numbers(history) == list(range(1, 20))
    assert told == [(5, 19), (10, 19), (12, 19), (17, 19), (19, 19)]
    assert history == collect.read(tmp_path, standin.repo)


@pytest.mark.threat("attack", "secrets")
def test_what_is_on_disk_holds_no_secret_that_an_issue_leaked(github: GitHub, standin: StandIn, tmp_path: Path) -> None:
    secret = LEAKED["a fine-grained token of GitHub's"]
    remember(standin, issue(1, f"It breaks with {secret}", f"I set {secret} there."), issue(2, "Crash", "It crashes."))
    history = gather(github, standin, tmp_path)
    assert history.past[0].title == f"It breaks with {REDACTED}"
    assert not holds(only_file(tmp_path).read_text("utf-8"), secret)
    # A file of an older version may hold one: nothing that is learned does.
    path = only_file(tmp_path)
    path.write_text(path.read_text("utf-8").replace(REDACTED, secret), "utf-8")
    assert collect.read(tmp_path, standin.repo) == history


def test_what_is_on_disk_names_the_repository_and_holds_no_token(
    github: GitHub, standin: StandIn, tmp_path: Path
) -> None:
    remember(standin, issue(1, "Ünïcode \u2028 \x00", "a\nb", labels=["bug"]))
    gather(github, standin, tmp_path)
    path = only_file(tmp_path)
    assert path.name == f"{standin.repo.replace('/', '@')}.jsonl"
    assert standin.token not in path.read_text("utf-8")
    assert collect.read(tmp_path, standin.repo).past[0].title == "Ünïcode \u2028 \x00"


def test_a_second_reading_asks_little_and_writes_nothing(github: GitHub, standin: StandIn, tmp_path: Path) -> None:
    remember(standin, *(issue(number) for number in range(1, 251)))
    first = gather(github, standin, tmp_path)
    size, asked = only_file(tmp_path).stat().st_size, len(standin.conversation)
    assert asked == 4
    assert gather(github, standin, tmp_path) == first
    assert len(standin.conversation) - asked == 2
    assert only_file(tmp_path).stat().st_size == size


@pytest.mark.usefixtures("small_pages")
def test_a_later_reading_brings_what_changed_since_and_what_is_new(
    github: GitHub, standin: StandIn, tmp_path: Path
) -> None:
    remember(standin, *(issue(number) for number in range(1, 13)))
    gather(github, standin, tmp_path)
    change(standin, 2, title="Anew", labels=[label("bug")])
    remember(standin, issue(13))
    history = gather(github, standin, tmp_path)
    assert numbers(history) == list(range(1, 14))
    assert [(past.title, [tag.name for tag in past.labels]) for past in history.past][2] == ("Anew", ["bug"])
    assert sorted(records(only_file(tmp_path))) == sorted([*range(1, 14), 3])


@pytest.mark.usefixtures("small_pages")
def test_a_change_in_the_second_in_which_a_page_ended_is_not_lost(
    github: GitHub, standin: StandIn, tmp_path: Path
) -> None:
    moment = f"{FIRST_DAY + timedelta(days=9):%Y-%m-%dT%H:%M:%SZ}"
    remember(standin, *(issue(number) | {"updatedAt": moment} for number in (4, 6, 8)))
    gather(github, standin, tmp_path)
    standin.gateway.past[standin.repo][0]["title"] = "In the same second"
    assert gather(github, standin, tmp_path).past[0].title == "In the same second"


@pytest.mark.usefixtures("small_pages")
def test_a_file_cut_off_at_any_byte_is_gone_on_with_without_loss_or_doubles(
    github: GitHub, standin: StandIn, tmp_path: Path
) -> None:
    pulls = [issue(number, kind="pull_request") for number in range(8, 10)]
    remember(standin, *(issue(number, body="", events=[]) for number in range(1, 8)), *pulls)
    whole = gather(github, standin, tmp_path)
    path = only_file(tmp_path)
    data = path.read_bytes()
    for end in range(0, len(data), 61):
        path.write_bytes(data[:end])
        assert gather(github, standin, tmp_path) == whole, end
        assert sorted(records(path)) == list(range(1, 10)), end


def test_a_process_killed_in_the_middle_is_gone_on_with(github: GitHub, standin: StandIn, tmp_path: Path) -> None:
    remember(standin, *(issue(number) for number in range(1, 201)))

    def slowly(request: Request, ask: Answer) -> Reply:
        time.sleep(0.1)
        return ask(request)

    standin.server.recorder.accidents.append(Accident("POST", "/graphql", slowly, 9_999))
    child = [sys.executable, "-c", CHILD, standin.url, standin.token, standin.repo, str(tmp_path)]
    with subprocess.Popen(child) as process:
        end = time.monotonic() + 60
        while time.monotonic() < end and (not list(tmp_path.iterdir()) or len(records_so_far(tmp_path)) < 50):
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    before = set(numbers(collect.read(tmp_path, standin.repo)))
    assert 30 <= len(before) < 200
    standin.server.recorder.forget()
    assert numbers(gather(github, standin, tmp_path)) == list(range(1, 201))
    assert sorted(records(only_file(tmp_path))) == list(range(1, 201))


def records_so_far(folder: Path) -> list[str]:
    return only_file(folder).read_text("utf-8", errors="replace").splitlines()


@pytest.mark.usefixtures("small_pages")
def test_a_rate_limit_keeps_what_was_read_and_says_when_to_go_on(
    github: GitHub, standin: StandIn, tmp_path: Path
) -> None:
    remember(standin, *(issue(number) for number in range(1, 13)))
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 1800)}

    def stop(done: int, total: int | None) -> None:
        if done == 5:
            standin.fail("POST", "/graphql", 403, "API rate limit exceeded", headers)

    with pytest.raises(RateLimitError, match=r"wait until \d\d:\d\d:\d\d UTC .* is kept in .*\.jsonl") as limit:
        collect.collect(github, standin.repo, tmp_path, stop)
    assert limit.value.until is not None
    assert numbers(collect.read(tmp_path, standin.repo)) == [1, 2, 3, 4, 5]
    assert numbers(gather(github, standin, tmp_path)) == list(range(1, 13))


def test_a_rate_limit_is_slept_through_where_one_asks_for_it(
    github: GitHub, standin: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    remember(standin, issue(1))
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 1800)}
    standin.fail("POST", "/graphql", 403, "API rate limit exceeded", headers)
    assert numbers(collect.collect(github, standin.repo, tmp_path, silent, wait=True)) == [1]
    assert [round(seconds / 100) for seconds in slept] == [18]


@pytest.mark.usefixtures("small_pages")
def test_a_place_that_github_forgot_is_read_again_from_the_beginning(
    github: GitHub, standin: StandIn, tmp_path: Path
) -> None:
    remember(standin, *(issue(number) for number in range(1, 13)))
    whole = gather(github, standin, tmp_path)
    path = only_file(tmp_path)
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for line in lines:
        if line.get("page", {}).get("after"):
            line["page"]["after"] = "forgotten"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    assert gather(github, standin, tmp_path) == whole
    assert sorted(records(path)) == list(range(1, 13))


def test_a_label_has_the_name_that_was_read_last(github: GitHub, standin: StandIn, tmp_path: Path) -> None:
    events = [added("bug", "maintainer", 1)]
    remember(standin, issue(1, labels=["bug"], events=events), issue(2, labels=["bug"]))
    gather(github, standin, tmp_path)
    change(standin, 1, labels=[label("bug") | {"name": "type: bug"}])
    history = gather(github, standin, tmp_path)
    assert [one.labels for one in counting.examples(history)] == [("type: bug",), ("type: bug",)]


def test_an_issue_that_was_deleted_since_stays_known(github: GitHub, standin: StandIn, tmp_path: Path) -> None:
    remember(standin, issue(1), issue(2))
    gather(github, standin, tmp_path)
    del standin.gateway.past[standin.repo][0]
    assert numbers(gather(github, standin, tmp_path)) == [1, 2]


def test_repositories_do_not_mix_in_one_folder(github: GitHub, standin: StandIn, tmp_path: Path) -> None:
    remember(standin, issue(1))
    gather(github, standin, tmp_path)
    assert collect.read(tmp_path, "octo-org/another").past == ()
    assert numbers(collect.read(tmp_path, standin.repo.upper())) == [1]
    only_file(tmp_path).rename(tmp_path / "octo-org@another.jsonl")
    with pytest.raises(UsageError, match=r"holds the history of octo-org/octo-repo-.*, not of octo-org/another"):
        collect.read(tmp_path, "octo-org/another")


@pytest.mark.parametrize(
    "text", ["not ours\n", '{"format": 99, "repo": "a/b"}\n', '{"format": 1, "repo": "a/b"}\n{]\n']
)
def test_a_file_that_is_none_of_ours_is_left_alone_and_said(text: str, tmp_path: Path) -> None:
    (tmp_path / "a@b.jsonl").write_text(text, "utf-8")
    with pytest.raises(UsageError, match=r"a@b\.jsonl:[12]: this is no history"):
        collect.read(tmp_path, "a/b")
    assert (tmp_path / "a@b.jsonl").read_text("utf-8") == text


@pytest.mark.parametrize("repo", ["", "a", "a/b/c", "../b", "a/../b", "a/b?"])
def test_a_name_that_is_no_repositorys_is_said(repo: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="write OWNER/NAME"):
        collect.read(tmp_path, repo)


def test_a_folder_that_cannot_be_written_is_said(github: GitHub, standin: StandIn, tmp_path: Path) -> None:
    remember(standin, issue(1))
    (tmp_path / "taken").write_text("a file", "utf-8")
    with pytest.raises(UsageError, match="cannot be used to keep a history"):
        gather(github, standin, tmp_path / "taken")


def test_a_repository_that_is_not_there_leaves_no_file(github: GitHub, tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        collect.collect(github, "octo-org/nothing-there", tmp_path, silent)
    assert list(tmp_path.iterdir()) == []


def test_a_fault_in_the_middle_says_that_the_rest_can_follow(
    github: GitHub, standin: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "PAGE", 5)
    remember(standin, *(issue(number) for number in range(1, 13)))
    told: list[int] = []

    def stop(done: int, total: int | None) -> None:
        told.append(done)
        standin.fail("POST", "/graphql", 401, "Bad credentials")

    with pytest.raises(GitHubError, match=r"does not accept the token.*What was read is kept in"):
        collect.collect(github, standin.repo, tmp_path, stop)
    assert told == [5]


def test_what_people_did_through_the_api_becomes_examples(github: GitHub, standin: StandIn, tmp_path: Path) -> None:
    kept, corrected, alone = (standin.open_issue(f"Crash {n}", "Body") for n in range(3))
    for number in (kept, corrected, alone):
        github.add_labels(standin.repo, number, ["bug"])
    standin.add_label_as("maintainer", kept, "ui")
    standin.remove_label_as("maintainer", corrected, "bug")
    standin.add_label_as("maintainer", corrected, "question")
    history = gather(github, standin, tmp_path)
    first, second = counting.examples(history)
    assert (first.number, set(first.labels), first.weight) == (kept, {"bug", "ui"}, 1.0)
    assert (second.number, second.labels, second.denied, second.weight) == (corrected, ("question",), ("bug",), 2.0)
    assert [one.number for one in counting.unlabelled(history)] == [alone]
    assert first.created_at is not None
    assert first.created_at <= datetime.now(UTC)
