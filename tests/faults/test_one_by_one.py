"""What people and servers do in the middle of a run, one by one."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from hubpipe.errors import TokenError
from hubpipe.github import GitHub
from tests.e2e.step import Prepared
from tests.faults.scene import BEFORE, MARKER, PATH, furnished, is_mended, is_untouched, is_whole, issue, own, step
from tests.faults.weather import Happen, drip, hang, refused
from tests.standin.recorder import Accident, instead
from tests.standin.standin import StandIn
from tests.standin.wire import Answer, Reply, Request, reply_json

pytestmark = [pytest.mark.e2e, pytest.mark.threat("fault", "faults")]

ONE_LACKS_ITS_MODEL = """\
version: 1
flows:
  lost:
    on: issues
    pipeline: {task: text-classification, model: octo-org/none}
    publish: comment
  kind:
    on: issues
    pipeline: {task: zero-shot-classification, model: "fake:label=bug", labels: [bug]}
    publish: labels
"""


@pytest.fixture
def repo(standin: StandIn) -> StandIn:
    return furnished(standin.server, f"{standin.repo.partition('/')[2]}-faults")


@pytest.fixture
def number(repo: StandIn) -> int:
    number = issue(repo)
    repo.server.recorder.forget()
    return number


def meanwhile(repo: StandIn, method: str, path: str, happen: Happen, times: int = 1) -> None:
    repo.server.recorder.accidents.append(Accident(method, path, happen, times))


def patient(prepared: Prepared, **variables: str) -> Prepared:
    """The same step with other variables."""
    return replace(prepared, environ={**prepared.environ, **variables})


def with_an_old_comment(repo: StandIn, number: int) -> int:
    """What an earlier run said that is to be edited."""
    github = GitHub(repo.token, repo.url, pacing=0)
    return github.create_comment(repo.repo, number, f"{MARKER}\nOld.", MARKER).id


def delete(repo: StandIn, comment: int) -> None:
    repo.api.ask("DELETE", f"/repos/{repo.repo}/issues/comments/{comment}")


def test_a_comment_that_is_deleted_while_it_is_edited_is_written_anew_once(
    repo: StandIn, number: int, tmp_path: Path
) -> None:
    old = with_an_old_comment(repo, number)

    def happen(request: Request, ask: Answer) -> Reply:
        delete(repo, old)
        return ask(request)

    meanwhile(repo, "PATCH", "/issues/comments/", happen)
    done = step(repo, tmp_path, number).here()
    assert (done.status, done.outputs["published"]) == (0, "true"), done.log
    assert is_whole(repo, number)
    assert [method for method, path in repo.writes if "/comments" in path][-2:] == ["PATCH", "POST"]


def test_a_comment_whose_edit_is_lost_is_edited_once_more_and_not_written_again(
    repo: StandIn, number: int, tmp_path: Path
) -> None:
    with_an_old_comment(repo, number)
    repo.lose_reply("PATCH", "/issues/comments/")
    done = patient(step(repo, tmp_path, number), HUBPIPE_PATIENCE="2").here()
    assert done.status == 0, done.log
    assert is_whole(repo, number)
    assert "Old." not in own(repo, number)[0]


def test_a_label_that_is_deleted_between_reading_and_writing_is_not_made_again(
    repo: StandIn, number: int, tmp_path: Path
) -> None:
    def happen(request: Request, ask: Answer) -> Reply:
        repo.api.ask("DELETE", f"/repos/{repo.repo}/labels/bug")
        return ask(request)

    meanwhile(repo, "GET", "/labels/bug$", happen)
    done = step(repo, tmp_path, number).here()
    assert done.status == 0, done.log
    assert "bug: the repository does not have it any more, so it stays away" in done.summary
    assert "bug" not in {one["name"] for one in repo.api.ask("GET", f"/repos/{repo.repo}/labels?per_page=100")}
    assert "bug" not in repo.labels_of(number)


def test_a_label_that_somebody_takes_off_first_is_off(repo: StandIn, number: int, tmp_path: Path) -> None:
    def happen(request: Request, ask: Answer) -> Reply:
        repo.remove_label_as("maintainer", number, "question")
        return ask(request)

    meanwhile(repo, "DELETE", "/labels/question$", happen)
    done = step(repo, tmp_path, number).here()
    assert done.status == 0, done.log
    assert is_whole(repo, number)


def test_an_issue_that_is_locked_before_the_comment_keeps_its_labels_and_is_green(
    repo: StandIn, number: int, tmp_path: Path
) -> None:
    repo.lock(number)
    done = step(repo, tmp_path, number).here()
    assert (done.status, done.outputs["published"]) == (0, "false"), done.log
    assert "The conversation is locked" in done.summary
    assert own(repo, number) == []
    assert set(repo.labels_of(number)) == {"area", "bug"}


def test_an_issue_that_is_transferred_is_not_followed_into_the_other_repository(
    repo: StandIn, number: int, tmp_path: Path
) -> None:
    other = furnished(repo.server, f"{repo.repo.partition('/')[2]}-other")
    there = issue(other)
    repo.server.recorder.forget()

    def happen(request: Request, ask: Answer) -> Reply:
        place = f"{repo.url}/repos/{other.repo}/issues/{there}" + request.path.partition(f"/issues/{number}")[2]
        return reply_json(301, {"message": "Moved Permanently", "url": place}, {"location": place})

    meanwhile(repo, "", f"/repos/{repo.repo}/issues/{number}(/|$)", happen, 100)
    done = step(repo, tmp_path, number).here()
    assert (done.status, done.outputs["published"]) == (1, "false"), done.log
    assert "GitHub has moved what hubpipe wants to" in done.log
    assert is_untouched(other, there)
    assert not [one.path for one in repo.conversation if other.repo in one.path]


def test_a_comment_on_an_issue_that_is_transferred_meanwhile_is_not_written_there(
    repo: StandIn, number: int, tmp_path: Path
) -> None:
    meanwhile(
        repo,
        "POST",
        "/comments$",
        instead(reply_json(301, {}, {"location": f"{repo.url}/repositories/1/issues/2/comments"})),
    )
    done = step(repo, tmp_path, number).here()
    assert done.status == 1
    assert "Nothing is done in another repository" in done.log
    assert not [one.path for one in repo.conversation if "/repositories/" in one.path]


def test_an_issue_that_is_deleted_is_told_as_such(repo: StandIn, number: int, tmp_path: Path) -> None:
    meanwhile(repo, "", f"/issues/{number}", refused(410, "This issue was deleted"), 100)
    done = step(repo, tmp_path, number).here()
    assert (done.status, done.outputs["published"]) == (1, "false"), done.log
    assert "GitHub has nothing there to" in done.log
    assert is_untouched(repo, number)


def test_a_token_that_expires_speaks_for_nobody_else(repo: StandIn) -> None:
    meanwhile(repo, "", "/(user|graphql)$", refused(401, "Bad credentials"), 9)
    with pytest.raises(TokenError, match="does not accept the token"):
        GitHub(repo.token, repo.url, graphql_url=f"{repo.url}/graphql", pacing=0).login()


def test_fifteen_seconds_without_a_word_are_waited_out(repo: StandIn, number: int, tmp_path: Path) -> None:
    meanwhile(repo, "POST", "/comments$", hang(15))
    variables = {"HUBPIPE_REQUEST_TIMEOUT": "", "HUBPIPE_PATIENCE": ""}
    done = patient(step(repo, tmp_path, number), **variables).here()
    assert done.status == 0, done.log
    assert is_whole(repo, number)


def test_a_comment_that_github_writes_and_does_not_tell_of_in_time_is_found(
    repo: StandIn, number: int, tmp_path: Path
) -> None:
    meanwhile(repo, "POST", "/comments$", hang(3))
    done = patient(step(repo, tmp_path, number), HUBPIPE_REQUEST_TIMEOUT="1").here()
    assert done.status == 0, done.log
    assert is_whole(repo, number)


@pytest.mark.parametrize("happen", [hang(4), drip(0.3)], ids=["silence", "a byte now and then"])
def test_a_request_that_never_ends_is_ended(repo: StandIn, number: int, tmp_path: Path, happen: Happen) -> None:
    asked: list[str] = []

    def counted(request: Request, ask: Answer) -> Reply:
        asked.append(request.path)
        return happen(request, ask)

    meanwhile(repo, "GET", "/events$", counted, 100)
    started = time.monotonic()
    done = patient(step(repo, tmp_path, number), HUBPIPE_REQUEST_TIMEOUT="1").here()
    # Both flows ask, once each: after a second in vain there is no patience left.
    assert len(asked) == 2
    assert time.monotonic() - started < 30
    assert (done.status, done.outputs["published"]) == (1, "false"), done.log
    assert is_untouched(repo, number)
    assert "run this again" in done.log or "check the network" in done.log


def test_a_page_that_leads_to_itself_ends_with_the_time(repo: StandIn, number: int, tmp_path: Path) -> None:
    def happen(request: Request, ask: Answer) -> Reply:
        reply = ask(request)
        return replace(reply, headers={**reply.headers, "link": f'<{repo.url}{request.path}>; rel="next"'})

    meanwhile(repo, "GET", "/events$", happen, 100_000)
    started = time.monotonic()
    done = step(repo, tmp_path, number, timeout="2").here()
    assert time.monotonic() - started < 20  # without an end it would go on for hours
    assert done.status == 1
    assert "the run's time is up after 2 seconds (timeout): nothing was published; run this again" in done.log
    assert "the flow was not begun" in done.log
    assert is_untouched(repo, number)


def test_time_that_is_up_in_the_middle_of_writing_says_what_was_done(
    repo: StandIn, number: int, tmp_path: Path
) -> None:
    struck: list[float] = []

    def happen(request: Request, ask: Answer) -> Reply:
        struck.append(time.monotonic())
        return hang(25)(request, ask)

    meanwhile(repo, "POST", "/comments$", happen)
    process = patient(step(repo, tmp_path / "1", number, timeout="3s"), HUBPIPE_REQUEST_TIMEOUT="30").start()
    log, _ = process.communicate(timeout=40)
    assert 10 < time.monotonic() - struck[0] < 20
    assert process.returncode == 1, log
    assert (
        "the run's time is up after 3 seconds (timeout): labels: added bug; removed question; comment: perhaps done"
        in log
    )
    assert "crash: the run's time is up after 3 seconds (timeout): the flow was not begun" in log
    is_mended(repo, number, tmp_path / "2")


def test_a_run_that_is_cancelled_while_github_hangs_ends_before_it_is_killed(
    repo: StandIn, number: int, tmp_path: Path
) -> None:
    struck: list[float] = []

    def happen(request: Request, ask: Answer) -> Reply:
        struck.append(time.monotonic())
        process.send_signal(2)
        return hang(12)(request, ask)

    meanwhile(repo, "POST", "/comments$", happen)
    process = patient(step(repo, tmp_path / "1", number), HUBPIPE_REQUEST_TIMEOUT="30").start()
    log, _ = process.communicate(timeout=40)
    assert time.monotonic() - struck[0] < 7.5
    assert process.returncode == 1, log
    assert "the run was cancelled (SIGINT): labels: added bug; removed question; comment: perhaps done" in log
    is_mended(repo, number, tmp_path / "2")


def test_what_one_flow_has_written_stays_where_the_next_one_fails(repo: StandIn, number: int, tmp_path: Path) -> None:
    repo.put_file(PATH, ONE_LACKS_ITS_MODEL)
    done = step(repo, tmp_path, number).here()
    assert (done.status, done.outputs["published"]) == (1, "false"), done.log
    assert "octo-org/none is not in the local cache" in done.log
    assert set(repo.labels_of(number)) == BEFORE | {"bug"}
    assert own(repo, number) == []
