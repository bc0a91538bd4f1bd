import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models import load
from hubpipe.models.base import Model, Places, Text
from hubpipe.models.tables import Table, tables
from tests.models import readers

Specimen = Callable[[str, str], Path]
BROKEN, SUM, COUNT = readers.ASKED
HEADER, *ROWS = readers.TABLE


@pytest.fixture(scope="module")
def folder(specimen: Specimen) -> Path:
    return specimen("transformers", "table-question-answering")


def model(folder: Path, places: Places, questions: Any) -> Model:
    step = Step.model_validate({"task": "table-question-answering", "model": str(folder), "questions": questions})
    return load(step, {}, places)


def markdown(*rows: tuple[str, ...]) -> str:
    lines = [HEADER, ("---",) * len(HEADER), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def test_a_question_is_answered_by_the_cells_of_a_table(folder: Path, places: Places) -> None:
    text = f"A title\n\nSome words.\n\n{markdown(*ROWS)}\n\nMore words."
    assert model(folder, places, {"broken": BROKEN}).predict([text]) == [Text("broken: broken")]


def test_what_the_model_says_to_do_with_the_cells_is_done(folder: Path, places: Places) -> None:
    asked = model(folder, places, {"sum": SUM, "parts": COUNT})
    assert asked.predict([markdown(*ROWS)]) == [Text("sum: SUM > 3, 4 = 7\nparts: COUNT > login, search = 2")]


def test_a_sum_of_words_has_no_result(folder: Path, places: Places) -> None:
    rows = [("login", "works", "3"), ("search", "broken", "many")]
    assert model(folder, places, {"sum": SUM}).predict([markdown(*rows)]) == [Text("sum: SUM > 3, many")]


def test_each_table_of_a_text_is_asked(folder: Path, places: Places) -> None:
    text = f"{markdown(*ROWS)}\n\nand\n\n{markdown(('menu', 'broken', '5'), ('page', 'works', '2'))}"
    asked = model(folder, places, {"broken": BROKEN})
    assert asked.predict([text]) == [Text("broken (table 1): broken\nbroken (table 2): broken")]


def test_a_text_without_a_table_says_so(folder: Path, places: Places) -> None:
    asked = model(folder, places, {"broken": BROKEN})
    assert asked.predict(["", "a | b", "no table"]) == [Text("", "everything: there is no table in the text")] * 3


def test_a_long_table_is_read_in_parts_and_says_so(folder: Path, places: Places) -> None:
    rows = [(part, "works", "2") for part in readers.PARTS] * 8
    asked = model(folder, places, {"parts": COUNT})
    (answer,) = asked.predict([markdown(*rows)])
    assert isinstance(answer, Text)
    parts = int(answer.left_out.removeprefix("how the rows of table 1 relate across its ").split()[0])
    # One result over the cells of all parts: more than one part has rows.
    assert parts > 1
    assert 48 // parts < int(answer.text.rpartition(" = ")[2]) <= 48


def test_what_is_too_wide_for_the_model_is_said(folder: Path, places: Places) -> None:
    wide = "| " + " | ".join(["count"] * 40) + " |\n" + "| --- " * 40 + "|\n" + "| 1 " * 40 + "|"
    long = markdown(*ROWS, ("menu " * 80, "broken", "1"))
    asked = model(folder, places, {"broken": BROKEN})
    assert asked.predict([wide, long]) == [
        Text("", "table 1, which has more columns or longer ones than the model reads"),
        Text("broken: broken", "1 rows of table 1, each longer than the model reads"),
    ]


def test_a_table_is_read_without_its_mark_up() -> None:
    text = "> | a `x` | **b** |\n> |---|:-:|\n> | [c](https://example.com) | \\| 1 |\n> | d |\n\n`| no | table |`"
    assert tables(text) == [Table(("a x", "b"), (("c", "| 1"), ("d", "")))]


def test_a_table_of_code_is_no_table() -> None:
    assert tables(f"```\n{markdown(*ROWS)}\n```") == []


def test_without_pandas_the_extra_is_named(folder: Path, places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(TaskError, match=r"install hubpipe\[tables\]"):
        model(folder, places, {"broken": BROKEN})


def test_no_question_is_refused(folder: Path, places: Places) -> None:
    with pytest.raises(TaskError, match=r"set pipeline\.questions"):
        load(Step(task="table-question-answering", model=str(folder)), {}, places)
