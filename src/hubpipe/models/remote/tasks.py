"""Turn a text into the answer of a server that speaks the Hub's tasks.

What each sends and gets: https://huggingface.co/docs/inference-providers/tasks
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from huggingface_hub import InferenceClient

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models.base import NO_LABELS, Prediction, Scores, Span, Spans, Text, Vector
from hubpipe.models.remote import shapes
from hubpipe.models.remote.calls import Caller, Limit, RefusalError
from hubpipe.models.remote.columns import columns, parts
from hubpipe.models.remote.pieces import cut
from hubpipe.models.remote.watch import Watch
from hubpipe.models.tables import Table, tables

AskText = Callable[[str], Prediction]
AskAbout = Callable[[InferenceClient, Watch, str], Prediction]

MOST_LABELS = 100
TOKENS_FOR_A_MASK = 5
TABLE_LIMIT = 400  # pieces of one table: models of the task read 512 tokens, the question and the places of cells too
MASKS = ("[MASK]", "<mask>")
NO_TABLE = "everything: there is no table in the text"
IN_PARTS = "how the rows of its tables relate across {parts} parts, which were read one by one"
# A server whose model has another mask names it: "No mask_token (<mask>) found on the input".
NAMED_MASK = re.compile(r"mask_token \((\S{1,20})\)")


def asking(step: Step, labels: Mapping[str, str], caller: Caller) -> AskText:
    """Give the function that asks about one text.

    Raises TaskError for a task that needs labels without any, and for one that no client has.
    """
    task = step.known_task
    if task in CHOOSING and not labels:
        raise TaskError(NO_LABELS.format(task=task))
    return TASKS[task](step, labels, caller)


def nothing(task: str) -> Prediction:
    """Give the answer about a text without a word, for which no server is asked."""
    if task in ("token-classification", "question-answering"):
        return Spans(())
    if task == "feature-extraction":
        return Vector(())
    return Scores(()) if task in SCORING else Text("")


def _plain(caller: Caller, ask: AskAbout) -> AskText:
    """Make one request a text."""
    return lambda text: _once(caller, ask, text)


def _once(caller: Caller, ask: AskAbout, text: str, limit: Limit | None = None) -> Prediction:
    return caller.call(lambda client, watch: ask(client, watch, text), len(text), limit=limit)


def _text_classification(step: Step, labels: Mapping[str, str], caller: Caller) -> AskText:
    def ask(client: InferenceClient, watch: Watch, text: str) -> Scores:
        found: Any = client.text_classification(text, top_k=MOST_LABELS)
        # Servers answer [[...]] or [...]; of the second the client gives the first label alone.
        return shapes.scores(found if isinstance(found, list) else watch.json())

    return _plain(caller, ask)


def _zero_shot_classification(step: Step, labels: Mapping[str, str], caller: Caller) -> AskText:
    def ask(client: InferenceClient, watch: Watch, text: str) -> Scores:
        found: Any
        try:
            found = client.zero_shot_classification(
                text, list(labels), multi_label=step.multi_label, hypothesis_template=step.hypothesis_template
            )
        except ValueError:
            # An Inference Endpoint answers as its pipeline does, which the client does not read.
            found = shapes.paired(watch.json())
        return shapes.scores(found, among=labels)

    return _plain(caller, ask)


def _sentence_similarity(step: Step, labels: Mapping[str, str], caller: Caller) -> AskText:
    sentences = [f"{name}: {description}" if description else name for name, description in labels.items()]

    def ask(client: InferenceClient, watch: Watch, text: str) -> Scores:
        return shapes.similarities(client.sentence_similarity(text, sentences), list(labels))

    return _plain(caller, ask)


def _token_classification(step: Step, labels: Mapping[str, str], caller: Caller) -> AskText:
    return _plain(
        caller,
        lambda client, watch, text: shapes.spans(
            client.token_classification(text, aggregation_strategy="simple"), text
        ),
    )


def _question_answering(step: Step, labels: Mapping[str, str], caller: Caller) -> AskText:
    questions = step.questions or {}

    def one(text: str, name: str, question: str) -> list[Span]:
        def ask(client: InferenceClient, watch: Watch) -> list[Span]:
            found: Any = client.question_answering(question, text)
            best = found[0] if isinstance(found, list) else found
            # How a model says that the text does not tell.
            return [] if best.get("answer") == "" else [shapes.span(best, text, name)]

        return caller.call(ask, len(text) + len(question))

    def answer(text: str) -> Spans:
        found = [span for name, asked in questions.items() for span in one(text, name, asked.instructions)]
        return Spans(tuple(sorted(found, key=lambda span: (span.start, span.end))))

    return answer


def _summarization(step: Step, labels: Mapping[str, str], caller: Caller) -> AskText:
    return _plain(caller, lambda client, watch, text: shapes.text(client.summarization(text), "summary_text"))


def _translation(step: Step, labels: Mapping[str, str], caller: Caller) -> AskText:
    def ask(client: InferenceClient, watch: Watch, text: str) -> Text:
        found = client.translation(text, src_lang=step.source_language, tgt_lang=step.target_language)
        return shapes.text(found, "translation_text")

    return _plain(caller, ask)


def _text2text_generation(step: Step, labels: Mapping[str, str], caller: Caller) -> AskText:
    def ask(client: InferenceClient, watch: Watch, text: str) -> Text:
        told = f"{step.instructions}\n\n{text}" if step.instructions else text
        return Text(shapes.written(client.text_generation(told, max_new_tokens=step.max_new_tokens)))

    return _plain(caller, ask)


def _fill_mask(step: Step, labels: Mapping[str, str], caller: Caller) -> AskText:
    def ask(client: InferenceClient, watch: Watch, text: str) -> Scores:
        return shapes.words_for_a_mask(client.fill_mask(text, top_k=TOKENS_FOR_A_MASK))

    def answer(text: str) -> Prediction:
        limit = caller.limit()
        gap = next((mask for mask in MASKS if mask in text), None)
        try:
            return _once(caller, ask, text if gap else f"{text} {MASKS[0]}", limit)
        except RefusalError as fault:
            named = NAMED_MASK.search(fault.said)
            if named is None or named[1] == gap:
                raise
            return _once(caller, ask, text.replace(gap, named[1]) if gap else f"{text} {named[1]}", limit)

    return answer


def _table_question_answering(step: Step, labels: Mapping[str, str], caller: Caller) -> AskText:
    questions = {name: asked.instructions for name, asked in (step.questions or {}).items()}

    def one(table: Table, question: str) -> str:
        def ask(client: InferenceClient, watch: Watch) -> str:
            return shapes.text(client.table_question_answering(columns(table), question), "answer").text

        return caller.call(ask, len(_written(table)) + len(question))

    def answer(text: str) -> Text:
        found = [table for table in tables(text) if table.rows]
        if not found:
            return Text("", left_out=NO_TABLE)
        pieces = [part for table in found for part in parts(table, _fits)]
        said = [", ".join(one(part, question) for part in pieces) for question in questions.values()]
        answers = shapes.together(questions, said)
        left_out = IN_PARTS.format(parts=len(pieces)) if len(pieces) > len(found) else ""
        return Text(answers.text, left_out)

    return answer


def _written(table: Table) -> str:
    return " ".join(cell for row in (table.header, *table.rows) for cell in row)


def _fits(table: Table) -> bool:
    written = _written(table)
    return cut(written, TABLE_LIMIT) == written


def _feature_extraction(step: Step, labels: Mapping[str, str], caller: Caller) -> AskText:
    def ask(client: InferenceClient, watch: Watch, text: str) -> Vector:
        found: Any
        try:
            found = client.feature_extraction(text)
        except TypeError:
            # An Inference Endpoint of Sentence Transformers names what it gives, which the client does not read.
            found = watch.json()["embeddings"]
        return shapes.vector(found)

    return _plain(caller, ask)


TASKS: dict[str, Callable[[Step, Mapping[str, str], Caller], AskText]] = {
    "text-classification": _text_classification,
    "zero-shot-classification": _zero_shot_classification,
    "sentence-similarity": _sentence_similarity,
    "token-classification": _token_classification,
    "question-answering": _question_answering,
    "summarization": _summarization,
    "translation": _translation,
    "text2text-generation": _text2text_generation,
    "table-question-answering": _table_question_answering,
    "fill-mask": _fill_mask,
    "feature-extraction": _feature_extraction,
}
CHOOSING = ("zero-shot-classification", "sentence-similarity")
SCORING = ("text-classification", "fill-mask", *CHOOSING)
