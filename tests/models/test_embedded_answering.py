import time

import pytest

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models import load
from hubpipe.models.base import Model, Places, Span, Spans
from hubpipe.text import clean

ASKED = {
    "problem": "What happened, what is the bug?",
    "expected": "What was expected to happen?",
    "reproduce": "How can it be reproduced?",
    "environment": "In which environment does it happen: version, operating system?",
}
FORM = """Export stops in the middle

### What happened?

The export **stops** after 512 rows. No error is shown.

### Expected behavior

All rows are written.

### Steps to reproduce

1. Open a table with 1,000 rows
2. Choose *File → Export*

### Environment

Windows 11, app 3.2.0

### Relevant log output

_No response_
"""
TEMPLATE = """Login fails

**Describe the bug**
The page reloads and I am still logged out.

**To Reproduce**
Steps to reproduce the behavior:
1. Go to the login page
2. Click on "Sign in"

**Expected behavior**
I am logged in.

**Desktop (please complete the following information):**
 - OS: macOS
 - Version: 22
"""
UNDERLINED = """go vet panics on an empty file

What version of Go are you using (`go version`)?
-----

```
go version go1.21 linux/amd64
```

What did you expect to see?
-----

No output.

What did you do to reproduce it?
-----

go vet empty.go
"""
FREE = """Crash on start

Hi all, thanks for the great tool! Since yesterday I use version 2.3.1 on Windows 10. I expected the window to open.
Steps to reproduce:

- start the program twice

```
TypeError: window is not a function
```
"""


@pytest.fixture(scope="module")
def model(places: Places) -> Model:
    return asking(places, ASKED)


def asking(places: Places, questions: dict[str, str]) -> Model:
    return load(Step.model_validate({"task": "question-answering", "questions": questions}), {}, places)


def spans(model: Model, text: str) -> list[Span]:
    [prediction] = model.predict([text])
    assert isinstance(prediction, Spans)
    assert all(span.text == text[span.start : span.end] for span in prediction.spans)
    assert all(0 <= span.score <= 1 for span in prediction.spans)
    return list(prediction.spans)


def answers(model: Model, text: str) -> dict[str, str]:
    return {span.label: span.text for span in spans(model, text)}


@pytest.mark.parametrize("written", [FORM, clean(FORM), FORM.replace("\n", "\r\n")], ids=["raw", "clean", "CRLF"])
def test_each_field_of_an_issue_form_answers_the_question_that_asks_the_same(model: Model, written: str) -> None:
    found = {name: text.replace("\r\n", "\n") for name, text in answers(model, written).items()}
    assert found["problem"] == "The export **stops** after 512 rows. No error is shown."
    assert found["expected"] == "All rows are written."
    assert found["reproduce"].startswith("1. Open a table with 1,000 rows\n2. Choose")
    assert found["environment"] == "Windows 11, app 3.2.0"


def test_lines_in_bold_head_the_fields_of_a_template(model: Model) -> None:
    found = answers(model, TEMPLATE)
    assert found["problem"] == "The page reloads and I am still logged out."
    assert found["expected"] == "I am logged in."
    assert found["reproduce"].endswith('1. Go to the login page\n2. Click on "Sign in"')


def test_underlined_headings_are_headings_and_code_is_given_as_it_stands(places: Places) -> None:
    model = asking(places, {"version": "Which version is used?", "expected": "What did you expect?"})
    found = answers(model, UNDERLINED)
    assert found["version"] == "```\ngo version go1.21 linux/amd64\n```"
    assert found["expected"] == "No output."


def test_a_free_text_is_answered_by_its_sentences(places: Places) -> None:
    model = asking(places, {"version": "Which version is used?", "expected": "What was expected?", "steps": "Steps?"})
    found = answers(model, FREE)
    assert found["version"] == "Since yesterday I use version 2.3.1 on Windows 10."
    assert found["expected"] == "I expected the window to open."
    assert found["steps"] == "- start the program twice"


def test_a_line_of_code_is_an_answer_without_its_fence(places: Places) -> None:
    model = asking(places, {"error": "Which TypeError is raised by window?"})
    assert answers(model, FREE) == {"error": "TypeError: window is not a function"}


@pytest.mark.parametrize("nothing", ["_No response_", "", "N/A", "none.", "---", "**No response**"])
def test_a_field_that_nobody_filled_in_is_no_answer(places: Places, nothing: str) -> None:
    model = asking(places, {"environment": "In which environment?"})
    assert spans(model, f"Crash\n\n### Environment\n\n{nothing}\n\n### Other\n\nI like trains.") == []


def test_a_question_that_the_text_does_not_answer_has_no_span(model: Model) -> None:
    assert spans(model, "I like trains\n\nThe weather was fine today.") == []


def test_one_section_answers_one_question(places: Places) -> None:
    model = asking(places, {"reproduce": "How to reproduce it?", "steps": "What are the steps to reproduce it?"})
    found = spans(model, "Crash\n\n### Steps to reproduce\n\nPress it.\n\n### How to reproduce it\n\nPull it.")
    assert [(span.label, span.text) for span in found] == [("steps", "Press it."), ("reproduce", "Pull it.")]


def test_a_section_holds_the_smaller_ones_inside_it(places: Places) -> None:
    model = asking(places, {"environment": "In which environment?"})
    text = "## Environment\n\nWindows\n\n### Details\n\nVersion 11\n\n## Other\n\nNo."
    assert answers(model, text) == {"environment": "Windows\n\n### Details\n\nVersion 11"}


def test_answers_come_in_the_order_of_the_text(model: Model) -> None:
    assert [span.label for span in spans(model, FORM)] == ["problem", "expected", "reproduce", "environment"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "### ",
        "###",
        "### Environment",
        "### Environment\n\n\ud800\x00\u202e🎉",
        "**Environment**\n\n```\nnever closed",
        "> ### Environment\n> inside",
        "### Environment\n" * 3_000,
        "Environment:\n\n" * 3_000,
        "**Environment**\n\nx\n\n" * 3_000,
        "> " * 30_000,
        "* a\n" * 10_000,
        "a" * 5_000_000,
        "It crashes now. " * 20_000,
        "\r" * 1_000 + "### Environment\rx",
    ],
    ids=lambda text: repr(text[:16]),
)
def test_any_text_is_answered_in_a_few_seconds(model: Model, text: str) -> None:
    start = time.perf_counter()
    spans(model, text)
    assert time.perf_counter() - start < 20


def test_without_questions_nothing_is_loaded(places: Places) -> None:
    with pytest.raises(TaskError, match="answers questions: set"):
        load(Step(task="question-answering"), {}, places)


def test_of_very_many_headings_and_sentences_those_that_are_not_read_are_told(places: Places) -> None:
    model = load(Step.model_validate({"task": "question-answering", "questions": ASKED}), {}, places)
    text = "Title\n\n" + "\n\n".join(f"### Part {number}\n\nSentence {number} is here." for number in range(500))
    [found] = model.predict([text])
    assert isinstance(found, Spans)
    assert "100 of 500 headings (evenly spaced)" in found.left_out
