"""Models that a process keeps: loaded once, asked by many, and nobody's but those who may have them."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from itertools import combinations
from pathlib import Path
from threading import Barrier
from typing import Any, TypeVar

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from hubpipe import config, run
from hubpipe.config import Budget, ModelRules, Step
from hubpipe.errors import ConstraintError, ModelError
from hubpipe.event import Event, Subject
from hubpipe.models import hub, sentence_transformers
from hubpipe.models.base import Places, Scores, Terms
from hubpipe.models.embeddings import ZeroShot
from hubpipe.models.learned import archive, folder
from hubpipe.models.learned.head import MEMBERS, Linear
from hubpipe.models.meter import Meter
from hubpipe.models.sentence_encoder import Encoder
from hubpipe.models.shelf import Shelf
from hubpipe.models.transformers import opening
from hubpipe.report import Report
from hubpipe.server.kept import Kept
from hubpipe.server.shared import SharedEncoder, SharedModel
from hubpipe.server.warm import WarmShelf, warm_up
from hubpipe.server.warmth import Warmth
from hubpipe.sinks import dry_run
from tests.models import tiny

HERE = Places(offline=True)
THREADS = 16
Value = TypeVar("Value")
TYPES = {"bug": "Something isn't working", "enhancement": "New feature or request", "question": "A question"}
ISSUES = [
    json.loads(line)
    for file in sorted((Path(__file__).parents[2] / "scripts" / "zero_day").glob("*.jsonl"))
    for line in file.read_text("utf-8").splitlines()[:4]
]
TEXTS = [f"{issue['title']}\n\n{issue['body']}" for issue in ISSUES]


@pytest.fixture(scope="module")
def warmth() -> Warmth:
    return Warmth()


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each time that an encoder's weights are loaded."""
    found: list[str] = []
    whole = Encoder.__init__

    def noted(self: Encoder, *given: Any, **named: Any) -> None:
        found.append("encoder")
        whole(self, *given, **named)

    monkeypatch.setattr(Encoder, "__init__", noted)
    return found


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give the folder of a tiny Transformers model that was trained for a task."""
    root = tmp_path_factory.mktemp("models")

    @cache
    def make(task: str) -> Path:
        torch.manual_seed(0)
        return tiny.MAKERS[task](root / task)

    return make


@pytest.fixture
def tiny_classifier(tmp_path: Path) -> Path:
    return tiny.MAKERS["text-classification"](tmp_path / "tiny")


def step(**given: Any) -> Step:
    return Step.model_validate({"task": "zero-shot-classification", **given})


def at_once(count: int, work: Callable[[int], Value]) -> list[Value]:
    """Let many threads begin at the same moment."""
    barrier = Barrier(count)

    def begin(number: int) -> Value:
        barrier.wait(30)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def values(prediction: object) -> dict[str, float]:
    assert isinstance(prediction, Scores)
    return {score.label: score.score for score in prediction.scores}


def close(one: object, other: object) -> None:
    """Hold two predictions against each other; padding may change the last digits."""
    first, second = values(one), values(other)
    assert first.keys() == second.keys()
    assert all(abs(first[label] - second[label]) < 1e-4 for label in first)


def learned(root: Path, bias: float) -> Places:
    """Write a learned model that differs from others in one number."""
    shutil.copytree(hub.ZERO_DAY_FOLDER, root)
    arrays = load_file(root / folder.WEIGHTS)
    arrays["head/bias"] = arrays["head/bias"] + np.array([bias, *[0] * (len(arrays["head/bias"]) - 1)], np.float32)
    save_file(arrays, root / folder.WEIGHTS)
    settings = json.loads((root / folder.SETTINGS).read_text("utf-8"))
    settings["weights"] = folder.identity(root)
    (root / folder.SETTINGS).write_text(json.dumps(settings), "utf-8")
    return replace(HERE, learned=root)


def tuned_for(places: Places, weight: float = 0.0) -> Places:
    """Let a learned model believe a tuned encoder, of which a layer's weights are about `weight`."""
    assert places.learned is not None
    held = folder.read(places.learned)
    own = Encoder(hub.fetch(hub.locate("embedded", None, HERE), HERE))
    name = next(key for key in own.model.state_dict() if key.endswith("layer.5.output.dense.weight"))
    shape, labels, width = tuple(own.model.state_dict()[name].shape), len(held.parts.labels), 2 * 384
    random = np.random.default_rng(0)
    mean, scale, bound = (np.full(width, value, np.float32) for value in (0, 1, 2))
    weights = random.normal(0, 10, (labels, width)).astype(np.float32)
    head = Linear(mean, scale, bound, weights, np.zeros(labels, np.float32))
    arrays = {f"tuned/{key}": np.asarray(array, np.float32) for key, array in head.arrays().items()}
    blend = np.pad(held.parts.arrays["blend"], (0, len(MEMBERS) - len(held.parts.arrays["blend"])))
    blend[MEMBERS.index("tuned")] = 1.0
    parts = replace(
        held.parts,
        spec={**held.parts.spec, "tuned": True},
        arrays={**held.parts.arrays, **arrays, "blend": blend},
        tensors={name: (random.normal(0, weight, shape)).astype(np.float16)},
    )
    folder.save(places.learned, replace(held, parts=parts), "")
    return places


def test_one_encoder_is_loaded_for_all_models_over_it_however_many_ask_at_once(loads: list[str]) -> None:
    shelf = WarmShelf(HERE, Warmth())
    steps = [step(), step(multi_label=True), step(task="summarization"), Step(model="zero-day")]
    models = at_once(THREADS, lambda number: shelf.load(steps[number % 4], TYPES, Terms()))
    assert loads == ["encoder"]
    assert len({id(model) for model in models}) == 4


def test_a_load_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch, warmth: Warmth) -> None:
    shelf, asked = WarmShelf(HERE, warmth), step(multi_label=True)
    with monkeypatch.context() as broken:
        broken.setattr(sentence_transformers, "fetch", lambda *_: (_ for _ in ()).throw(ModelError("away")))
        for _ in range(2):
            with pytest.raises(ModelError, match="away"):
                shelf.load(asked, {"broken": ""}, Terms())
    assert isinstance(shelf.load(asked, {"broken": ""}, Terms()), ZeroShot)


def test_many_deliveries_with_labels_of_their_own_get_what_each_gets_alone(warmth: Warmth) -> None:
    shelf, cold = WarmShelf(HERE, warmth), Shelf(HERE)
    labels = [TYPES | {f"area {number}": f"The part number {number}"} for number in range(2)]
    said = at_once(THREADS, lambda number: shelf.load(step(), labels[number % 2], Terms()).predict([TEXTS[number]]))
    alone = [cold.load(step(), names, Terms()) for names in labels]
    for number, [answer] in enumerate(said):
        close(answer, alone[number % 2].predict([TEXTS[number]])[0])


def test_tokens_are_the_same_told_apart_as_by_the_models_own_tokenizer(warmth: Warmth) -> None:
    model, own = WarmShelf(HERE, warmth).load(step(), TYPES, Terms()), Shelf(HERE).load(step(), TYPES, Terms())
    for text in (*TEXTS, "", "x" * 5_000, "word " * 3_000, "bad \ud800 sign 🎉"):
        assert list(model.tokens(text)) == list(own.tokens(text))


def test_short_texts_are_read_once(warmth: Warmth) -> None:
    read: list[str] = []

    class Letters:
        limit = None

        def tokens(self, text: str) -> list[tuple[int, int]]:
            return []

        def embed(self, texts: Any, _quick: bool = False) -> Any:
            read.extend(texts)
            return np.array([[float(len(text))] for text in texts], np.float32)

    encoder = SharedEncoder(Letters())
    for _ in range(2):
        assert encoder.embed(["one", "three", "one"]).tolist() == [[3.0], [5.0], [3.0]]
    assert read == ["one", "three"]
    assert encoder.embed(["one"], True).tolist() == [[3.0]]
    assert encoder.embed(["y" * 1_000]).tolist() == encoder.embed(["y" * 1_000]).tolist() == [[1000.0]]
    assert [len(text) for text in read[2:]] == [3, 1_000, 1_000]


def test_texts_of_a_length_go_through_an_encoder_together_and_come_back_in_order() -> None:
    groups: list[list[int]] = []

    class Lengths:
        limit = None

        def tokens(self, text: str) -> list[tuple[int, int]]:
            return []

        def embed(self, texts: Any, _quick: bool = False) -> Any:
            groups.append([len(text) for text in texts])
            return np.array([[float(len(text))] for text in texts], np.float32)

    lengths = [2_000, 30, 900, 31, 5_000, 800, 1_100, 1_300, 1_250]
    found = SharedEncoder(Lengths()).embed(["x" * length for length in lengths])
    assert found[:, 0].tolist() == lengths
    assert groups == [[30, 31, 800, 900, 1_100], [1_250, 1_300, 2_000, 5_000]]


class Counted:
    """An encoder whose vectors are the lengths of texts."""

    limit = None

    def tokens(self, text: str) -> list[tuple[int, int]]:
        return []

    def embed(self, texts: Any, _quick: bool = False) -> Any:
        return np.array([[float(len(text))] for text in texts], np.float32)


def test_who_reads_deep_gets_what_the_encoder_itself_gives_and_in_order() -> None:
    class Deep(Counted):
        def read(self, texts: Any, quick: bool = False) -> Any:
            return self.embed(texts), np.array([[len(text) + quick, -1.0] for text in texts], np.float32)

    lengths = [2_000, 30, 900, 31, 5_000]
    texts = ["x" * length for length in lengths]
    for quick in (False, True):
        vectors, inner = SharedEncoder(Deep()).read(texts, quick)
        assert vectors[:, 0].tolist() == lengths
        assert inner.tolist() == [[length + quick, -1.0] for length in lengths]


def test_short_texts_are_read_deep_once() -> None:
    read: list[str] = []

    class Deep(Counted):
        def read(self, texts: Any, quick: bool = False) -> Any:
            read.extend(texts)
            return self.embed(texts), self.embed(texts) + 1

    encoder = SharedEncoder(Deep())
    for _ in range(2):
        vectors, inner = encoder.read(["one", "three", "one"])
        assert vectors.tolist() == [[3.0], [5.0], [3.0]]
        assert inner.tolist() == [[4.0], [6.0], [4.0]]
    assert read == ["one", "three"]


def test_an_encoder_that_tells_of_no_inner_layer_is_read_by_its_vectors_alone() -> None:
    vectors, inner = SharedEncoder(Counted()).read(["one", "three"])
    assert vectors.tolist() == [[3.0], [5.0]]
    assert inner.shape == (2, 0)


def test_what_one_repository_taught_never_answers_for_another(tmp_path: Path, loads: list[str]) -> None:
    warmth, asked = Warmth(), Step(model="learned")
    places = [learned(tmp_path / "one", 4.0), learned(tmp_path / "other", -4.0)]
    cold = [values(Shelf(where).load(asked, {}, Terms()).predict([TEXTS[0]])[0]) for where in places]
    loads.clear()
    said = at_once(
        THREADS, lambda number: WarmShelf(places[number % 2], warmth).load(asked, {}, Terms()).predict([TEXTS[0]])
    )
    assert loads == ["encoder"]
    assert max(abs(cold[0][label] - cold[1][label]) for label in cold[0]) > 0.1
    for number, [answer] in enumerate(said):
        assert values(answer) == pytest.approx(cold[number % 2], abs=1e-4)


def test_what_is_tuned_for_one_repository_changes_no_others_encoder(tmp_path: Path) -> None:
    warmth, text = Warmth(), [TEXTS[0]]
    before = WarmShelf(HERE, warmth).load(step(task="feature-extraction"), {}, Terms()).predict(text)
    where = tuned_for(learned(tmp_path / "tuned", 0.0))
    other = tuned_for(learned(tmp_path / "other", 0.0), 0.02)
    asked = [replace(HERE, learned=place.learned) for place in (where, other, learned(tmp_path / "plain", 0.0))]
    said = [WarmShelf(place, warmth).load(Step(model="learned"), {}, Terms()).predict(text)[0] for place in asked]
    for one, another in combinations(said, 2):
        assert values(one) != pytest.approx(values(another), abs=1e-3)
    assert WarmShelf(HERE, Warmth()).load(step(task="feature-extraction"), {}, Terms()).predict(text) == before
    assert WarmShelf(HERE, warmth).load(step(task="feature-extraction"), {}, Terms()).predict(text) == before


def test_auto_becomes_a_repositorys_own_model_only_where_that_was_learned(tmp_path: Path, warmth: Warmth) -> None:
    flow = config.parse("version: 1\nflows: {a: {on: issues, pipeline: {model: auto}, publish: labels}}").flows["a"]
    assert flow is not None
    own = WarmShelf(learned(tmp_path / "own", 0.0), warmth)
    assert [WarmShelf(HERE, warmth).resolve(flow).pipeline[0].model for _ in range(2)] == ["auto", "auto"]
    assert own.resolve(flow).pipeline[0].model == "learned"
    said = WarmShelf(HERE, warmth).load(step(model="auto"), TYPES, Terms()).info
    assert (said.repo, "nothing was learned" in said.spoke) == ("zero-day", True)


def test_a_search_is_made_in_the_index_of_the_repository_that_has_one(tmp_path: Path, warmth: Warmth) -> None:
    asked = Step.model_validate({"model": "auto", "against": "issues"})
    flow = config.parse("version: 1\nflows: {a: {on: issues, pipeline: {model: auto}, publish: comment}}").flows["a"]
    assert flow is not None
    searching = flow.model_copy(update={"pipeline": (asked,)})
    places = [learned(tmp_path / "with", 0.0), learned(tmp_path / "without", 0.0)]
    (tmp_path / "with" / folder.ARCHIVE).write_bytes(b"an index")
    found = [WarmShelf(where, warmth).resolve(searching).pipeline[0].model for where in (*places, HERE)]
    assert found == ["learned", "zero-day", "zero-day"]


def test_what_is_seen_from_one_repositorys_texts_is_no_others(tmp_path: Path, warmth: Warmth) -> None:
    parts = folder.read(hub.ZERO_DAY_FOLDER).parts
    (tmp_path / "one").mkdir()
    issues = [archive.Archived(f"Issue {number}") for number in range(30)]
    vectors = np.eye(30, 384, dtype=np.float32)
    (tmp_path / "one" / folder.ARCHIVE).write_bytes(archive.pack(vectors, issues, None, parts.encoding)[folder.ARCHIVE])
    one = WarmShelf(replace(HERE, learned=tmp_path / "one"), warmth)
    labels = {"printing": "", "network": ""}
    told = [shelf.load(step(model="auto"), labels, Terms()).info.spoke for shelf in (one, WarmShelf(HERE, warmth))]
    assert ["seen from the centre of 30 issues" in words for words in told] == [True, False]


def test_a_model_at_an_endpoint_spends_from_the_budget_of_its_own_run(warmth: Warmth) -> None:
    asked = step(endpoint="https://models.example.com/zero", model="org/model")
    shelf, terms = WarmShelf(HERE, warmth), [Terms(meter=Meter(Budget(calls=count))) for count in range(2)]
    models: list[Any] = [shelf.load(asked, TYPES, term) for term in terms]
    assert models[0] is not models[1]
    kept = shelf.load(step(), TYPES, terms[0])
    assert shelf.load(step(), TYPES, terms[1]) is kept
    assert all(term.meter not in vars(kept).values() for term in terms)


def test_the_rules_of_one_run_hold_where_another_has_the_model_already(warmth: Warmth) -> None:
    shelf = WarmShelf(HERE, warmth)
    shelf.load(step(), TYPES, Terms())
    with pytest.raises(ConstraintError, match="apache"):
        shelf.load(step(), TYPES, Terms(ModelRules(licenses=("mit",))))


def test_models_of_other_labels_share_a_transformers_models_weights(
    tiny_model: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    whole = opening.open_weights

    def counted(*given: Any, **named: Any) -> Any:
        opened.append("w")
        return whole(*given, **named)

    monkeypatch.setattr(opening, "open_weights", counted)
    asked = step(model=str(tiny_model("zero-shot-classification")), library="transformers")
    shelf, cold = WarmShelf(HERE, Warmth()), Shelf(HERE)
    names: list[Mapping[str, str]] = [{"bug": "", "question": ""}, {"crash": "", "docs": ""}]
    said = at_once(8, lambda number: shelf.load(asked, names[number % 2], Terms()).predict(TEXTS[number : number + 2]))
    assert opened == ["w"]
    for number, answers in enumerate(said):
        alone = cold.load(asked, names[number % 2], Terms())
        for answer, text in zip(answers, TEXTS[number : number + 2], strict=True):
            close(answer, alone.predict([text])[0])


def test_a_folder_that_is_written_anew_is_loaded_anew(tiny_classifier: Path) -> None:
    shelf, asked = WarmShelf(HERE, Warmth()), Step(model=str(tiny_classifier), task="text-classification")
    first = shelf.load(asked, {}, Terms())
    assert shelf.load(asked, {}, Terms()) is first
    assert isinstance(first, SharedModel)
    before = first.predict(TEXTS[:1])
    weights = load_file(tiny_classifier / "model.safetensors")
    save_file({key: -value for key, value in weights.items()}, tiny_classifier / "model.safetensors", {"format": "pt"})
    assert shelf.load(asked, {}, Terms()).predict(TEXTS[:1]) != before


def test_weights_that_go_take_the_models_over_them_along(tiny_classifier: Path, loads: list[str]) -> None:
    shelf = WarmShelf(HERE, Warmth(weights=1))
    first = shelf.load(step(), TYPES, Terms())
    assert shelf.load(step(), TYPES, Terms()) is first
    shelf.load(Step(model=str(tiny_classifier), task="text-classification"), {}, Terms())
    assert shelf.load(step(), TYPES, Terms()) is not first
    assert loads == ["encoder", "encoder"]


def test_weights_that_are_used_stay_whoever_asked_for_them_first(tiny_model: Callable[[str], Path]) -> None:
    shelf = WarmShelf(HERE, Warmth(weights=2))
    first = shelf.load(step(), TYPES, Terms())
    for task in ("text-classification", "token-classification", "fill-mask"):
        shelf.load(Step.model_validate({"model": str(tiny_model(task)), "task": task}), {}, Terms())
        assert shelf.load(step(), TYPES, Terms()) is first


def test_what_is_kept_is_made_once_and_what_was_asked_for_last_stays() -> None:
    made: list[str] = []
    dropped: list[object] = []
    kept: Kept[str] = Kept(2, dropped.append)

    def make(name: str) -> str:
        made.append(name)
        return name

    for name in ("a", "b", "a", "c", "a", "b"):
        assert kept.get(name, partial(make, name)) == name
    assert made == ["a", "b", "c", "b"]
    assert dropped == ["b", "c"]
    assert len(kept) == 2


def test_a_step_is_told_over_the_same_weights_where_the_model_can_be(tiny_model: Callable[[str], Path]) -> None:
    shelf, terms = WarmShelf(HERE, Warmth()), Terms()
    asked = Step.model_validate(
        {"model": str(tiny_model("text-generation")), "task": "text-generation", "max_new_tokens": 8}
    )
    model = shelf.load(asked, {}, terms)
    told = shelf.again(model, asked.model_copy(update={"instructions": "Say it."}), terms)
    assert isinstance(model, SharedModel)
    assert isinstance(told, SharedModel)
    assert told is not model
    assert told._busy is model._busy
    summed = shelf.load(step(task="summarization"), {}, terms)
    other = shelf.again(summed, step(task="summarization", max_words=10), terms)
    assert other.info == summed.info
    assert other is not summed


def reports(events: Iterator[Event], warmth: Warmth) -> list[tuple[Any, ...]]:
    settings = config.default()
    return [plans(run.handle(event, settings, None, WarmShelf(HERE, warmth), dry_run.publish)) for event in events]


def plans(report: Report) -> tuple[Any, ...]:
    return tuple((flow.flow, flow.error, flow.plan.effects) for flow in report.flows)


def events() -> Iterator[Event]:
    for number, issue in enumerate(ISSUES, start=1):
        secret = f"\n\n    key = ghp_{number:036d}\n" if number % 3 == 0 else ""
        yield Event("issues", "opened", "octo/repo", Subject("issue", number, issue["title"], issue["body"] + secret))


def test_whole_deliveries_at_once_end_as_one_by_one(warmth: Warmth) -> None:
    warm_up(warmth, HERE)
    every = list(events())
    alone = reports(iter(every), Warmth())
    shares = at_once(8, lambda number: reports(iter(every[number::8]), warmth))
    for number, share in enumerate(shares):
        assert share == alone[number::8]
    assert all(error is None for flows in alone for _, error, _ in flows)


def test_after_the_warm_up_a_first_issue_loads_nothing(loads: list[str]) -> None:
    warmth = Warmth()
    warm_up(warmth, HERE)
    assert loads == ["encoder"]
    reports(iter(list(events())[:1]), warmth)
    WarmShelf(HERE, warmth).load(step(), {"any": "Some label of a repository's own"}, Terms())
    assert loads == ["encoder"]


def test_a_warm_up_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        warm_up(Warmth(), replace(HERE, embedded=tmp_path))
