"""The requests that docs/scale.md counts are those that GitHub sees."""

import re
from pathlib import Path

import pytest

from tests.e2e.step import prepared
from tests.e2e.test_action import CONFIG, LABELS
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"
ROW = re.compile(r"^\| (?P<what>[^|]+?) \| (?P<requests>\d+) \| (?P<writes>\d+) \|", re.MULTILINE)
SAID = {row["what"]: (int(row["requests"]), int(row["writes"])) for row in ROW.finditer(PAGE.read_text("utf-8"))}


@pytest.fixture
def repo(standin: StandIn) -> StandIn:
    for name in LABELS:
        standin.add_label(name)
    standin.put_file(".github/hubpipe.yml", CONFIG)
    return standin


def counted(standin: StandIn, folder: Path, kind: str, action: str, number: int) -> tuple[int, int]:
    """Handle an event; how many requests it took, and how many of them wrote something."""
    payload = standin.event(kind, action, number)
    standin.server.recorder.forget()
    step = prepared(standin, folder, kind, payload).here()
    assert step.status == 0, step.log
    return len(standin.conversation), len([path for _, path in standin.writes if "graphql" not in path])


def test_the_requests_for_an_issue_are_those_that_the_page_counts(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_issue("It crashes", "Every time.")
    assert counted(repo, tmp_path / "1", "issues", "opened", number) == SAID["an issue is opened and gets a label"]
    assert repo.labels_of(number) == ["bug"]
    assert counted(repo, tmp_path / "2", "issues", "edited", number) == SAID["it is edited, and keeps its label"]


def test_the_requests_for_a_pull_request_are_those_that_the_page_counts(repo: StandIn, tmp_path: Path) -> None:
    kind, number = "pull_request_target", repo.open_pull("Add a parser", "It reads `a`.")
    first = counted(repo, tmp_path / "1", kind, "opened", number)
    assert first == SAID["a pull request is opened and gets its comment"]
    repo.push_to_pull(number, {"src/parser.py": "x = 1\n"}, "Read b as well")
    second = counted(repo, tmp_path / "2", kind, "synchronize", number)
    assert second == SAID["it is pushed to, and its comment is edited"]
    assert len(repo.comments_of(number)) == 1
