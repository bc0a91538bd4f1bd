"""Every fault at the requests of each kind of run: it ends right or says what failed, and the next is whole."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hubpipe.github import calls, limits
from tests.conftest import running_github
from tests.faults.scenes import Case, Scene
from tests.faults.scenes.issues import Issue, Similar
from tests.faults.scenes.table import SCENES
from tests.faults.weather import KINDS, LASTING
from tests.standin.recorder import Accident
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

Begin = Callable[[Scene], Case]

ALL = bool(os.environ.get("HUBPIPE_ALL_FAULTS"))
FOREVER = 10_000
# Where what is gone can only be told by what is missing.
GONE = ("not found", "gone")
# What goes on, by default, from the second write on of every scene: what is begun is not ended.
IN_THE_MIDDLE = ("lost after the work", "500", "the token has expired")
# emulate answers 5,000 requests an hour of one token.
CASES_A_SERVER = 50


def once() -> Iterator[tuple[Scene, str, int]]:
    """Each kind of fault at each request of the first scene, and of the others at one that writes, by turns."""
    for scene in SCENES:
        everywhere = ALL or isinstance(scene, Issue)
        for place, kind in enumerate(KINDS):
            writes = scene.writes or range(scene.requests)
            yield from (
                (scene, kind, index)
                for index in (range(scene.requests) if everywhere else [writes[place % len(writes)]])
            )


def lasting() -> Iterator[tuple[Scene, str, int]]:
    """What goes on from a request of a run to its end."""
    for scene in SCENES:
        first = isinstance(scene, Issue)
        kinds = tuple(KINDS) if ALL and first else LASTING if ALL or first else IN_THE_MIDDLE
        indices = range(scene.requests) if ALL or first else scene.writes[1:2] or scene.writes
        yield from ((scene, kind, index) for kind in kinds for index in indices)


@pytest.fixture(scope="module")
def new_repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], StandIn]]:
    """Give new repositories, on a new GitHub where the old one is worn out."""
    with ExitStack() as stack:

        def repositories() -> Iterator[StandIn]:
            while True:
                stack.pop_all().close()
                server = stack.enter_context(running_github(tmp_path_factory.mktemp("github")))
                yield from (server.repository(f"octo-repo-{number}") for number in range(CASES_A_SERVER))

        yield repositories().__next__


@pytest.fixture
def begin(new_repository: Callable[[], StandIn], tmp_path: Path) -> Begin:
    """Set a scene up in a new repository."""
    return lambda scene: scene.begin(new_repository(), tmp_path)


@pytest.fixture(scope="module", autouse=True)
def model(similar_model: Path) -> None:
    """Give the scene of similar issues what was learned."""
    Similar.model = similar_model


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop that waits is the real one; it only counts in hundredths."""
    monkeypatch.setattr(calls, "FIRST_PAUSE", 0.005)
    monkeypatch.setattr(limits, "SHORTEST_WAIT", 0.02)
    monkeypatch.setattr(limits, "UNNAMED_WAIT", 0.02)


def struck(scene: Scene, case: Case, kind: str, times: int, index: int) -> None:
    recorder, step = case.repo.server.recorder, scene.step(case, "1")
    recorder.forget()
    recorder.accidents.append(Accident("", "", KINDS[kind], times, after=index))
    first = step.here()
    recorder.forget()
    if first.status == 0:
        less = kind in GONE and any(words in first.log for words in scene.ends_well)
        assert scene.is_whole(case) or less, first.log
    else:
        assert first.outputs["published"] == "false"
        assert "::error" in first.log
        assert "Traceback" not in first.log
        scene.is_whole(case)
    is_mended(scene, case)


def is_mended(scene: Scene, case: Case) -> None:
    """Run again in good weather: then all is done."""
    step = scene.step(case, "2")
    case.repo.server.recorder.forget()
    again = step.here()
    assert again.status == 0, again.log
    assert scene.is_whole(case), again.log


@pytest.mark.parametrize(("scene", "kind", "index"), list(once()), ids=str)
@pytest.mark.threat("fault", "faults")
def test_a_fault_at_one_request(begin: Begin, scene: Scene, kind: str, index: int) -> None:
    struck(scene, begin(scene), kind, 1, index)


@pytest.mark.parametrize(("scene", "kind", "index"), list(lasting()), ids=str)
@pytest.mark.threat("fault", "faults")
def test_a_fault_from_one_request_on(begin: Begin, scene: Scene, kind: str, index: int) -> None:
    struck(scene, begin(scene), kind, FOREVER, index)


@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_every_request_of_a_run_is_in_the_matrix(begin: Begin, scene: Scene) -> None:
    case = begin(scene)
    is_mended(scene, case)
    said = case.repo.conversation
    writes = [place for place, one in enumerate(said) if one.method != "GET" and one.path != "/graphql"]
    told = "\n".join(f"{place} {one.method} {one.path}" for place, one in enumerate(said))
    assert (len(said), tuple(writes)) == (scene.requests, scene.writes), told
