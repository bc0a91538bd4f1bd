"""Reasons for a label: past issues that carry it, and the words without which its score falls."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hubpipe.models import embedded
from hubpipe.models.abilities import Explaining
from hubpipe.models.base import ModelInfo, Places
from hubpipe.models.learned import archive
from hubpipe.models.learned.archive import Archive, Archived, digest
from hubpipe.models.learned.classifier import Classifier, Encoders
from hubpipe.models.learned.explain import MOST_CANDIDATES, explain
from hubpipe.models.learned.folder import Learned
from hubpipe.models.repository import Source
from hubpipe.models.sentence_encoder import Encoder
from hubpipe.training import archiving
from hubpipe.training.examples import Example
from hubpipe.training.fit import Settings, fit
from hubpipe.training.learning import Plan
from tests.models.test_learned_scorer import ODD

COLUMNS = ((0, "bug"), (1, "question"))


class Counting:
    """A model for which "crash" and "error" make a bug, and "how" a question."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def score(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.append(len(texts))
        rows = [(text.casefold().count("crash") * 0.4 + text.count("error") * 0.1, text.count("how")) for text in texts]
        return np.asarray(rows, np.float32)

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.asarray([[1.0, 0.0] for _ in texts], np.float32)


def kept(*issues: tuple[str, str, float]) -> Archive:
    vectors = [[cosine, np.sqrt(1 - cosine**2)] for *_, cosine in issues]
    archived = [
        Archived(text, (label,), number, digest=digest(text)) for number, (text, label, _) in enumerate(issues, 1)
    ]
    return Archive(np.asarray(vectors, np.float16), tuple(archived))


def test_the_words_that_weigh_most_come_first_and_in_one_call() -> None:
    model = Counting()
    [bug, question] = explain(model, None, "Crash on start\n\nAn error, then a crash.", COLUMNS)
    assert [word for word, _ in bug.words] == ["Crash", "error"]
    assert [weight for _, weight in bug.words] == pytest.approx([0.8, 0.1])
    assert question.words == ()
    assert bug.nearest == ()
    assert len(model.asked) == 1


def test_a_long_text_is_asked_for_few_words() -> None:
    model = Counting()
    explain(model, None, "Title\n\n" + " ".join(f"word{number}" for number in range(5_000)), COLUMNS)
    assert model.asked == [1 + MOST_CANDIDATES]


def test_the_nearest_three_carry_the_label_and_none_is_the_issue_itself() -> None:
    past = kept(
        ("Mine", "bug", 1.0),
        ("a", "Bug", 0.9),
        ("b", "question", 0.95),
        ("c", "bug", 0.5),
        ("d", "bug", 0.8),
        ("e", "bug", 0.1),
    )
    [bug, question] = explain(Counting(), past, "Mine", COLUMNS)
    assert [issue.number for issue in bug.nearest] == [2, 5, 4]
    assert [issue.number for issue in question.nearest] == [3]


def test_no_label_needs_no_reason() -> None:
    assert explain(Counting(), None, "Crash", ()) == ()


@pytest.mark.parametrize("text", ODD)
def test_any_text_is_explained(text: str) -> None:
    assert len(explain(Counting(), kept(("a", "bug", 0.5)), text, COLUMNS)) == 2


def test_a_learned_model_explains_by_the_archive_that_training_wrote(tmp_path: Path) -> None:
    place = embedded.find(None)
    assert place is not None
    encoder = Encoder(Source(place, embedded.NAME, embedded.REVISION))
    texts = {"bug": "The program crashes with an error", "question": "How do I change the colour"}
    examples = [
        Example(f"{texts[label]} {number}", f"{texts[label]} in part {number}", (label,), number=number + 1)
        for number in range(12)
        for label in texts
    ]
    learnt = fit(examples, Settings(min_examples=2), encoder)
    learned = Learned(learnt.parts, learnt.evidence)
    for name, data in archiving.kept(examples, learned, Plan(), 0.9, Places(offline=True)).files.items():
        (tmp_path / name).write_bytes(data)
    held = archive.read(tmp_path)
    assert held is not None
    assert len(held.issues) == len(examples)
    info = ModelInfo("hubpipe", "learned", None, "text-classification", None)
    model = Classifier(info, learned, Encoders(encoder, None), (), tmp_path)
    assert isinstance(model, Explaining)
    [why] = model.explain(examples[0].text, ["BUG", "unknown"])
    assert why.label == "bug"
    assert len(why.nearest) == 3
    own = examples[0].title
    assert own not in {issue.title for issue in why.nearest}
    assert all(issue.title.startswith(texts["bug"]) for issue in why.nearest)
    assert why.nearest[0].score > 0.8
