"""A step with an endpoint: what is sent for each task, and what its answers become."""

from itertools import pairwise

import pytest

from hubpipe.config import TASKS, Step
from hubpipe.config.endpoints import NOT_SERVED
from hubpipe.errors import EndpointError, TaskError
from hubpipe.models import load
from hubpipe.models.base import Boxes, Model, Places, Prediction, Scores, Spans, Terms, Text, Vector
from tests.models.endpoint_server import EndpointServer
from tests.standin.wire import reply_json

LABELS = {"bug": "Something isn't working", "question": ""}
SHAPES: dict[str, type[Prediction]] = {"scores": Scores, "spans": Spans, "text": Text, "vector": Vector, "boxes": Boxes}
REMOTE = sorted(set(TASKS) - NOT_SERVED)
TEXTS = [task for task in REMOTE if TASKS[task].reads == "text"]
HARD = {
    "one word": "crash",
    "emoji": "🎉🔥 👩‍👩‍👧‍👦",
    "right to left": "التطبيق يتعطل عند البدء. شكرا لكم على المساعدة.",
    "no spaces": "應用程式啟動時當機。請修正這個問題。",
    "lone surrogate": "crash \ud800 at start",
    "control characters": "crash\x00 at \x1b[31mstart",
    "100,000 characters": "The app fails on start. " * 4_167,
    "one long word": "a" * 100_000,
    "a table": "Title\n\n| file | crashes |\n| --- | --- |\n| a.png | 7 |\n",
}


def step_of(task: str, server: EndpointServer, **keys: object) -> Step:
    asked = {"questions": {"what": "What fails?"}} if TASKS[task].asks else {}
    return Step.model_validate({"task": task, "model": "org/name", "endpoint": server.at(task), **asked, **keys})


def reader(task: str, server: EndpointServer, **keys: object) -> Model:
    return load(step_of(task, server, **keys), LABELS, Places())


def answer(task: str, server: EndpointServer, text: str, **keys: object) -> Prediction:
    [prediction] = reader(task, server, **keys).predict([text])
    return prediction


def pairs(prediction: Prediction) -> list[tuple[str, float]]:
    assert isinstance(prediction, Scores)
    return [(score.label, round(score.score, 6)) for score in prediction.scores]


@pytest.mark.parametrize("task", TEXTS)
def test_every_text_gets_one_answer_of_the_tasks_shape_in_order(server: EndpointServer, task: str) -> None:
    model = reader(task, server)
    together = model.predict(list(HARD.values()))
    assert [type(prediction) for prediction in together] == [SHAPES[TASKS[task].gives]] * len(HARD)
    assert together[0] == model.predict([HARD["one word"]])[0]
    assert model.predict([]) == []


@pytest.mark.parametrize("task", TEXTS)
def test_a_text_without_a_word_is_not_sent(server: EndpointServer, task: str) -> None:
    terms = Terms()
    found = load(step_of(task, server), LABELS, Places(), terms).predict(["", " \n\t "])
    assert [type(prediction) for prediction in found] == [SHAPES[TASKS[task].gives]] * 2
    assert server.asked == []
    assert terms.meter.calls == 0


@pytest.mark.parametrize("task", [task for task in TEXTS if TASKS[task].merge is not None])
def test_no_more_of_a_text_is_sent_than_the_limit(server: EndpointServer, task: str) -> None:
    model = reader(task, server)
    assert model.info.limit is not None
    text = "the app fails on start " * 4_000
    end = model.tokens(text)[model.info.limit - 1][1]
    model.predict([text])
    sent = server.asked[-1].body.decode()
    assert text[:end] in sent
    assert text[: end + 5] not in sent


@pytest.mark.parametrize("text", HARD.values(), ids=HARD.keys())
def test_pieces_are_ordered_stretches_of_the_whole_text_of_about_four_letters(
    server: EndpointServer, text: str
) -> None:
    pieces = reader("summarization", server).tokens(text)
    assert all(0 <= start < end <= start + 4 for start, end in pieces)
    assert all(first[1] <= second[0] for first, second in pairwise(pieces))
    assert pieces[-1][1] == len(text.rstrip())
    assert "".join(text[start:end] for start, end in pieces) == "".join(text.split())


def test_the_model_says_where_it_is_asked(server: EndpointServer) -> None:
    info = reader("summarization", server).info
    assert info.reference == f"endpoint:org/name at {server.url.removeprefix('http://')}"
    assert info.revision is None


def test_nothing_is_sent_before_a_text_is_read(server: EndpointServer) -> None:
    for task in TEXTS:
        reader(task, server)
    assert server.asked == []


def test_a_classifiers_labels_are_asked_for_and_ranked(server: EndpointServer) -> None:
    assert pairs(answer("text-classification", server, "a question")) == [("question", 0.8), ("bug", 0.2)]
    assert server.bodies == [{"inputs": "a question", "parameters": {"top_k": 100}}]


def test_a_flat_list_of_labels_is_read_whole(server: EndpointServer) -> None:
    server.script = [reply_json(200, [{"label": "a", "score": 0.1}, {"label": "b", "score": 0.9}])]
    assert pairs(answer("text-classification", server, "x")) == [("b", 0.9), ("a", 0.1)]


def test_scores_beyond_their_range_are_kept_within_it(server: EndpointServer) -> None:
    server.script = [reply_json(200, [[{"label": "a", "score": 7.5}, {"label": "b", "score": -0.5}]])]
    assert pairs(answer("text-classification", server, "x")) == [("a", 1.0), ("b", 0.0)]


def test_candidates_go_with_the_question(server: EndpointServer) -> None:
    found = answer("zero-shot-classification", server, "x", multi_label=True, hypothesis_template="It is a {}.")
    assert pairs(found) == [("question", 1.0), ("bug", 0.5)]
    asked = {"candidate_labels": ["bug", "question"], "multi_label": True, "hypothesis_template": "It is a {}."}
    assert server.bodies == [{"inputs": "x", "parameters": asked}]


def test_a_label_that_nobody_asked_about_is_refused(server: EndpointServer) -> None:
    server.script = [reply_json(200, [{"label": "bug", "score": 0.5}, {"label": "@everyone", "score": 0.5}])]
    with pytest.raises(EndpointError, match="names the label '@everyone', which was not asked about"):
        answer("zero-shot-classification", server, "x")


def test_labels_and_scores_side_by_side_are_read_as_well(server: EndpointServer) -> None:
    server.script = [reply_json(200, {"sequence": "x", "labels": ["bug", "question"], "scores": [0.25, 0.75]})]
    assert pairs(answer("zero-shot-classification", server, "x")) == [("question", 0.75), ("bug", 0.25)]
    for wrong in ({"labels": ["bug", "question"], "scores": [1]}, {"labels": "bug", "scores": [1]}):
        server.script = [reply_json(200, wrong)]
        with pytest.raises(EndpointError, match="gave no usable answer"):
            answer("zero-shot-classification", server, "x")


def test_an_endpoint_may_name_what_it_gives(server: EndpointServer) -> None:
    server.script = [reply_json(200, {"similarities": [0.25, 0.75]}), reply_json(200, {"embeddings": [0.0, 2.0]})]
    assert pairs(answer("sentence-similarity", server, "x")) == [("question", 0.75), ("bug", 0.25)]
    assert answer("feature-extraction", server, "x") == Vector((0.0, 1.0))


def test_labels_are_compared_with_their_descriptions(server: EndpointServer) -> None:
    assert pairs(answer("sentence-similarity", server, "x")) == [("question", 0.2), ("bug", 0.1)]
    sentences = ["bug: Something isn't working", "question"]
    assert server.bodies[0]["inputs"] == {"source_sentence": "x", "sentences": sentences}


def test_spans_hold_what_the_text_holds_there(server: EndpointServer) -> None:
    items = [
        {"entity_group": "B", "start": 6, "end": 8, "score": 0.5, "word": "owned"},
        {"entity": "A", "start": 0, "end": 5, "score": 2, "word": "owned"},
    ]
    server.script = [reply_json(200, items)]
    found = answer("token-classification", server, "crash at")
    assert isinstance(found, Spans)
    assert [(span.label, span.text, span.score) for span in found.spans] == [("A", "crash", 1.0), ("B", "at", 0.5)]


def test_every_question_is_asked_and_names_its_answer(server: EndpointServer) -> None:
    server.script = [
        reply_json(200, {"answer": "start", "start": 9, "end": 14, "score": 0.5}),
        reply_json(200, {"answer": "", "start": 0, "end": 0, "score": 0.9}),
        reply_json(200, [{"answer": "crash", "start": 0, "end": 5, "score": 0.25}]),
    ]
    questions = {"where": "Where?", "who": "Who?", "what": "What?"}
    found = answer("question-answering", server, "crash at start", questions=questions)
    assert isinstance(found, Spans)
    assert [(span.label, span.text) for span in found.spans] == [("what", "crash"), ("where", "start")]
    assert server.bodies[0]["inputs"] == {"question": "Where?", "context": "crash at start"}


def test_a_summary_is_taken_without_the_space_around_it(server: EndpointServer) -> None:
    assert answer("summarization", server, "crash at start") == Text("About crash at start")


def test_a_translator_is_told_the_languages(server: EndpointServer) -> None:
    keys = {"source_language": "eng_Latn", "target_language": "fra_Latn"}
    assert answer("translation", server, "crash", **keys) == Text("CRASH")
    assert server.bodies[0]["parameters"] == {"src_lang": "eng_Latn", "tgt_lang": "fra_Latn"}


def test_instructions_go_before_the_text_of_a_model_that_knows_no_chat(server: EndpointServer) -> None:
    answer("text2text-generation", server, "crash", instructions="Name the part", max_new_tokens=9)
    assert server.bodies[0]["inputs"] == "Name the part\n\ncrash"
    assert server.bodies[0]["parameters"]["max_new_tokens"] == 9


def test_a_mask_is_put_behind_a_text_without_one(server: EndpointServer) -> None:
    assert pairs(answer("fill-mask", server, "it does")) == [("crash", 0.6)]
    answer("fill-mask", server, "it <mask> often")
    assert [body["inputs"] for body in server.bodies] == ["it does [MASK]", "it <mask> often"]


def test_the_mask_that_the_server_names_is_used(server: EndpointServer) -> None:
    server.script = [reply_json(400, {"error": "No mask_token (<mask>) found on the input"})]
    assert pairs(answer("fill-mask", server, "it does")) == [("crash", 0.6)]
    assert server.bodies[-1]["inputs"] == "it does <mask>"


def test_every_table_of_a_text_is_asked_about(server: EndpointServer) -> None:
    text = f"{HARD['a table']}\nand\n\n| os |\n| --- |\n| Linux |\n| macOS |\n"
    found = answer("table-question-answering", server, text, questions={"most": "Which?", "sum": "How many?"})
    assert found == Text("most: Which? 1, Which? 2\nsum: How many? 1, How many? 2")
    assert server.bodies[0]["inputs"] == {"query": "Which?", "table": {"file": ["a.png"], "crashes": ["7"]}}


def test_a_long_table_is_asked_about_in_parts_and_that_is_said(server: EndpointServer) -> None:
    text = "| file | crashes |\n| --- | --- |\n" + "| image.png | 12 |\n" * 200
    found = answer("table-question-answering", server, text, questions="Which?")
    assert isinstance(found, Text)
    rows = [len(body["inputs"]["table"]["file"]) for body in server.bodies]
    assert len(rows) > 1
    assert sum(rows) == 200
    assert f"across {len(rows)} parts" in found.left_out


def test_a_text_without_a_table_is_not_sent_and_that_is_said(server: EndpointServer) -> None:
    found = answer("table-question-answering", server, "no table | here")
    assert found == Text("", left_out="everything: there is no table in the text")
    assert server.asked == []


def test_an_embedding_is_the_mean_of_its_tokens_as_a_unit_vector(server: EndpointServer) -> None:
    server.script = [reply_json(200, given) for given in ([[[3.0, 0.0], [0.0, 4.0]]], [[3.0, 4.0]], [0.0, 2.0])]
    found = reader("feature-extraction", server).predict(["x", "y", "z"])
    values = [vector.values for vector in found if isinstance(vector, Vector)]
    assert values == [pytest.approx((0.6, 0.8)), pytest.approx((0.6, 0.8)), (0.0, 1.0)]


@pytest.mark.parametrize("task", ["zero-shot-classification", "sentence-similarity"])
def test_choosing_without_labels_is_refused(server: EndpointServer, task: str) -> None:
    with pytest.raises(TaskError, match="needs labels to choose from"):
        load(step_of(task, server), {}, Places())


def test_what_no_endpoint_does_is_refused_before_anything_is_sent(server: EndpointServer) -> None:
    step = step_of("decision", server)
    with pytest.raises(TaskError, match="no endpoint does decision"):
        load(step, {}, Places())
    chat = Step.model_validate({"task": "fill-mask", "model": "org/name", "endpoint": f"{server.url}/v1"})
    with pytest.raises(TaskError, match="address of a chat server, which does not do fill-mask"):
        load(chat, {}, Places())
    assert server.asked == []
