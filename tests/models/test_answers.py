import json

import pytest

from hubpipe.models import answers
from hubpipe.models.base import Score, Scores

LABELS = {"bug": "Something isn't working", "good first issue": "", 'say "hi"': "A quoted one"}


def test_the_instructions_name_every_label_as_json_would() -> None:
    told = answers.instructions(LABELS, multi_label=False)
    for line in ('- "bug": Something isn\'t working', '- "good first issue"', r'- "say \"hi\"": A quoted one'):
        assert line in told.splitlines()
    assert "one label" in told
    assert "every label" in answers.instructions(LABELS, multi_label=True)


@pytest.mark.parametrize("several", [False, True])
def test_the_example_of_the_instructions_is_itself_an_answer(several: bool) -> None:
    told = answers.instructions(LABELS, several)
    example = next(line for line in told.splitlines() if '{"labels"' in line).split(", or ")[0]
    assert answers.scores(example, LABELS, several).scores[0] == Score("bug", 1.0)


@pytest.mark.parametrize(
    "answer",
    [
        '{"labels": ["bug"]}',
        'Sure! Here it is:\n```json\n{"labels": ["bug"]}\n```\nI hope that {this} helps.',
        '{"labels": ["bug"]} {"labels": ["bug"]}',
        'The text says {"error": 3}. {"labels":\n\n["bug"]}',
    ],
)
def test_a_label_is_found_in_json_between_other_words(answer: str) -> None:
    found = answers.scores(answer, LABELS, multi_label=False)
    assert found == Scores((Score("bug", 1.0), Score("good first issue", 0.0), Score('say "hi"', 0.0)))


def test_several_labels_hold_only_where_they_may() -> None:
    answer = json.dumps({"labels": ["bug", "good first issue"]})
    assert [item.score for item in answers.scores(answer, LABELS, multi_label=True).scores] == [1.0, 1.0, 0.0]
    assert answers.scores(answer, LABELS, multi_label=False) == Scores((), answers.NO_JSON)


def test_no_label_is_an_answer_too() -> None:
    found = answers.scores('{"labels": []}', LABELS, multi_label=False)
    assert [item.score for item in found.scores] == [0.0, 0.0, 0.0]
    assert found.remark == ""


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "bug",
        "{bug}",
        '{"labels": "bug"}',
        '{"labels": ["BUG!"]}',
        '{"labels": ["bug", "security"]}',
        '{"label": ["bug"]}',
        '{"labels": ["bug"], "and": 1}',
        '["bug"]',
        '{"labels": [["bug"]]}',
        '{"labels": ["bug"',
        '{"a":' * 50_000,
        '{"answer": {"labels": ["bug"]}}',
    ],
)
def test_any_other_answer_gives_no_label_and_says_so(answer: str) -> None:
    assert answers.scores(answer, LABELS, multi_label=True) == Scores((), answers.NO_JSON)


def test_answers_that_differ_give_no_label_and_say_so() -> None:
    answer = '{"labels": ["bug"]} or rather {"labels": ["good first issue"]}'
    assert answers.scores(answer, LABELS, multi_label=False) == Scores((), answers.SEVERAL_ANSWERS)
