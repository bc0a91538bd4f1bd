"""Learning: a few examples become a model that scores, and evidence of how well it does."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from hubpipe.errors import UsageError
from hubpipe.models import embedded
from hubpipe.models.learned.scorer import Scorer
from hubpipe.models.repository import Source
from hubpipe.models.sentence_encoder import Encoder
from hubpipe.training.examples import Example
from hubpipe.training.fit import Rehearsal, Settings, chosen, fit, rehearsed
from hubpipe.training.forward import by_lot, folds
from hubpipe.training.heads import Recipe

THINGS = (
    "parser",
    "sidebar",
    "installer",
    "search page",
    "scheduler",
    "importer",
    "login form",
    "cache",
    "printer",
    "map",
)
KINDS = {
    "bug": ("The {} crashes on start", "Since the update the {} fails with an error. Expected: it works."),
    "feature": ("Add an option to the {}", "It would be nice if the {} could be configured. Please support this."),
    "question": ("How do I use the {}?", "I am trying to understand the {}. Is there an example? Thanks!"),
}
START = datetime(2024, 1, 1, tzinfo=UTC)
FEW = Settings(min_examples=2)


def issues(kinds: Sequence[str] = tuple(KINDS), count: int = len(THINGS), dated: bool = True) -> list[Example]:
    found = []
    for number, thing in enumerate(THINGS[:count]):
        for kind in kinds:
            title, body = (text.format(thing) for text in KINDS[kind])
            day = START + timedelta(days=number) if dated else None
            found.append(Example(title, body, (kind,), created_at=day))
    return found


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    folder = embedded.find(None)
    assert folder is not None
    return Encoder(Source(folder, embedded.NAME, embedded.REVISION))


class Counting:
    """An encoder whose vectors are the counts of a text's letters: quick, and as good as its words."""

    def __init__(self, width: int = 26) -> None:
        self.width = width

    def embed(self, texts: Sequence[str], quick: bool = False) -> NDArray[np.float32]:
        found = np.zeros((len(texts), self.width), np.float32)
        for row, text in enumerate(texts):
            for character in text.casefold():
                found[row, ord(character) % self.width] += 1
        scaled: NDArray[np.float32] = (found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1)).astype(
            np.float32
        )
        return scaled


class Layered(Counting):
    """An encoder with an inner layer: one that tells kinds apart, or one that tells nothing and is loud."""

    def __init__(self, *, useful: bool) -> None:
        super().__init__()
        self._useful = useful
        self._chance = np.random.default_rng(0)

    def read(self, texts: Sequence[str], quick: bool = False) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if self._useful:
            said = np.array([[word in text for word in ("crash", "ption", "?")] for text in texts], np.float32)
        else:
            said = self._chance.normal(size=(len(texts), 200)).astype(np.float32)
        # Letters that say nothing: what the last layer has is not enough.
        return self.embed(["" for _ in texts] if self._useful else texts, quick), said


def test_an_inner_layer_is_read_where_it_tells_labels_apart() -> None:
    learnt = fit(issues(), replace(FEW, recipe=Recipe(traits=0.0, trees=False, words=False)), Layered(useful=True))
    scores = Scorer(Layered(useful=True), learnt.parts).score([issue.text for issue in issues()])
    assert learnt.parts.spec["deep"] is True
    right = [learnt.parts.labels[row] == issue.labels[0] for row, issue in zip(scores.argmax(1), issues(), strict=True)]
    assert np.mean(right) > 0.9


def test_an_inner_layer_is_not_read_where_it_is_surely_in_the_way() -> None:
    learnt = fit(issues(), FEW, Layered(useful=False))
    assert learnt.parts.spec["deep"] is False


def topics(kinds: Sequence[str]) -> list[Example]:
    """Make issues of a kind and a topic each: the words tell the topic, and nothing else does."""
    chance, found = np.random.default_rng(0), []
    words = {"net": ("socket", "packet", "router"), "xml": ("node", "schema", "parser")}
    for number in range(240):
        kind, topic = kinds[number % len(kinds)], tuple(words)[number // 2 % 2]
        said = " ".join(chance.choice(words[topic], 4))
        label = f"{kind}-{topic}" if len(kinds) > 1 else topic
        found.append(Example(f"{kind} {number}", said, (label,), created_at=START + timedelta(days=number)))
    return found


def test_an_inner_layer_and_words_are_read_together_where_each_tells_what_the_other_does_not() -> None:
    examples = topics(("crash", "option"))
    learnt = fit(examples, replace(FEW, recipe=Recipe(traits=0.0, trees=False)), Layered(useful=True))
    believed = learnt.parts.spec["learning"]["believed"]
    assert learnt.parts.spec["deep"] is True
    assert believed["words"] > 0.1 < believed["linear"]
    scores = Scorer(Layered(useful=True), learnt.parts).score([issue.text for issue in examples])
    right = [learnt.parts.labels[row] == one.labels[0] for row, one in zip(scores.argmax(1), examples, strict=True)]
    assert np.mean(right) > 0.95


def test_words_that_speak_alone_need_no_inner_layer() -> None:
    learnt = fit(topics(("crash",)), replace(FEW, recipe=Recipe(traits=0.0, trees=False)), Layered(useful=True))
    assert learnt.parts.spec["learning"]["believed"]["words"] > 0.1
    assert learnt.parts.spec["learning"]["believed"]["linear"] == 0.0
    assert learnt.parts.spec["deep"] is False


def test_who_tells_of_no_inner_layer_is_read_without_one() -> None:
    assert fit(issues(), FEW, Counting()).parts.spec["deep"] is False


def test_twenty_issues_are_enough_to_learn_two_plain_labels(encoder: Encoder) -> None:
    learnt = fit(issues(("bug", "question")), FEW, encoder)
    scores = Scorer(encoder, learnt.parts).score(
        ["The editor crashes on start\n\nIt fails with an error.", "How do I?"]
    )
    assert learnt.parts.labels == ("bug", "question")
    assert scores.argmax(axis=1).tolist() == [0, 1]
    assert scores.sum(axis=1) == pytest.approx([1, 1])


def test_labels_exclude_each_other_where_every_issue_has_one() -> None:
    assert fit(issues(), FEW, Counting()).parts.spec["exclusive"] is True
    both = [*issues(), Example("Crash, and add an option", "", ("bug", "feature"), created_at=START)]
    assert fit(both, FEW, Counting()).parts.spec["exclusive"] is False
    none = [*issues(), Example("Release notes", "", (), created_at=START)]
    assert fit(none, FEW, Counting()).parts.spec["exclusive"] is False


def test_labels_that_do_not_exclude_each_other_are_scored_each_by_itself(encoder: Encoder) -> None:
    doubled = [
        replace(issue, labels=(*issue.labels, "area: ui")) if "sidebar" in issue.title else issue for issue in issues()
    ]
    learnt = fit(doubled, FEW, encoder)
    scores = Scorer(encoder, learnt.parts).score([issue.text for issue in doubled])
    assert set(learnt.parts.labels) == {"bug", "feature", "question", "area: ui"}
    column = learnt.parts.labels.index("area: ui")
    marked = np.array(["sidebar" in issue.title for issue in doubled])
    assert scores[marked, column].min() > scores[~marked, column].max()


def test_one_label_is_told_from_what_does_not_have_it(encoder: Encoder) -> None:
    learnt = fit(issues(("bug", "question")), Settings(labels=("bug",)), encoder)
    scores = Scorer(encoder, learnt.parts).score(
        ["The editor crashes on start\n\nIt fails.", "How do I use it?\n\nThanks!"]
    )
    assert scores.shape == (2, 1)
    assert scores[0, 0] > 0.5 > scores[1, 0]


def test_what_nobody_knows_counts_neither_for_nor_against() -> None:
    marked = [replace(issue, unsure=("bug",)) if issue.labels == ("feature",) else issue for issue in issues()]
    learnt = fit(marked, FEW, Counting())
    column = learnt.parts.labels.index("bug")
    assert learnt.parts.spec["exclusive"] is False
    assert set(np.unique(learnt.evidence.truth[:, column])) == {-1, 0, 1}
    assert np.isfinite(learnt.evidence.scores).all()


def test_an_example_that_weighs_nothing_teaches_nothing() -> None:
    wrong = [replace(issue, labels=("question",), weight=0.0) for issue in issues(("bug",))]
    right = issues(("bug", "question"))
    learnt = fit([*right, *wrong], Settings(labels=("bug", "question")), Counting())
    scores = Scorer(Counting(), learnt.parts).score([issue.text for issue in issues(("bug",))])
    assert (scores.argmax(axis=1) == 0).all()


def test_evidence_is_of_later_issues_than_those_learned_from() -> None:
    examples = issues()
    truth = np.array([[int(kind in issue.labels) for kind in KINDS] for issue in examples], dtype=np.int8)
    split = folds(examples, truth, 0)
    assert len(split) > 1
    for old, new in split:
        for column in range(3):
            past = [examples[row].created_at for row in old if truth[row, column]]
            later = [examples[row].created_at for row in new if truth[row, column]]
            assert past
            assert all(day < other for day in past if day for other in later if other)
    measured = np.concatenate([new for _, new in split])
    assert len(np.unique(measured)) == len(measured)


def test_evidence_is_in_the_order_of_time() -> None:
    examples = issues()
    shuffled = [examples[place] for place in np.random.default_rng(0).permutation(len(examples))]
    # The same model whatever the order of the file is, but for how equal times are ordered.
    late = [replace(issue, created_at=START + timedelta(hours=row)) for row, issue in enumerate(examples)]
    mixed = [late[place] for place in np.random.default_rng(1).permutation(len(late))]
    assert len(fit(shuffled, FEW, Counting()).evidence.truth) == len(fit(examples, FEW, Counting()).evidence.truth)
    truth = fit(mixed, FEW, Counting()).evidence.truth
    columns = fit(mixed, FEW, Counting()).parts.labels
    kinds = [columns[place] for place in truth.argmax(axis=1)]
    # The issues of each day are a bug, a feature and a question, in this order.
    assert kinds == [issue.labels[0] for issue in late][-len(kinds) :]


def test_without_dates_every_issue_is_measured_once_by_a_model_that_did_not_learn_it() -> None:
    examples = issues(dated=False)
    truth = np.array([[int(kind in issue.labels) for kind in KINDS] for issue in examples], dtype=np.int8)
    split = folds(examples, truth, 0)
    assert sorted(np.concatenate([new for _, new in split]).tolist()) == list(range(len(examples)))
    assert all(not set(old) & set(new) for old, new in split)
    assert fit(examples, FEW, Counting()).parts.spec["learning"]["folds"] == "by lot"


def test_every_fold_has_every_label() -> None:
    truth = np.eye(3, dtype=np.int8)[np.repeat([0, 1, 2], [50, 10, 5])]
    assert all((truth[new].sum(axis=0) > 0).all() for _, new in by_lot(truth, 5, 0))


def test_the_same_examples_and_seed_make_the_same_model() -> None:
    first, second = (fit(issues(), Settings(min_examples=2, seed=3), Counting()) for _ in range(2))
    assert first.parts.spec == second.parts.spec
    assert all((first.parts.arrays[name] == second.parts.arrays[name]).all() for name in first.parts.arrays)
    assert (first.evidence.scores == second.evidence.scores).all()


def test_a_prior_of_other_labels_of_the_same_meaning_helps_where_labels_are_few(encoder: Encoder) -> None:
    before = Scorer(encoder, fit(issues(), FEW, encoder).parts)
    # Nothing but the prior tells these from each other: their words are noise, and they are four.
    few = [
        Example("The map crashes", "It fails.", ("T: bug",)),
        Example("The cache crashes", "It fails.", ("T: bug",)),
        Example("Add a map", "It would be nice.", ("enhancement",)),
        Example("Add a cache", "It would be nice.", ("enhancement",)),
    ]
    learnt = fit(few, FEW, encoder, before)
    assert learnt.parts.spec["learning"]["believed"]["prior"] > 0
    asked = [issue.text for issue in issues(("bug", "feature"))]
    found = Scorer(encoder, learnt.parts).score(asked).argmax(axis=1)
    wanted = [learnt.parts.labels.index(name) for name in ("T: bug", "enhancement")] * len(THINGS)
    assert (found == wanted).mean() >= 0.9


class Deaf:
    """An encoder to which all texts are one."""

    def embed(self, texts: Sequence[str], quick: bool = False) -> NDArray[np.float32]:
        return np.full((len(texts), 27), 27**-0.5, np.float32)


class Knowing:
    """A tuned encoder that knows of each text which kind it is, more or less."""

    def __init__(self, kinds: dict[str, int], doubt: float) -> None:
        self.kinds, self.doubt = kinds, doubt

    def embed(self, texts: Sequence[str], quick: bool = False) -> NDArray[np.float32]:
        shaken = np.random.default_rng(len(texts)).normal(0, self.doubt, (len(texts), 27))
        return np.asarray(np.eye(27)[[self.kinds.get(text, 26) for text in texts]] + shaken, dtype=np.float32)


def secret(repos: int = 1) -> tuple[list[Example], dict[str, int]]:
    """Make issues that nothing in them tells apart, and what kind each is."""
    found, kinds = [], {}
    for number in range(45):
        title, day = f"Case {chr(97 + number // 26)}{chr(97 + number % 26)}", START + timedelta(days=number)
        kind = number % 3
        found.append(Example(title, "", (tuple(KINDS)[kind],), created_at=day, repo=f"org/{number % repos}"))
        kinds[title] = kind
    return found, kinds


def test_what_a_tuned_encoder_tells_apart_is_believed_beside_the_other_heads() -> None:
    examples, kinds = secret()
    plain, tuned = (fit(examples, FEW, Deaf(), None, given) for given in (None, Knowing(kinds, 0.2)))
    right = [
        np.mean([evidence.truth[row, best] for row, best in enumerate(evidence.scores.argmax(axis=1))])
        for evidence in (plain.evidence, tuned.evidence)
    ]
    assert right[0] < 0.6
    assert right[1] > 0.8
    assert tuned.parts.spec["learning"]["believed"]["tuned"] > 0
    assert plain.parts.spec["learning"]["believed"]["tuned"] == 0


def test_of_strange_repositories_a_fifth_of_a_tuned_encoders_word_is_believed() -> None:
    examples, kinds = secret(4)
    learnt = fit(examples, replace(FEW, strange=True), Deaf(), None, Knowing(kinds, 0.0))
    assert learnt.parts.spec["tuned"]
    assert learnt.parts.spec["learning"]["believed"]["tuned"] == pytest.approx(0.2)
    # Its labels are those that it was tuned on: what it says of them is no evidence.
    assert learnt.evidence.scores.max(axis=1).mean() < 0.6


def test_a_prior_whose_labels_mean_nothing_here_is_left_out() -> None:
    before = Scorer(Counting(), fit(issues(), FEW, Counting()).parts)
    renamed = {"bug": "area: a", "feature": "area: b", "question": "area: c"}
    others = [replace(issue, labels=(renamed[issue.labels[0]],)) for issue in issues()]
    assert fit(others, FEW, Counting(), before).parts.spec["prior"] is None


def test_words_are_read_where_they_tell_labels_apart_in_time() -> None:
    """Areas are told by names in code, which letters do not show."""
    chance = np.random.default_rng(0)
    names = ("Alpha.Net", "Beta.Net", "Gamma.Net", "Delta.Net")
    examples = []
    for number in range(160):
        body = f"See {names[number % 4]} {' '.join(chance.choice(THINGS, 12))}"
        day = START + timedelta(days=number)
        examples.append(Example(f"Problem {number}", body, (f"area-{number % 4}",), created_at=day))
    read, unread = fit(examples, FEW, Counting()), fit(examples, replace(FEW, words=False), Counting())
    assert read.parts.spec["words"] is True
    assert read.parts.spec["learning"]["words"].startswith("words are read: in time")
    assert unread.parts.spec["words"] is False
    right, less = (
        (learnt.evidence.scores.argmax(axis=1) == learnt.evidence.truth.argmax(axis=1)).mean()
        for learnt in (read, unread)
    )
    assert right > less + 0.2


def test_what_is_learned_is_json_and_numbers() -> None:
    parts = fit(issues(), FEW, Counting()).parts
    assert json.loads(json.dumps(dict(parts.spec))) == dict(parts.spec)
    assert all(array.dtype.kind in "fiu" for array in parts.arrays.values())


def test_an_encoder_of_any_width_will_do() -> None:
    for width in (3, 100):
        encoder = Counting(width)
        scores = Scorer(encoder, fit(issues(), FEW, encoder).parts).score(["x"])
        assert scores.shape == (1, 3)


def test_labels_are_the_frequent_ones_or_those_asked_for() -> None:
    examples = [*issues(), Example("Odd", "", ("odd",)), Example("Odd too", "", ("ODD", "bug"))]
    assert chosen(examples, Settings(min_examples=3)) == ("bug", "feature", "question")
    assert chosen(examples, Settings(min_examples=2))[-1] == "odd"
    assert chosen(examples, Settings(labels=("question", "Bug"))) == ("question", "Bug")


def test_a_label_that_is_asked_for_twice_is_learned_once_whatever_its_case() -> None:
    assert chosen(issues(), Settings(labels=("bug", "question", "Bug", "bug"))) == ("bug", "question")


@pytest.mark.parametrize(
    ("examples", "settings", "said"),
    [
        ([], Settings(), "Nothing to learn: 0 of 0 labels"),
        (issues(count=3), Settings(), "0 of 3 labels have at least 8 examples"),
        (issues(), Settings(labels=("bug", "chore")), "No example of the label chore"),
        (issues(("bug",)), Settings(), "Every labelled example has the label bug"),
        (issues(count=1), Settings(min_examples=1), "too few to measure"),
    ],
)
def test_too_little_to_learn_is_said(examples: list[Example], settings: Settings, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        fit(examples, settings, Counting())


def test_a_tuned_encoder_is_believed_by_how_its_rehearsal_went() -> None:
    examples, kinds = secret()
    old = rehearsed(examples, FEW)
    assert 0 < len(old) < len(examples)
    # It was tuned until it knew every example's label by heart; in the rehearsal, those of the older ones alone.
    by_heart = Knowing(kinds, 0.0)
    older = Knowing({examples[row].title: kinds[examples[row].title] for row in old}, 0.0)
    blind = fit(examples, FEW, Deaf(), None, by_heart)
    honest = fit(examples, FEW, Deaf(), None, by_heart, Rehearsal(older, old))
    assert len(honest.evidence.scores) == len(examples) - len(old)
    assert honest.evidence.scores.max(axis=1).mean() < blind.evidence.scores.max(axis=1).mean() - 0.1
    with pytest.raises(ValueError, match="other rows"):
        fit(examples, FEW, Deaf(), None, by_heart, Rehearsal(older, old[1:]))


def test_what_is_meant_for_strange_repositories_is_measured_repository_by_repository() -> None:
    several = [replace(issue, repo=f"org/{number % 3}") for number, issue in enumerate(issues())]
    settings = replace(FEW, strange=True)
    learnt = fit(several, settings, Counting())
    assert learnt.parts.spec["learning"]["folds"] == "by repository"
    assert len(learnt.evidence.scores) == len(several)
    alone = fit(issues(), settings, Counting())
    assert alone.parts.spec["learning"]["believed"] == {
        "prior": 0,
        "linear": 1,
        "trees": 0,
        "words": 0,
        "names": 0,
        "tuned": 0,
    }
    assert alone.parts.spec["trees"] is False
