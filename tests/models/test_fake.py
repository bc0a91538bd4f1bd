from typing import Any

import pytest

from hubpipe.config import Step
from hubpipe.config.tasks import TASKS, gives
from hubpipe.models import load, load_media
from hubpipe.models.base import Boxes, Media, Places, Prediction, Scores, Spans, Text, Vector

LABELS = {"bug": "", "enhancement": "", "question": ""}


def answer(model: str, text: str, **step: Any) -> Prediction:
    given = {"task": "zero-shot-classification", **step}
    return load(Step(model=model, **given), LABELS, Places()).predict([text])[0]


def scores(model: str, text: str, **step: Any) -> dict[str, float]:
    prediction = answer(model, text, **step)
    assert isinstance(prediction, Scores)
    return {item.label: item.score for item in prediction.scores}


def test_scores_depend_on_the_text_and_share_one_whole() -> None:
    one, other = scores("fake:", "it crashes"), scores("fake:", "add tabs")
    assert one != other
    assert set(one) == set(LABELS)
    assert sum(one.values()) == pytest.approx(1)


def test_scores_stand_alone_when_several_labels_may_hold() -> None:
    assert sum(scores("fake:", "it crashes", multi_label=True).values()) != pytest.approx(1)


def test_a_single_label_does_not_hold_for_every_text() -> None:
    one = Step(task="zero-shot-classification", model="fake:")
    answers = load(one, {"bug": ""}, Places()).predict([f"issue {number}" for number in range(40)])
    sure = [answer.scores[0].score > 0.5 for answer in answers if isinstance(answer, Scores)]
    assert 0 < sum(sure) < len(sure) == 40


DECISION = {
    "task": "decision",
    "questions": {
        "is_bug": "Is it one?",
        "kind": {"instructions": "What?", "type": "choice", "criteria": {"crash": "it stops", "slow": "it waits"}},
        "harm": {"instructions": "How bad?", "type": "score", "criteria": ["none", "some", "all"]},
    },
}


def test_a_decision_scores_the_answers_and_each_questions_options_share_one_whole() -> None:
    found = scores("fake:", "it crashes", **DECISION)
    assert set(found) == {"is_bug", "crash", "slow", "none", "some", "all"}
    assert found["crash"] + found["slow"] == pytest.approx(1)
    assert found["none"] + found["some"] + found["all"] == pytest.approx(1)
    assert found["is_bug"] < 1


def test_every_label_is_the_best_one_for_some_text() -> None:
    best = {max(found := scores("fake:", f"issue {number}"), key=found.__getitem__) for number in range(40)}
    assert best == set(LABELS)


@pytest.mark.parametrize("task", ["summarization", "text-generation"])
def test_an_echo_writes_back_what_it_read(task: str) -> None:
    assert answer("fake:echo", "as it\n\nwas <!-- x -->", task=task) == Text("as it\n\nwas <!-- x -->")


def test_an_echo_reads_no_further_than_its_limit() -> None:
    assert answer("fake:echo", "word " * 600, task="summarization") == Text(" ".join(["word"] * 512))


def test_a_fixed_label_is_certain_and_the_others_are_not_there() -> None:
    assert scores("fake:label=bug", "anything") == {"bug": 1.0, "enhancement": 0.0, "question": 0.0}


def test_a_fixed_label_is_said_even_when_nobody_offered_it() -> None:
    assert scores("fake:label=@everyone", "anything")["@everyone"] == 1.0


def test_a_fixed_label_is_also_what_it_writes() -> None:
    assert answer("fake:label=owned", "anything", task="text-generation") == Text("owned")


def test_a_fixed_label_marks_every_word() -> None:
    prediction = answer("fake:label=PER", "Ada wrote it", task="token-classification")
    assert isinstance(prediction, Spans)
    assert [(span.label, span.text) for span in prediction.spans] == [("PER", "Ada"), ("PER", "wrote"), ("PER", "it")]


def test_a_summary_says_how_much_was_read() -> None:
    assert answer("fake:", "one two three", task="summarization") == Text("3 words, beginning with: one two three")


def about(model: str, data: bytes, task: str, text: str = "") -> Prediction:
    step = Step.model_validate({"model": model, "task": task})
    return load_media(step, LABELS, Places()).predict([Media("a.png", data, text)])[0]


MEDIA_TASKS = [name for name, facts in TASKS.items() if facts.reads != "text"]
SHAPES = {"scores": Scores, "spans": Spans, "text": Text, "vector": Vector, "boxes": Boxes}


@pytest.mark.parametrize("task", MEDIA_TASKS)
def test_an_image_or_a_sound_is_answered_by_its_bytes_in_the_tasks_shape(task: str) -> None:
    one, other = about("fake:", b"one", task), about("fake:", b"the other", task)
    assert type(one) is type(other) is SHAPES[gives(task, None)]
    assert one != other
    assert one == about("fake:", b"one", task, text="in another text")


def test_boxes_lie_in_an_image_and_their_labels_are_scored() -> None:
    prediction = about("fake:", b"one", "object-detection")
    assert isinstance(prediction, Boxes)
    assert {box.label for box in prediction.boxes} == set(LABELS)
    for box in prediction.boxes:
        assert 0 <= box.xmin < box.xmax <= 100
        assert 0 <= box.ymin < box.ymax <= 100


def test_a_fixed_label_is_seen_and_heard_everywhere() -> None:
    seen = about("fake:label=bug", b"one", "image-classification")
    assert isinstance(seen, Scores)
    assert (seen.scores[0].label, seen.scores[0].score) == ("bug", 1.0)
    assert about("fake:label=owned", b"one", "automatic-speech-recognition") == Text("owned")


def test_an_echo_writes_the_text_around_an_image() -> None:
    assert about("fake:echo", b"one", "image-text-to-text", "around <!-- x -->") == Text("around <!-- x -->")
