"""An answer of any other shape than the task's is never taken for one."""

import pytest

from hubpipe.config import TASKS, Step
from hubpipe.config.endpoints import NOT_SERVED
from hubpipe.errors import EndpointError
from hubpipe.models import load, load_media
from hubpipe.models.base import Media, Places, Prediction, Score, Scores, Span, Spans, Text
from tests.models.endpoint_server import EndpointServer, chat_answer, dumps
from tests.standin.wire import Reply

LABELS = {"bug": "", "question": "asks something"}
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20

ODD = {
    "nothing": "",
    "no JSON": "OK",
    "null": "null",
    "a number": "7",
    "a text": '"fine"',
    "an empty list": "[]",
    "an empty object": "{}",
    "a list of nothing": "[null]",
    "a list of lists": "[[[[]]]]",
    "an error under 200": '{"error": "no such model"}',
    "wrong types": '[{"label": 1, "score": "high", "text": 1, "summary_text": [], "generated_text": {}, "answer": 3}]',
    "no number": '[{"label": "bug", "score": NaN, "start": 0, "end": 2, "entity_group": "A", "token_str": "a"}]',
    "too large a number": '[{"label": "bug", "score": 1e999, "token_str": "a"}]',
    "a whole number without end": '[{"label": "bug", "token_str": "a", "score": 1' + "0" * 400 + "}]",
    "a span outside": '[{"entity_group": "A", "start": 2, "end": 9000, "score": 0.5, "answer": "x"}]',
    "a span of floats": '[{"entity_group": "A", "start": 0.5, "end": 2.5, "score": 0.5, "answer": "x"}]',
    "a strange label": '[{"label": "@everyone", "score": 0.5, "box": {}}]',
    "a long label": dumps([{"label": "x" * 300, "score": 0.5, "entity_group": "x" * 300, "token_str": "x" * 300}]),
    "many labels": dumps([[{"label": "x", "score": 0.5}] * 3_000]),
    "deep": "[" * 50_000,
    "ragged": "[[1.0, 2.0], [3.0]]",
    "no embedding": '[["a", "b"]]',
    "an embedding of nothing": "[NaN, 1.0]",
    "a choice of nothing": '{"choices": []}',
    "a choice without words": '{"choices": [{"message": {"content": null}}]}',
    "choices of another kind": '{"choices": "yes"}',
    "not UTF-8": "\udcff",
}
HALF = "a \\ud800 b"  # a lone surrogate, which JSON can write and UTF-8 cannot
# Some odd answers are quite right for some tasks: nothing found, or any label at all.
RIGHT = {
    "text-classification": {"a strange label"},
    "image-classification": {"a strange label", "an empty list"},
    "token-classification": {"an empty list"},
    "fill-mask": {"an empty list"},
    "object-detection": {"an empty list"},
    "document-question-answering": {"a span outside", "a span of floats"},  # it points into what was read off a page
}
REMOTE = sorted(set(TASKS) - NOT_SERVED)
TEXT = "It crashes at start.\n\n| file | crashes |\n| --- | --- |\n| a.png | 7 |\n"


def step_of(task: str, endpoint: str) -> Step:
    keys = {"questions": {"what": "What fails?"}} if TASKS[task].asks else {}
    return Step.model_validate({"task": task, "model": "org/name", "endpoint": endpoint, **keys})


def ask(task: str, server: EndpointServer) -> list[Prediction]:
    step = step_of(task, server.at(task))
    if TASKS[task].reads == "text":
        return load(step, LABELS, Places()).predict([TEXT])
    data = PNG if TASKS[task].reads == "image" else b"fLaC" + b"\0" * 20
    return load_media(step, LABELS, Places()).predict([Media("shot.png", data)])


@pytest.mark.parametrize("task", REMOTE)
def test_an_answer_of_any_other_shape_is_a_fault_of_the_endpoint(server: EndpointServer, task: str) -> None:
    taken = set()
    for name, body in ODD.items():
        server.always = Reply(200, body.encode("utf-8", "surrogateescape"), {"content-type": "application/json"})
        try:
            ask(task, server)
            taken.add(name)
        except EndpointError as error:
            assert "gave no usable answer" in str(error), name
    assert taken == RIGHT.get(task, set())


@pytest.mark.parametrize(
    ("task", "body", "expected"),
    [
        ("summarization", f'[{{"summary_text": "{HALF}"}}]', Text("a ? b")),
        ("text2text-generation", f'[{{"generated_text": "{HALF}"}}]', Text("a ? b")),
        ("table-question-answering", f'{{"answer": "{HALF}"}}', Text("what: a ? b")),
        ("image-to-text", f'[{{"generated_text": "{HALF}"}}]', Text("a ? b")),
        ("text-classification", f'[[{{"label": "{HALF}", "score": 1}}]]', Scores((Score("a ? b", 1.0),))),
        ("fill-mask", f'[{{"token_str": " {HALF}", "score": 1}}]', Scores((Score("a ? b", 1.0),))),
        ("image-classification", f'[{{"label": "{HALF}", "score": 1}}]', Scores((Score("a ? b", 1.0),))),
        (
            "text-classification",
            '[[{"label": "a\\n::error::x\\u2028y\\u0000\\u001b", "score": 1}]]',
            Scores((Score("a ::error::x y  ", 1.0),)),
        ),
        ("text-classification", '[[{"label": "👩\u200d💻", "score": 1}]]', Scores((Score("👩\u200d💻", 1.0),))),
    ],
)
def test_half_characters_and_line_ends_are_taken_out_at_the_edge(
    server: EndpointServer, task: str, body: str, expected: Prediction
) -> None:
    server.always = Reply(200, body.encode(), {"content-type": "application/json"})
    assert ask(task, server) == [expected]


def test_half_characters_of_a_span_and_a_chat_are_taken_out_too(server: EndpointServer) -> None:
    spans = f'[{{"entity_group": "{HALF}", "start": 0, "end": 2, "score": 1}}]'
    server.always = Reply(200, spans.encode(), {"content-type": "application/json"})
    assert ask("token-classification", server) == [Spans((Span("a ? b", 0, 2, "It", 1.0),))]
    server.always = Reply(200, dumps(chat_answer("a \ud800 b")).encode(), {"content-type": "application/json"})
    assert ask("text-generation", server) == [Text("a ? b")]


def test_a_label_of_nothing_but_line_ends_is_none(server: EndpointServer) -> None:
    server.always = Reply(200, b'[[{"label": "\\n\\r", "score": 1}]]', {"content-type": "application/json"})
    with pytest.raises(EndpointError, match="a label is no text"):
        ask("text-classification", server)
