"""The archive of past issues: what was packed is read again, the nearest come first, and nothing is trusted."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import load, save

from hubpipe.errors import ModelError
from hubpipe.models.learned import archive
from hubpipe.models.learned.archive import Archive, Archived
from hubpipe.models.learned.parts import Evidence, Parts
from hubpipe.models.libraries import LIBRARIES

URL = "https://github.com/octo-org/octo-repo/issues/{}"


def vectors(count: int, size: int = 8) -> NDArray[np.float32]:
    found = np.random.default_rng(0).normal(size=(count, size)).astype(np.float32)
    unit: NDArray[np.float32] = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit


def issues(count: int) -> list[Archived]:
    return [Archived(f"Issue {number}", ("bug",), number, URL.format(number)) for number in range(1, count + 1)]


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def everything(count: int) -> NDArray[np.bool_]:
    return np.ones(count, bool)


def test_what_is_packed_is_read_again(tmp_path: Path) -> None:
    odd = Archived("\u2028 @octo\ud800 🎉", ("a", "b"), None, "", False, "2026-01-01T00:00:00Z", "0" * 16)
    found = archive.read(written(tmp_path, archive.pack(vectors(4), [*issues(3), odd])))
    assert found is not None
    assert found.issues == (*issues(3), odd)
    assert found.vectors.tolist() == vectors(4).astype(np.float16).tolist()


def test_a_folder_without_an_archive_has_none(tmp_path: Path) -> None:
    assert archive.read(tmp_path) is None


def test_an_archive_of_no_issue_finds_none(tmp_path: Path) -> None:
    found = archive.read(written(tmp_path, archive.pack(np.zeros((0, 8)), [])))
    assert found is not None
    assert found.nearest(vectors(1)[0], 3, everything(0)) == []


def test_the_nearest_are_those_of_the_exact_product() -> None:
    held = vectors(500)
    kept = Archive(held.astype(np.float16), tuple(issues(500)))
    product = held[7] @ held.T
    best = [int(row) for row in np.argsort(-product)[:5]]
    found = kept.nearest(held[7], 5, everything(500))
    assert [issue.number for issue in found] == [row + 1 for row in best]
    assert [issue.score for issue in found] == pytest.approx(product[best], abs=0.005)
    assert max(issue.score for issue in found) <= 1


def test_only_those_asked_for_are_found_and_no_more_than_there_are() -> None:
    among = np.zeros(20, bool)
    among[[3, 11]] = True
    found = Archive(vectors(20).astype(np.float16), tuple(issues(20))).nearest(vectors(20)[0], 5, among)
    assert {issue.number for issue in found} == {4, 12}
    assert Archive(vectors(20).astype(np.float16), tuple(issues(20))).nearest(vectors(1)[0], 5, ~everything(20)) == []


def test_equal_issues_stay_in_order() -> None:
    same = np.repeat(vectors(1), 3, axis=0).astype(np.float16)
    found = Archive(same, tuple(issues(3))).nearest(vectors(1)[0], 3, everything(3))
    assert [issue.number for issue in found] == [1, 2, 3]


def test_a_vector_of_another_encoder_is_refused() -> None:
    kept = Archive(vectors(3).astype(np.float16), tuple(issues(3)))
    with pytest.raises(ModelError, match="vectors of 8 numbers, its encoder gives 4"):
        kept.nearest(vectors(1, 4)[0], 1, everything(3))


def tensors(**changed: NDArray[Any]) -> bytes:
    """An archive of one issue, some of its tensors changed."""
    return save(load(archive.pack(vectors(1), issues(1))["issues.safetensors"]) | changed)


@pytest.mark.parametrize(
    "line",
    [
        "no JSON",
        "[]",
        "{}",
        '{"title": 1}',
        '{"title": "a", "number": true}',
        '{"title": "a", "number": -1}',
        '{"title": "a", "labels": "bug"}',
        '{"title": "a", "labels": [1]}',
        '{"title": "a", "url": null}',
        '{"title": "a", "open": "yes"}',
        '{"title": "a", "updated_at": 7}',
        '{"title": "a", "digest": {}}',
        "[" * 100_000,
        "\xff",
    ],
)
def test_a_line_that_is_no_issue_is_refused(tmp_path: Path, line: str) -> None:
    data = tensors(issues=np.frombuffer(line.encode("latin-1"), np.uint8))
    with pytest.raises(ModelError, match=r"issues\.safetensors is no archive"):
        archive.read(written(tmp_path, {"issues.safetensors": data}))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 100,
        save({"other": np.zeros((1, 8), np.float16)}),
        tensors(vectors=np.zeros((1, 8), np.float32)),
        tensors(vectors=np.zeros(8, np.float16)),
        tensors(vectors=np.full((1, 8), np.nan, np.float16)),
        tensors(encoder=np.full(3, 255, np.uint8)),
        tensors(vectors=np.zeros((2, 8), np.float16)),
        tensors(issues=np.zeros((1, 8), np.uint8)),
        tensors(issues=np.zeros(8, np.float32)),
        tensors(scores=np.zeros((3, 1), np.float32)),
        tensors(scores=np.full((0, 2), 0, np.float32)),
        tensors(scores=np.full((1, 1), np.inf, np.float32), truth=np.ones((1, 1), np.int8)),
        tensors(scores=np.ones((1, 1), np.float32), truth=np.ones((1, 1), np.int64)),
    ],
)
def test_tensors_that_do_not_fit_are_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ModelError, match=r"issues\.safetensors is no archive"):
        archive.read(written(tmp_path, {"issues.safetensors": data}))


def test_a_file_over_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 10)
    with pytest.raises(ModelError, match="over 10 bytes"):
        archive.read(written(tmp_path, archive.pack(vectors(1), issues(1))))


def test_what_was_tried_is_read_again(tmp_path: Path) -> None:
    tried = Evidence(("same",), np.array([[0.5], [0.25]], np.float32), np.array([[1], [0]], np.int8))
    found = archive.read(written(tmp_path, archive.pack(vectors(2), issues(2), tried)))
    assert found is not None
    assert found.tried.scores.tolist() == [[0.5], [0.25]]
    assert found.tried.truth.tolist() == [[1], [0]]


def test_a_new_archive_takes_the_place_of_the_old_one_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.write(tmp_path, Archive(vectors(2).astype(np.float16), tuple(issues(2))))
    archive.write(tmp_path, Archive(vectors(3).astype(np.float16), tuple(issues(3))))
    found = archive.read(tmp_path)
    assert found is not None
    assert len(found.issues) == 3
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        archive.write(tmp_path, Archive(vectors(1).astype(np.float16), tuple(issues(1))))
    assert [path.name for path in tmp_path.iterdir()] == ["issues.safetensors"]
    assert archive.read(tmp_path) is not None


def test_what_all_issues_have_in_common_makes_none_alike() -> None:
    form = np.zeros((200, 16), np.float32)
    form[:, 0] = 2
    held = vectors(200, 16) + form
    held[7] = held[31] + 0.01
    held /= np.linalg.norm(held, axis=1, keepdims=True)
    kept = Archive(held.astype(np.float16), tuple(issues(200)))
    plain, centred = (find(held[31], 3, everything(200)) for find in (kept.nearest, kept.alike))
    assert [one.number for one in centred[:2]] == [32, 8]
    assert plain[2].score > 0.9
    assert centred[1].score > 0.9 > 0.85 > centred[2].score


@pytest.mark.parametrize("count", [1, 2, 5, 1_000, 100_000])
def test_the_same_text_is_the_same_however_many_others_say_it_too(count: int) -> None:
    same, other = vectors(2, 16)
    kept = Archive(np.repeat(same[None], count, axis=0).astype(np.float16), tuple(issues(1)) * count)
    assert kept.alike(same, 1, everything(count))[0].score > 0.99
    assert kept.alike(other, 1, everything(count))[0].score < 0.5


def test_an_archive_larger_than_a_part_is_seen_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Archive(vectors(10).astype(np.float16), tuple(issues(10)))
    whole = kept.alike(vectors(10)[9], 10, everything(10))
    monkeypatch.setattr(archive, "PART", 3)
    assert kept.alike(vectors(10)[9], 10, everything(10)) == whole
    assert whole[0].number == 10


def test_an_archive_of_another_encoder_is_refused_although_its_vectors_are_as_long(tmp_path: Path) -> None:
    written(tmp_path, archive.pack(vectors(1), issues(1), encoder="one"))
    held = archive.read(tmp_path, "one")
    assert held is not None
    assert held.encoder == "one"
    with pytest.raises(ModelError, match="its vectors are another encoder's than the model's"):
        archive.read(tmp_path, "other")


def test_another_encoder_or_revision_makes_other_vectors_and_tuning_does_not() -> None:
    parts = Parts(("bug",), {}, {})
    others = [parts, replace(parts, encoder="org/name"), replace(parts, revision="1")]
    assert len({one.encoding for one in others}) == len(others)
    assert replace(parts, labels=("other",), spec={"a": 1}).encoding == parts.encoding
    tuned = [replace(parts, tensors={"a": np.full(2, value, np.float16)}) for value in (0, 1)]
    assert {one.encoding for one in tuned} == {parts.encoding}
    assert tuned[0].tuning != tuned[1].tuning


def test_two_runs_of_one_process_number_write_files_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.getpid", lambda: 1)
    one, two = (Archive(vectors(count).astype(np.float16), tuple(issues(count))) for count in (2, 3))
    replaced = Path.replace

    def meanwhile(self: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "replace", replaced)
        archive.write(tmp_path, two)
        return replaced(self, target)

    monkeypatch.setattr(Path, "replace", meanwhile)
    archive.write(tmp_path, one)
    found = archive.read(tmp_path)
    assert found is not None
    assert len(found.issues) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["issues.safetensors"]
    assert (tmp_path / "issues.safetensors").stat().st_mode & 0o777 == 0o644


def test_seen_from_the_centre_a_vector_of_another_encoder_is_refused_too() -> None:
    with pytest.raises(ModelError, match="vectors of 8 numbers, its encoder gives 4"):
        Archive(vectors(3).astype(np.float16), tuple(issues(3))).alike(vectors(1, 4)[0], 1, everything(3))


@given(st.text(st.characters(), max_size=400), st.lists(st.text(max_size=9), max_size=3))
def test_any_title_is_kept_in_one_line(title: str, labels: list[str]) -> None:
    data = archive.pack(vectors(1), [Archived(title, tuple(labels))])["issues.safetensors"]
    [line] = load(data)["issues"].tobytes().splitlines()
    assert json.loads(line)["title"] == title[:300]


def test_a_learned_models_archive_is_fetched_from_the_hub_too() -> None:
    [row] = [row for row in LIBRARIES if row.name == "hubpipe"]
    assert "issues.safetensors" in row.patterns
