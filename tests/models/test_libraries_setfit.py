import io
import json
import os
import pickle
import shutil
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier

from hubpipe.config import Step
from hubpipe.errors import ModelNotFoundError, TaskError, UnsafeModelError
from hubpipe.models import heads, load, safe_pickle
from hubpipe.models.base import Places, Scores

Vectors = NDArray[np.float32]
KINDS = heads.KINDS
TRUTH = ["bug", "docs", "wish"] * 20


@pytest.fixture
def touched(tmp_path: Path) -> Path:
    """A file that exists once an attack has run."""
    return tmp_path / "touched"


def vectors() -> Vectors:
    return np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)


def dumped(value: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(value, buffer, **options)
    return buffer.getvalue()


def read(data: bytes) -> Any:
    return safe_pickle.read("org/model", "model_head.pkl", data, KINDS)


def refused(data: bytes, match: str) -> None:
    with pytest.raises(UnsafeModelError, match=match):
        read(data)


class Call:
    """What pickles as a call of anything."""

    def __init__(self, function: Callable[..., Any], *arguments: Any):
        self.reduced = (function, arguments)

    def __reduce__(self) -> Any:
        return self.reduced


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    "kinds", [TRUTH, [0, 1, 2] * 20, ["bug", "wish"] * 30, [0, 1] * 30], ids=lambda kinds: kinds[:3]
)
def test_a_head_gives_the_probabilities_that_scikit_learn_gives(kinds: list[Any], protocol: int) -> None:
    trained = LogisticRegression().fit(vectors(), kinds)
    classes, probabilities = heads.head("org/model", read(dumped(trained, protocol=protocol)))
    assert classes == trained.classes_.tolist()
    np.testing.assert_allclose(probabilities(vectors()), trained.predict_proba(vectors()), atol=1e-6)


@pytest.mark.parametrize(
    ("trained", "truth"),
    [
        (OneVsRestClassifier(LogisticRegression()), TRUTH),
        (OneVsRestClassifier(LogisticRegression()), np.tile([[1, 0, 1], [0, 1, 0]], (30, 1))),
    ],
    ids=["one of several", "several at once"],
)
def test_a_head_of_one_regression_a_label_gives_what_scikit_learn_gives(trained: Any, truth: Any) -> None:
    trained.fit(vectors(), truth)
    classes, probabilities = heads.head("org/model", read(dumped(trained)))
    assert classes == trained.classes_.tolist()
    np.testing.assert_allclose(probabilities(vectors()), trained.predict_proba(vectors()), atol=1e-6)


def test_a_head_of_many_outputs_gives_each_label_its_own_probability() -> None:
    trained = MultiOutputClassifier(LogisticRegression()).fit(vectors(), np.tile([[1, 0], [0, 1], [1, 1]], (20, 1)))
    classes, probabilities = heads.head("org/model", read(dumped(trained)))
    expected = np.stack([part[:, 1] for part in trained.predict_proba(vectors())], axis=1)
    assert classes == [0, 1]
    np.testing.assert_allclose(probabilities(vectors()), expected, atol=1e-6)


def test_several_classes_that_an_older_scikit_learn_learned_apart_are_computed_apart() -> None:
    trained = LogisticRegression().fit(vectors(), TRUTH)
    trained.multi_class = "ovr"
    _, probabilities = heads.head("org/model", read(dumped(trained)))
    apart = 1 / (1 + np.exp(-trained.decision_function(vectors())))
    np.testing.assert_allclose(probabilities(vectors()), apart / apart.sum(axis=1, keepdims=True), atol=1e-6)


def test_a_call_of_the_system_is_refused_and_not_made(touched: Path) -> None:
    data = pickle.dumps(Call(os.system, f"touch {touched}"))
    refused(data, r"names 'posix\.system'")
    assert not touched.exists()


@pytest.mark.parametrize("name", ["eval", "exec", "__import__", "getattr", "open", "compile"])
def test_builtins_are_refused(name: str) -> None:
    refused(b"\x80\x02cbuiltins\n" + name.encode() + b"\n.", f"names 'builtins.{name}'")


def test_an_allowed_class_with_a_call_inside_is_refused(touched: Path) -> None:
    trained = LogisticRegression().fit(vectors(), TRUTH)
    trained.solver = Call(os.system, f"touch {touched}")
    refused(dumped(trained), r"posix\.system")
    assert not touched.exists()


def test_an_allowed_class_is_never_called_with_arguments() -> None:
    refused(pickle.dumps(Call(LogisticRegression, "l2")), "a call of sklearn")


@pytest.mark.threat("attack", "supply-chain")
def test_an_array_of_objects_which_hides_a_pickle_in_a_pickle_is_refused(touched: Path) -> None:
    trained = LogisticRegression().fit(vectors(), TRUTH)
    trained.classes_ = np.array([Call(os.system, f"touch {touched}"), "b", "c"], dtype=object)
    refused(dumped(trained), "an array of .?O")
    assert not touched.exists()


def test_a_memory_map_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"secret")
    refused(pickle.dumps(Call(np.memmap, str(target))), r"names 'numpy\.memmap'")


@pytest.mark.threat("attack", "supply-chain")
def test_a_pickle_inside_a_pickle_is_refused(touched: Path) -> None:
    inner = pickle.dumps(Call(os.system, f"touch {touched}"))
    refused(pickle.dumps(Call(pickle.loads, inner)), "_pickle")
    assert not touched.exists()


def test_references_to_what_lies_outside_the_file_are_refused() -> None:
    refused(b"\x80\x02X\x04\x00\x00\x00evilQ.", "opcode BINPERSID")
    refused(b"\x80\x02Pevil\n.", "opcode PERSID")
    refused(b"\x80\x02\x82\x01.", "opcode EXT1")
    refused(b"\x80\x05\x97.", "opcode NEXT_BUFFER")


def test_the_old_ways_to_make_an_object_are_refused() -> None:
    refused(b"(S'touch x'\nios\nsystem\n.", "opcode STRING")
    refused(b"\x80\x02(ios\nsystem\n.", "opcode INST")
    refused(b"\x80\x02(cnumpy\nndarray\no.", "opcode OBJ")


@pytest.mark.threat("attack", "supply-chain")
@pytest.mark.parametrize("opcode", [b"\x8e", b"\x96", b"\x8d"], ids=["BINBYTES8", "BYTEARRAY8", "BINUNICODE8"])
def test_an_opcode_that_asks_for_more_than_the_file_has_is_refused_at_once(opcode: bytes) -> None:
    refused(b"\x80\x05" + opcode + struct.pack("<Q", 2**40) + b".", "broken")


def test_an_array_that_asks_for_more_than_the_file_has_is_refused() -> None:
    small = dumped(np.zeros((300, 300)))
    refused(small.replace(struct.pack("<H", 300), struct.pack("<H", 65_000)), "broken")


@pytest.mark.threat("attack", "supply-chain")
def test_a_state_that_would_take_forever_to_hash_is_refused() -> None:
    doubled = b"\x80\x02)" + b"2\x86" * 60
    refused(doubled + b"}" + b"\x85.", "opcode DUP")
    nested = b"\x80\x02)q\x00" + b"".join(b"h" + bytes([n]) + b"\x86q" + bytes([n + 1]) for n in range(60))
    refused(b"\x80\x02}" + nested[2:] + b"K\x01s.", "broken")


@pytest.mark.parametrize(
    "broken", [b"", b"\x80\x04", b".", b"\x80\x04u.", b"\x80\x04b.", b"\x80\x04R.", b"x\x9c", b"PK"]
)
def test_what_is_broken_or_packed_is_refused(broken: bytes) -> None:
    refused(broken, "no joblib pickle")


def test_every_cut_and_every_changed_byte_is_read_as_numbers_or_refused() -> None:
    data = dumped(LogisticRegression().fit(vectors(), TRUTH))
    chance = np.random.default_rng(0)
    for place in range(0, len(data), 7):
        changed = bytearray(data)
        changed[place] = int(chance.integers(256))
        for attempt in (data[:place], bytes(changed)):
            try:
                heads.head("org/model", read(attempt))
            except (UnsafeModelError, TaskError):
                continue


@pytest.mark.parametrize(
    ("labels", "kinds"), [(["bug", "enhancement"], [0] * 40 + [1] * 40), (None, ["bug"] * 40 + ["enhancement"] * 40)]
)
def test_a_setfit_model_names_the_kind_of_an_issue(
    labels: list[str] | None, kinds: list[Any], specimen: Callable[[str, str], Path], tmp_path: Path, places: Places
) -> None:
    folder = copied(specimen("setfit", "text-classification"), tmp_path)
    trained = LogisticRegression().fit(embedded(folder, places), kinds)
    joblib.dump(trained, folder / "model_head.pkl")
    (folder / "config_setfit.json").write_text(json.dumps({"labels": labels, "normalize_embeddings": True}))
    model = load(Step(task="text-classification", model=str(folder)), {}, places)
    assert model.info.library == "setfit"
    bug, wish = model.predict(["the app fails with a crash", "please add support"])
    assert isinstance(bug, Scores)
    assert isinstance(wish, Scores)
    assert (bug.scores[0].label, wish.scores[0].label) == ("bug", "enhancement")
    assert bug.scores[0].score > 0.6


def test_an_attack_in_a_models_folder_is_refused_by_name(
    specimen: Callable[[str, str], Path], tmp_path: Path, touched: Path, places: Places
) -> None:
    folder = copied(specimen("setfit", "text-classification"), tmp_path)
    (folder / "model_head.pkl").write_bytes(pickle.dumps(Call(os.system, f"touch {touched}")))
    with pytest.raises(UnsafeModelError, match=r"model_head\.pkl.*LogisticRegression"):
        load(Step(task="text-classification", model=str(folder)), {}, places)
    assert not touched.exists()


def test_a_head_that_is_missing_of_another_kind_or_size_is_told(
    specimen: Callable[[str, str], Path], tmp_path: Path, places: Places
) -> None:
    folder = copied(specimen("setfit", "text-classification"), tmp_path)
    again = partial(load, Step(task="text-classification", model=str(folder)), {}, places)
    joblib.dump(RidgeClassifier().fit(vectors(), TRUTH), folder / "model_head.pkl")
    with pytest.raises(UnsafeModelError, match="RidgeClassifier"):
        again()
    joblib.dump(LogisticRegression().fit(vectors(), TRUTH), folder / "model_head.pkl")
    with pytest.raises(TaskError, match="was not made for its encoder"):
        again()
    (folder / "model_head.pkl").unlink()
    with pytest.raises(ModelNotFoundError, match=r"no model_head\.pkl"):
        again()


def copied(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / "copy"))


def embedded(folder: Path, places: Places) -> Any:
    from tests.models.specimens.libraries import TEXTS

    step = Step(task="feature-extraction", model=str(folder), library="sentence-transformers")
    return np.array([prediction.values for prediction in load(step, {}, places).predict(TEXTS)])  # type: ignore[union-attr]
