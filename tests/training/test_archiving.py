"""How far similar issues can be trusted is found by searching for each as a run would have when it was opened."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hubpipe.errors import UsageError
from hubpipe.models import hub
from hubpipe.models.base import Places
from hubpipe.models.learned import archive, folder
from hubpipe.models.learned.archive import Archive
from hubpipe.training import archiving, indexing
from hubpipe.training.archiving import tries
from hubpipe.training.examples import Example
from hubpipe.training.learning import Plan

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def issue(number: int, *repeats: int, closed: int | None = None, repo: str = "octo-org/octo-repo") -> Example:
    """An issue that was opened on its number's day."""
    closed_at = DAY + timedelta(days=closed) if closed is not None else None
    return Example(
        f"Issue {number}",
        "",
        (),
        created_at=DAY + timedelta(days=number),
        repo=repo,
        number=number,
        closed_at=closed_at,
        repeats=repeats,
    )


def vectors(*groups: int) -> NDArray[np.float32]:
    """Issues of one group look the same, but for a little."""
    found = np.eye(16, dtype=np.float32)[list(groups)] + np.random.default_rng(0).normal(0, 0.01, (len(groups), 16))
    unit: NDArray[np.float32] = (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)
    return unit


def right(examples: Sequence[Example], *groups: int, least: float = 0.8) -> list[int]:
    """Say of each that is found, near enough, whether it is the one that people meant."""
    found = tries(vectors(*groups), examples)
    return [int(truth) for score, truth in zip(found.scores[:, 0], found.truth[:, 0], strict=True) if score > least]


def test_a_repeated_issue_is_found_and_counts_as_right() -> None:
    assert right([issue(1), issue(2), issue(3, 1), issue(4)], 0, 1, 0, 2) == [1]


def test_what_nobody_marked_counts_as_wrong() -> None:
    assert right([issue(1), issue(2), issue(3, 1), issue(4)], 0, 1, 0, 1) == [1, 0]


def test_two_that_repeat_a_third_are_the_same() -> None:
    assert right([issue(1), issue(2, 1), issue(3, 1)], 0, 0, 0) == [1, 1, 1]
    assert right([issue(1), issue(2, 1), issue(3, 2)], 0, 0, 0) == [1, 1, 1]


def test_what_was_closed_by_then_is_not_searched() -> None:
    assert right([issue(1, closed=2), issue(2), issue(3, 1)], 0, 1, 0) == []
    assert right([issue(1, closed=4), issue(2), issue(3, 1)], 0, 1, 0) == [1]


def test_what_came_later_is_not_searched() -> None:
    assert right([issue(1, 3), issue(2), issue(3)], 0, 1, 0) == [1]
    assert right([issue(1, 2), issue(2)], 0, 0) == [1]


def test_issues_of_two_repositories_with_one_number_are_two() -> None:
    assert right([issue(1), issue(1, repo="octo-org/other"), issue(3, 1)], 0, 1, 1) == [0]


def test_no_more_than_three_are_looked_at_for_each() -> None:
    examples = [issue(number) for number in range(1, 8)]
    assert len(tries(vectors(*[0] * 8), [*examples, issue(8, 1)]).scores) == 0 + 1 + 2 + 3 * 5


def test_without_a_mark_there_is_nothing_to_go_by() -> None:
    assert tries(vectors(0, 0), [issue(1), issue(2)]).scores.shape == (0, 1)


def test_the_few_nearest_are_those_of_a_stable_sort() -> None:
    near = np.random.default_rng(0).integers(0, 9, (40, 30)).astype(np.float32)
    near[0] = -np.inf
    order = np.argsort(-near, axis=1, kind="stable")[:, :3]
    wanted = np.take_along_axis(near, order, axis=1)
    best, found = archiving._best(near.copy())
    assert best[1:].tolist() == order[1:].tolist()
    assert found.tolist() == wanted.tolist()


def written(place: Path, *examples: Example) -> tuple[Archive, str]:
    """What training keeps of issues, as a run reads it, and what it says of that."""
    learned = folder.read(hub.ZERO_DAY_FOLDER)
    kept = archiving.kept(examples, learned, Plan(), 0.9, Places(offline=True))
    for name, data in kept.files.items():
        (place / name).write_bytes(data)
    found = archive.read(place, learned.parts.encoding)
    assert found is not None
    return found, kept.words


def test_an_archive_is_bound_to_the_encoder_that_made_its_vectors(tmp_path: Path) -> None:
    found, _ = written(tmp_path, issue(1), issue(2))
    assert found.encoder == folder.read(hub.ZERO_DAY_FOLDER).parts.encoding


def test_a_date_of_another_zone_is_kept_in_utc(tmp_path: Path) -> None:
    east = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=5)))
    found, _ = written(tmp_path, replace(issue(1), updated_at=east))
    assert [one.updated_at for one in found.issues] == ["2026-01-01T07:00:00Z"]


def test_of_several_repositories_no_number_is_kept_for_it_would_be_another_issues(tmp_path: Path) -> None:
    found, words = written(tmp_path, issue(1), issue(1, repo="octo-org/other"), issue(2, 1))
    assert [one.number for one in found.issues] == [None, None, None]
    assert "of several repositories" in words


def test_of_rows_that_tell_of_one_issue_again_the_newest_is_searched(tmp_path: Path) -> None:
    again = replace(issue(1), title="Called otherwise", created_at=DAY + timedelta(days=3))
    found, _ = written(tmp_path, issue(1), issue(2), again)
    assert [(one.title, one.number) for one in found.issues] == [
        ("Issue 1", None),
        ("Issue 2", 2),
        ("Called otherwise", 1),
    ]


def test_marks_in_a_circle_or_of_itself_are_one_group() -> None:
    assert right([issue(1, 3), issue(2, 1), issue(3, 2)], 0, 0, 0) == [1, 1, 1]
    assert right([issue(1, 1), issue(2)], 0, 0) == [0]


def test_older_issues_that_have_no_room_are_left_out_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiving, "MOST", 2)
    found, words = written(tmp_path, issue(1), issue(2), issue(3))
    assert [one.number for one in found.issues] == [2, 3]
    assert found.state.left_out == 1
    assert "the index holds 2 issues, and the 1 oldest are left out" in words


def test_long_vectors_leave_room_for_fewer_issues_so_that_the_index_can_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [archive.room(width) for width in (384, 768)] == [archive.MOST] * 2
    assert archive.room(4_096) * 4_096 * 2 < archive.MOST_BYTES
    monkeypatch.setattr(archive, "MOST_BYTES", 4_000)
    found, words = written(tmp_path, issue(1), issue(2), issue(3))
    assert [one.number for one in found.issues] == [2, 3]
    assert "the index holds 2 issues, and the 1 oldest are left out" in words


def test_an_index_that_github_would_not_take_into_a_repository_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "actions/cache" not in written(tmp_path, issue(1))[1]
    monkeypatch.setattr(archiving, "LARGEST_COMMITTED", 100)
    assert "GitHub takes no file over 100: let actions/cache keep the folder" in written(tmp_path, issue(1))[1]


def test_an_index_alone_is_made_without_a_label_and_beside_a_model(tmp_path: Path) -> None:
    told: list[str] = []
    made = indexing.index([issue(1), issue(2)], tmp_path / "alone", 0.9, Places(offline=True), told.append)
    assert [path.name for path in (tmp_path / "alone").iterdir()] == [folder.ARCHIVE]
    assert "holds the index of 2 issues for against: issues; no labels were learned" in made.words
    assert told == ["reading 2 issues into the index"]
    model = tmp_path / "model"
    folder.save(model, folder.read(hub.ZERO_DAY_FOLDER), "")
    before = (model / folder.WEIGHTS).read_bytes()
    again = indexing.index([issue(1)], model, 0.9, Places(offline=True), told.append)
    assert "the learned model beside it stays as it was" in again.words
    assert (model / folder.WEIGHTS).read_bytes() == before
    assert archive.read(model, folder.read(model).parts.encoding) is not None
    with pytest.raises(UsageError, match="there is no issue to make an index of"):
        indexing.index([], tmp_path / "none", 0.9, Places(offline=True), told.append)
