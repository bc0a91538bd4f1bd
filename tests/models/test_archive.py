"""The archive of past issues: what was packed is read again, the nearest come first, and nothing is trusted."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import save

from hubpipe.errors import ModelError
from hubpipe.models.learned import archive
from hubpipe.models.learned.archive import Archive, Archived
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
    (tmp_path / "issues.jsonl").write_text("")
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
    files = archive.pack(vectors(1), issues(1)) | {"issues.jsonl": line.encode("latin-1")}
    with pytest.raises(ModelError, match=r"issues\.jsonl is no archive"):
        archive.read(written(tmp_path, files))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 100,
        save({"other": np.zeros((1, 8), np.float16)}),
        save({"vectors": np.zeros((1, 8), np.float32)}),
        save({"vectors": np.zeros(8, np.float16)}),
        save({"vectors": np.full((1, 8), np.nan, np.float16)}),
        save({"vectors": np.zeros((2, 8), np.float16)}),
    ],
)
def test_vectors_that_do_not_fit_are_refused(tmp_path: Path, data: bytes) -> None:
    files = archive.pack(vectors(1), issues(1)) | {"issues.safetensors": data}
    with pytest.raises(ModelError, match=r"issues\.safetensors is no archive"):
        archive.read(written(tmp_path, files))


def test_files_over_the_limit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_LISTED_BYTES", 10)
    with pytest.raises(ModelError, match="over 10 bytes"):
        archive.read(written(tmp_path, archive.pack(vectors(1), issues(1))))


@given(st.text(st.characters(), max_size=400), st.lists(st.text(max_size=9), max_size=3))
def test_any_title_is_kept_in_one_line(title: str, labels: list[str]) -> None:
    data = archive.pack(vectors(1), [Archived(title, tuple(labels))])["issues.jsonl"]
    assert len(data.splitlines()) == 1
    assert json.loads(data)["title"] == title[:300]


def test_a_learned_models_archive_is_fetched_from_the_hub_too() -> None:
    [row] = [row for row in LIBRARIES if row.name == "hubpipe"]
    assert {"issues.safetensors", "*.jsonl"} <= set(row.patterns)
