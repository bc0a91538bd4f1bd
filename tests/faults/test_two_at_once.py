"""Two runs on one event: whatever the order of their requests, one comment is left, and the right labels."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from threading import Barrier, Condition, Thread

import pytest

from hubpipe.decide import CommentEffect
from hubpipe.github import GitHub
from hubpipe.render import marker
from hubpipe.sinks import Outcome, Target, attempt, to_github
from tests.faults.scene import furnished, is_mended, is_whole, issue, step
from tests.faults.scenes import Scene
from tests.faults.scenes.issues import Digest, Stale
from tests.faults.scenes.orders import Label, Undo
from tests.faults.scenes.pulls import Description, Release
from tests.standin.recorder import Accident
from tests.standin.servers import BOT
from tests.standin.standin import Server, StandIn
from tests.standin.wire import Answer, Reply, Request

pytestmark = pytest.mark.e2e

# A run that finds no comment looks, writes, and looks again: that is when the other run's requests may fall.
STEPS = 3
ORDERS = [
    "".join("A" if place in places else "B" for place in range(2 * STEPS))
    for places in combinations(range(2 * STEPS), STEPS)
]
WAIT = 5


class Turnstile:
    """Lets the requests of two tokens through in a given order; who has left is not waited for."""

    def __init__(self, order: str, tokens: dict[str, str]):
        self._order: list[str] = list(order)
        self._tokens = tokens
        self._free = Condition()

    def __call__(self, request: Request, ask: Answer) -> Reply:
        name = self._tokens[request.token]
        with self._free:
            assert self._free.wait_for(lambda: not self._order or self._order[0] == name, WAIT)
            reply = ask(request)
            if self._order:
                self._order.pop(0)
            self._free.notify_all()
            return reply

    def leave(self, name: str) -> None:
        """One of the two has no more requests."""
        with self._free:
            self._order = [one for one in self._order if one != name]
            self._free.notify_all()


@pytest.fixture(scope="module")
def repo(github_server: Server) -> StandIn:
    return furnished(github_server, "twins")


@pytest.fixture
def number(repo: StandIn) -> Iterator[int]:
    number = repo.open_issue("It crashes")
    repo.server.recorder.forget()
    yield number
    repo.server.recorder.forget()


def ours(repo: StandIn, number: int) -> list[str]:
    return [one["body"] for one in repo.comments_of(number) if one["user"]["login"] == BOT]


def written(repo: StandIn, number: int, bodies: dict[str, str], turns: Turnstile) -> dict[str, Outcome]:
    """What becomes of two runs that write one flow's comment at once."""
    done: dict[str, Outcome] = {}

    def write(name: str, token: str) -> None:
        github = GitHub(token, repo.url, graphql_url=f"{repo.url}/graphql", pacing=0, patience=1)
        github.login()
        ready.wait()
        effect = CommentEffect("kind", body=f"{marker('kind')}\n{bodies[name]}\n")
        done[name] = attempt(effect, Target(repo.repo, number), to_github(github))
        turns.leave(name)

    ready = Barrier(2)
    tokens = {"A": repo.token, "B": repo.server.twin_token}
    threads = [Thread(target=write, args=item) for item in tokens.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


@pytest.mark.parametrize("bodies", [{"A": "Same.", "B": "Same."}, {"A": "One.", "B": "Other."}], ids=["same", "other"])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.threat("fault", "faults")
def test_one_comment_is_left(repo: StandIn, number: int, order: str, bodies: dict[str, str]) -> None:
    turns = Turnstile(order, {repo.token: "A", repo.server.twin_token: "B"})
    repo.server.recorder.accidents.append(Accident("", "/comments", turns, 10_000))
    done = written(repo, number, bodies, turns)
    assert {name: outcome.done for name, outcome in done.items()} == {"A": True, "B": True}, done
    [left] = ours(repo, number)
    assert any(body in left for body in bodies.values())


@pytest.mark.threat("fault", "faults")
def test_two_steps_on_one_event_leave_what_one_leaves(repo: StandIn, tmp_path: Path) -> None:
    number = issue(repo)
    repo.server.recorder.forget()
    both = Barrier(2)

    def together(request: Request, ask: Answer) -> Reply:
        both.wait(timeout=30)
        return ask(request)

    repo.server.recorder.accidents.append(Accident("POST", "/comments$", together, times=2))
    steps = [step(repo, tmp_path / name, number).start() for name in ("1", "2")]
    logs = [one.communicate(timeout=60)[0] for one in steps]
    assert [one.returncode for one in steps] == [0, 0], logs
    assert is_whole(repo, number), logs


# What two runs ask for in the same moment.
MEETING: dict[Scene, tuple[str, str]] = {
    Stale(): ("DELETE", "/labels/bug$"),
    Digest(): ("POST", "/comments$"),
    Description(): ("PATCH", "/pulls/"),
    Release(): ("PATCH", "/releases/"),
    Label(): ("POST", "/reactions$"),
    Undo(): ("DELETE", "/labels/bug$"),
}


@pytest.mark.parametrize("scene", MEETING, ids=str)
@pytest.mark.threat("fault", "faults")
def test_two_runs_of_any_kind_leave_what_one_leaves(github_server: Server, scene: Scene, tmp_path: Path) -> None:
    case = scene.begin(github_server.repository(f"twins-{scene}"), tmp_path)
    both = Barrier(2)

    def together(request: Request, ask: Answer) -> Reply:
        both.wait(timeout=60)
        return ask(request)

    prepared = [scene.step(case, name) for name in ("1", "2")]
    case.repo.server.recorder.forget()
    case.repo.server.recorder.accidents.append(Accident(*MEETING[scene], together, times=2))
    steps = [one.start() for one in prepared]
    logs = [one.communicate(timeout=90)[0] for one in steps]
    assert [one.returncode for one in steps] == [0, 0], logs
    assert scene.is_whole(case), logs


@pytest.mark.threat("fault", "faults")
def test_what_a_run_left_that_was_killed_before_it_looked_again_is_removed_by_the_next(
    repo: StandIn, tmp_path: Path
) -> None:
    number = issue(repo)
    github = GitHub(repo.token, repo.url, pacing=0)
    for body in ("First.", "Second."):
        github.create_comment(repo.repo, number, f"{body}\n{marker('kind')}", "no such marker")
    first, second = (one["id"] for one in repo.comments_of(number) if one["user"]["login"] == BOT)
    for one in (first, second):
        github.edit_comment(repo.repo, one, f"{marker('kind')}\nOld.", number)
    is_mended(repo, number, tmp_path)
    assert [one["id"] for one in repo.comments_of(number) if one["user"]["login"] == BOT] == [first]
