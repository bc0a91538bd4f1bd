"""Images and sounds at an endpoint: what is sent for each task, and what its answers become."""

import pytest

from hubpipe.config import TASKS, Step
from hubpipe.errors import EndpointError, MediaError, TaskError
from hubpipe.models import load_media
from hubpipe.models.base import Boxes, Media, Places, Prediction, Scores, Text
from tests.models.endpoint_server import BOX, EndpointServer
from tests.standin.wire import reply_json

LABELS = {"bug": "Something isn't working", "question": ""}
FILES = {
    "png": b"\x89PNG\r\n\x1a\n" + b"\0" * 20,
    "jpeg": b"\xff\xd8\xff\xe0" + b"\0" * 20,
    "gif": b"GIF89a" + b"\0" * 20,
    "webp": b"RIFF\0\0\0\0WEBPVP8 ",
    "wav": b"RIFF\0\0\0\0WAVEfmt ",
    "flac": b"fLaC" + b"\0" * 20,
    "ogg": b"OggS" + b"\0" * 20,
    "mpeg": b"ID3" + b"\0" * 20,
}


def step_of(task: str, server: EndpointServer, **keys: object) -> Step:
    asked = {"questions": {"what": "What fails?"}} if TASKS[task].asks else {}
    return Step.model_validate({"task": task, "model": "org/name", "endpoint": server.at(task), **asked, **keys})


def look(task: str, server: EndpointServer, *files: str, text: str = "", **keys: object) -> list[Prediction]:
    model = load_media(step_of(task, server, **keys), LABELS, Places())
    return model.predict([Media(f"file.{name}", FILES[name], text) for name in files])


def pairs(prediction: Prediction) -> list[tuple[str, float]]:
    assert isinstance(prediction, Scores)
    return [(score.label, round(score.score, 6)) for score in prediction.scores]


def test_an_image_is_sent_with_its_kind(server: EndpointServer) -> None:
    found = look("image-to-text", server, "png", "jpeg", "gif", "webp")
    assert found == [Text("image/png"), Text("image/jpeg"), Text("image/gif"), Text("image/webp")]
    assert server.asked[0].body == FILES["png"]


def test_a_sound_is_sent_with_its_kind(server: EndpointServer) -> None:
    found = look("automatic-speech-recognition", server, "wav", "flac", "ogg", "mpeg")
    assert [text.text.split()[0] for text in found if isinstance(text, Text)] == [
        "audio/wav",
        "audio/flac",
        "audio/ogg",
        "audio/mpeg",
    ]


def test_bytes_of_another_kind_are_named_and_not_sent(server: EndpointServer) -> None:
    with pytest.raises(MediaError, match=r"file\.wav is no image of a kind that endpoints take \(bmp, gif, jpeg, png"):
        look("image-to-text", server, "wav")
    with pytest.raises(MediaError, match=r"file\.png is no audio"):
        look("automatic-speech-recognition", server, "png")
    assert server.asked == []


def test_an_image_is_classified_among_its_models_labels_or_ours(server: EndpointServer) -> None:
    [found] = look("image-classification", server, "png")
    assert pairs(found) == [("screenshot", 0.7), ("photo", 0.3)]
    [found] = look("zero-shot-image-classification", server, "png")
    assert pairs(found) == [("question", 1.0), ("bug", 0.5)]
    assert server.asked[-1].headers["content-type"] == "application/json"


def test_an_image_cannot_be_told_apart_with_one_label(server: EndpointServer) -> None:
    step = step_of("zero-shot-image-classification", server)
    for labels, said in (({"bug": ""}, "needs at least two labels"), ({}, "needs labels to choose from")):
        with pytest.raises(TaskError, match=said):
            load_media(step, labels, Places())


def test_boxes_come_the_surest_first(server: EndpointServer) -> None:
    [found] = look("object-detection", server, "png")
    assert isinstance(found, Boxes)
    assert [(box.label, box.score, box.xmin, box.ymax) for box in found.boxes] == [
        ("button", 0.9, 1, 40),
        ("button", 0.8, 1, 40),
    ]
    wrong = BOX | {"box": {"xmin": 30, "ymin": 2, "xmax": 1, "ymax": 40}}
    server.script = [reply_json(200, [wrong])]
    with pytest.raises(EndpointError, match="a box has no corners"):
        look("object-detection", server, "png")


def test_a_document_answers_every_question(server: EndpointServer) -> None:
    [one] = look("document-question-answering", server, "png")
    assert one == Text("what: What fails? 28")
    [two] = look("document-question-answering", server, "png", questions={"what": "What?", "where": "Where?"})
    assert two == Text("what: What? 28\nwhere: Where? 28")
