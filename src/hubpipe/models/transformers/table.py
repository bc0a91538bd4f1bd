"""Turn questions and the tables of a Markdown text into answers out of the tables' cells."""

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models.base import Prediction, Text, encodable
from hubpipe.models.tables import Table, tables
from hubpipe.models.transformers.adapter import NO_QUESTIONS, Adapter, pipe
from hubpipe.models.transformers.opening import Loaded

# What TAPAS puts around a question: [CLS] and [SEP].
SPECIAL_TOKENS = 2
# What TAPAS calls an answer that is read off the cells.
NO_AGGREGATOR = "NONE"
AGGREGATORS: dict[str, Callable[[Sequence[float]], float]] = {"SUM": sum, "AVERAGE": fmean}
COUNT = "COUNT"
SIGNS = "$€£% "

NO_PANDAS = "table-question-answering needs pandas: install hubpipe[tables]"
NOT_TAPAS = "{model} is a {kind}, whose answers about tables hubpipe does not read: choose a TAPAS model"
NO_TABLE = "everything: there is no table in the text"
TOO_WIDE = "table {number}, which has more columns or longer ones than the model reads"
TOO_LONG = "{count} rows of table {number}, each longer than the model reads"
IN_PARTS = "how the rows of table {number} relate across its {count} parts, which were read one by one"
LINE = "{name}: {answer}"
LINE_OF_TABLE = "{name} (table {number}): {answer}"


@dataclass(frozen=True)
class Found:
    """What one part of a table answers: cells, and what to do with them (SUM, AVERAGE, COUNT or nothing)."""

    cells: tuple[str, ...]
    aggregator: str


class TableQuestionAnswering(Adapter):
    """table-question-answering: an answer to each question from each table of the text, a line each.

    The answer is the Hub's: the cells, behind `SUM > `, `AVERAGE > ` or `COUNT > ` where the model says so, and
    then what that comes to if the cells are numbers. A table longer than the model reads is asked in parts.
    """

    head = "AutoModelForTableQuestionAnswering"
    advice = "shorten the longest question"
    limited = False

    def _prepare(self, step: Step, labels: Mapping[str, str], loaded: Loaded, name: str) -> None:
        try:
            # By name: it has no annotations, and is an extra.
            pandas: Any = importlib.import_module("pandas")
        except ImportError as fault:
            raise TaskError(NO_PANDAS) from fault
        config = loaded.model.config
        if config.model_type != "tapas":
            raise TaskError(NOT_TAPAS.format(model=name, kind=type(loaded.model).__name__))
        if not step.questions:
            raise TaskError(NO_QUESTIONS.format(task=step.task))
        self._questions = {key: question.instructions for key, question in step.questions.items()}
        self._pipe = pipe(step, loaded)
        self._frame = pandas.DataFrame
        # The first of each stands for the question and the header.
        self._most_rows, self._most_columns = config.max_num_rows - 1, config.max_num_columns - 1

    def _overhead(self, step: Step) -> int:
        return SPECIAL_TOKENS + max(len(self._tokenizer.tokenize(asked)) for asked in self._questions.values())

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Answer all questions from each text's tables."""
        return [self._answer(tables(encodable(text))) for text in texts]

    def _answer(self, found: Sequence[Table]) -> Text:
        lines: list[str] = []
        left_out = [] if found else [NO_TABLE]
        for number, table in enumerate(found, start=1):
            parts, missing = self._parts(table, number)
            left_out += missing
            answers = {name: self._asked(asked, parts) for name, asked in self._questions.items()}
            line = LINE if len(found) == 1 else LINE_OF_TABLE
            lines += [
                line.format(name=name, number=number, answer=answer) for name, answer in answers.items() if answer
            ]
        return Text("\n".join(lines), "; ".join(left_out))

    def _parts(self, table: Table, number: int) -> tuple[list[Table], list[str]]:
        """Cut a table into parts that the model can read, and say what of it is not read."""
        room = self._room - self._length(table.header)
        if len(table.header) > self._most_columns or room < len(table.header):
            return [], [TOO_WIDE.format(number=number)]
        fitting = [row for row in table.rows if self._length(row) <= room]
        parts = [Table(table.header, rows) for rows in self._groups(fitting, room)]
        long = len(table.rows) - len(fitting)
        missing = [TOO_LONG.format(count=long, number=number)] if long else []
        return parts, missing + ([IN_PARTS.format(number=number, count=len(parts))] if len(parts) > 1 else [])

    def _groups(self, rows: Sequence[tuple[str, ...]], room: int) -> Iterator[tuple[tuple[str, ...], ...]]:
        group: list[tuple[str, ...]] = []
        taken = 0
        for row in rows:
            length = self._length(row)
            if group and (taken + length > room or len(group) == self._most_rows):
                yield tuple(group)
                group, taken = [], 0
            group.append(row)
            taken += length
        if group:
            yield tuple(group)

    def _length(self, row: Sequence[str]) -> int:
        """Count a row's tokens; an empty cell is one."""
        return sum(max(1, len(self._tokenizer.tokenize(cell))) for cell in row)

    def _asked(self, question: str, parts: Sequence[Table]) -> str:
        found = [self._found(question, part) for part in parts]
        return "; ".join(map(_written, _together([answer for answer in found if answer.cells])))

    def _found(self, question: str, part: Table) -> Found:
        frame = self._frame(list(part.rows), columns=list(part.header), dtype=str)
        answer: Any = self._pipe(table=frame, query=question)
        return Found(tuple(map(str, answer["cells"])), str(answer.get("aggregator") or NO_AGGREGATOR))


def _together(found: Sequence[Found]) -> list[Found]:
    """Put the cells of several parts together that are to be treated alike."""
    kinds = dict.fromkeys(answer.aggregator for answer in found)
    return [
        Found(tuple(cell for answer in found if answer.aggregator == kind for cell in answer.cells), kind)
        for kind in kinds
    ]


def _written(found: Found) -> str:
    cells = ", ".join(found.cells)
    if found.aggregator == NO_AGGREGATOR:
        return cells
    result = _result(found)
    return f"{found.aggregator} > {cells}" + (f" = {result}" if result else "")


def _result(found: Found) -> str:
    """Work out an aggregator over its cells; empty where they are no numbers, or it is not known."""
    if found.aggregator == COUNT:
        return str(len(found.cells))
    work = AGGREGATORS.get(found.aggregator)
    try:
        numbers = [float(cell.strip(SIGNS).replace(",", "")) for cell in found.cells]
    except ValueError:
        return ""
    return f"{work(numbers):.10g}" if work else ""
