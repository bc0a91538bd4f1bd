"""A learned model at work: any text gets calibrated scores, and the same ones after it was kept in a folder."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hubpipe.models import embedded
from hubpipe.models.learned.forest import forest
from hubpipe.models.learned.head import Linear, Prior
from hubpipe.models.learned.names import Names, spoken
from hubpipe.models.learned.parts import Parts
from hubpipe.models.learned.scorer import Scorer
from hubpipe.models.learned.views import Views, look, split
from hubpipe.models.learned.words import terms
from hubpipe.models.repository import Source
from hubpipe.models.sentence_encoder import Encoder
from hubpipe.training.examples import Example
from hubpipe.training.fit import Settings, fit
from hubpipe.training.growing import grow

AREAS = ("area-System.Net", "area-System.IO", "area-System.Xml")
START = datetime(2024, 1, 1, tzinfo=UTC)
ODD = [
    "",
    "\n\n",
    "no title, only a sentence.",
    "x" * 70_000,
    "word " * 14_000,
    "Crash 🎉🎉\n\n🚀 " * 3,
    "תקלה בהפעלה\n\nהיישום קורס \u202e",
    "bad \ud800 surrogate\n\n\udfff",
    "a\x00b\n\nc",
]


class Letters:
    """An encoder whose vectors are the counts of a text's letters."""

    def embed(self, texts: Sequence[str], quick: bool = False) -> NDArray[np.float32]:
        found = np.zeros((len(texts), 26), np.float32)
        for row, text in enumerate(texts):
            for character in text[:500].casefold():
                found[row, ord(character) % 26] += 1
        scaled: NDArray[np.float32] = (found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1)).astype(
            np.float32
        )
        return scaled


def learned(labels: Sequence[str] = AREAS, count: int = 120) -> Parts:
    chance = np.random.default_rng(0)
    words = ("socket", "file", "node", "value", "thread", "string", "open", "close")
    examples = []
    for number in range(count):
        label = labels[number % len(labels)]
        body = f"In {label.removeprefix('area-')}.Reader: " + " ".join(chance.choice(words, 8))
        examples.append(Example(f"Problem {number}", body, (label,), created_at=START + timedelta(days=number)))
    return fit(examples, Settings(min_examples=2), Letters()).parts


@pytest.fixture(scope="module")
def parts() -> Parts:
    return learned()


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    folder = embedded.find(None)
    assert folder is not None
    return Encoder(Source(folder, embedded.NAME, embedded.REVISION))


class Deep(Letters):
    """An encoder with an inner layer, who remembers that it was asked for it."""

    def __init__(self) -> None:
        self.asked = 0

    def read(self, texts: Sequence[str], quick: bool = False) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self.asked += 1
        return self.embed(texts), self.embed([text[::2] for text in texts])


def test_a_model_of_a_version_that_read_no_inner_layer_scores_as_it_did(parts: Parts) -> None:
    assert parts.spec["deep"] is False
    earlier = replace(parts, spec={name: told for name, told in parts.spec.items() if name != "deep"})
    encoder = Deep()
    assert np.array_equal(Scorer(encoder, earlier).score(ODD), Scorer(Letters(), parts).score(ODD))
    assert encoder.asked == 0


def test_a_deep_model_reads_an_inner_layer_for_scores_and_not_for_the_index() -> None:
    examples = [
        Example(f"{kind} {number}", kind * 3, (kind,), created_at=START + timedelta(days=number))
        for number in range(20)
        for kind in ("crash", "option")
    ]
    encoder = Deep()
    deep = fit(examples, Settings(min_examples=2, strange=True), encoder).parts
    assert deep.spec["deep"] is True
    encoder.asked = 0
    scorer = Scorer(encoder, deep)
    scorer.embed(["crash 1"])
    assert encoder.asked == 0
    assert scorer.score(["crash 1\n\ncrash", "option 2\n\noption"]).argmax(axis=1).tolist() == [
        deep.labels.index("crash"),
        deep.labels.index("option"),
    ]
    assert encoder.asked == 1


def test_a_head_whose_prior_reads_an_inner_layer_reads_it_too(parts: Parts) -> None:
    head = Scorer(Letters(), parts).head
    assert not head.reads_deep
    prior = Prior(replace(head, deep=True), np.eye(len(parts.labels), dtype=np.float32))
    assert replace(head, prior=prior).reads_deep


def test_a_model_of_every_part_is_tested_here(parts: Parts) -> None:
    assert PARTS.spec["trees"]
    assert parts.spec["words"]
    assert parts.spec["names"] == list(parts.labels)


def test_scores_share_one_among_exclusive_labels(parts: Parts) -> None:
    scores = Scorer(Letters(), parts).score(ODD)
    assert scores.shape == (len(ODD), 3)
    assert scores.dtype == np.float32
    assert scores.sum(axis=1) == pytest.approx(np.ones(len(ODD)))


@hypothesis_settings(max_examples=50)
@given(st.lists(st.text(alphabet=st.characters(codec=None)), max_size=4))
def test_any_texts_have_scores(texts: list[str]) -> None:
    scores = Scorer(Letters(), PARTS).score(texts)
    assert scores.shape == (len(texts), 3)
    assert ((scores >= 0) & (scores <= 1)).all()


PARTS = learned(count=60)


def test_odd_texts_have_scores_from_the_embedded_model(encoder: Encoder) -> None:
    examples = [
        Example(f"{kind} {number}", f"{kind} of {number}", (kind,))
        for number in range(6)
        for kind in ("bug", "question")
    ]
    scorer = Scorer(encoder, fit(examples, Settings(min_examples=2), encoder).parts)
    assert np.isfinite(scorer.score(ODD)).all()
    vectors = scorer.embed(ODD)
    assert vectors.shape == (len(ODD), 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(ODD)), abs=1e-5)


def test_a_text_scores_the_same_alone_and_among_others(parts: Parts) -> None:
    texts = ["Problem\n\nIn System.Net.Reader: socket", *ODD]
    scorer = Scorer(Letters(), parts)
    assert scorer.score(texts)[0] == pytest.approx(scorer.score(texts[:1])[0], abs=1e-6)


def test_no_texts_have_no_scores(parts: Parts) -> None:
    assert Scorer(Letters(), parts).score([]).shape == (0, 3)


def test_an_issue_whose_body_names_an_area_is_of_it(parts: Parts) -> None:
    scores = Scorer(Letters(), parts).score([f"Odd\n\nLook at {area.removeprefix('area-')}.Writer" for area in AREAS])
    assert [parts.labels[column] for column in scores.argmax(axis=1)] == list(AREAS)


def test_names_of_labels_are_found_whole_and_by_their_last_part() -> None:
    views = look(Letters(), ["XmlReader is slow\n\nnothing", "Slow\n\nSystem.Xml.XmlReader", "Networking\n\nnothing"])
    labels, none = ("area-System.Net", "area-System.Xml", "kind/bug"), np.zeros(3, np.float32)
    found = Names(labels, np.zeros((3, 26), np.float32), none, none + 1).logits(views)
    assert found[0, 1] > 0
    assert found[1, 1] > found[1, 0]
    assert (found[2] == 0).all()


def test_a_name_without_words_is_said_by_no_text() -> None:
    labels, none = ("\N{BUG}", "area/", "kind/:bug:"), np.zeros(3, np.float32)
    views = look(Letters(), ["Area\n\nnothing", "", "Crash\n\n\N{BUG}", "_\n\n_"])
    found = Names(labels, np.zeros((3, 26), np.float32), none, none + 1).logits(views)
    # Of `area/`, only the whole is left.
    assert found.tolist() == [[0, 2, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_a_text_that_is_nearer_to_a_name_than_texts_usually_are_is_about_it() -> None:
    views = look(Letters(), ["zzz\n\nzzz", "qqq\n\nqqq"])
    vectors, none = Letters().embed(["zzz", "qqq"]), np.zeros(2, np.float32)
    found = Names(("a1", "b1"), vectors, none, none + 1).logits(views)
    assert found.argmax(axis=1).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("label", "said"),
    [("area-System.Net", "system net"), ("kind/bug", "bug"), ("good first issue", "good first issue"), ("🐛", "🐛")],
)
def test_a_label_is_spoken_in_words(label: str, said: str) -> None:
    assert spoken(label) == said


def test_terms_are_words_parts_of_names_and_pairs() -> None:
    title, body = terms("HttpClient fails", "see System.Net")
    assert {"t http", "t client", "t httpclient", "t fails", "t client fails"} <= title.keys()
    assert {"b see", "b system", "b net", "b system.net", "b system net"} <= body.keys()


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("A title\n\nA body", "A title", "A body"),
        ("It ends like a sentence.\n\nA body", "It ends like a sentence.", "A body"),
        ("Only a title", "Only a title", ""),
        ("First line\nsecond line", "", "First line\nsecond line"),
        ("\n\nA body", "", "A body"),
        ("", "", ""),
        ("x" * 300 + "\n\nA body", "", "x" * 300 + "\n\nA body"),
    ],
)
def test_a_title_is_taken_off_an_issue_even_when_it_is_a_sentence(text: str, title: str, body: str) -> None:
    assert split(text) == (title, body)


def test_a_forest_of_arrays_votes_as_the_trees_that_were_grown() -> None:
    from sklearn.ensemble import ExtraTreesRegressor

    chance = np.random.default_rng(0)
    numbers = chance.normal(size=(200, 6)).astype(np.float32)
    truth = np.eye(3, dtype=np.int8)[(numbers[:, 0] > 0).astype(int) + (numbers[:, 1] > 0)]
    weight = chance.random(200).astype(np.float32)
    grown = grow(numbers, truth, weight, seed=5)
    same = ExtraTreesRegressor(200, min_samples_leaf=2, max_features=0.3, max_leaf_nodes=96, random_state=5)
    same.fit(numbers, truth, sample_weight=weight)
    asked = chance.normal(size=(50, 6)).astype(np.float32)
    assert forest(grown.arrays()).shares(asked) == pytest.approx(same.predict(asked), abs=2e-3)


def test_a_linear_head_takes_no_number_more_seriously_than_its_bound() -> None:
    one = np.ones(1, np.float32)
    head = Linear(mean=0 * one, scale=one, bound=4 * one, weights=one[None, :], bias=0 * one)
    assert head.logits(np.array([[2.0], [1e9]], np.float32)).ravel().tolist() == [2.0, 4.0]


def test_rows_of_views_are_taken_together() -> None:
    views = look(Letters(), ["a\n\nb", "c\n\nd"])
    taken = views[np.array([1])]
    assert isinstance(taken, Views)
    assert (taken.titles, taken.bodies) == (["c"], ["d"])
    assert taken.meaning.shape == (1, 52)
