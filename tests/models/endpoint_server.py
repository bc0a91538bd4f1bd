"""A model server on this machine: the Hub's tasks under …/TASK, chats under …/v1, and any fault that a test scripts."""

import base64
import json
import socketserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

from tests.standin.wire import LOOPBACK, Answer, HttpServer, LostReply, Reply, Request, reply_json

Scripted = Reply | Callable[[Request], Reply]
HANGS_AT_MOST = 20.0  # seconds, so that a test that fails ends


class EndpointServer:
    """Gives the scripted replies first, then what a model of the address's task answers; keeps every request."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Request] = []
        self.looked_up: list[Request] = []
        self.hub: dict[str, Scripted] = {}
        self.script: list[Scripted] = []
        self.always: Scripted | None = None
        self.over = Event()

    @property
    def bodies(self) -> list[Any]:
        """What was sent, read as JSON."""
        return [request.json() for request in self.asked]

    def at(self, task: str) -> str:
        """Give the address of a task."""
        return f"{self.url}/{task}"

    def answer(self, request: Request) -> Reply:
        """Answer one request; those with GET ask the Hub about a model."""
        if request.method == "GET":
            self.looked_up.append(request)
            return _given(self.hub.get(request.path, Reply(404, b"", {"X-Error-Code": "RepoNotFound"})), request)
        self.asked.append(request)
        scripted = self.script.pop(0) if self.script else self.always
        if scripted is not None:
            return _given(scripted, request)
        task = next(task for task in MODELS if request.path.endswith(f"/{task}"))
        return reply_json(200, MODELS[task](request))

    def hang(self, request: Request) -> Reply:
        """Say nothing until the test is over."""
        self.over.wait(HANGS_AT_MOST)
        raise LostReply


@contextmanager
def serving() -> Iterator[EndpointServer]:
    """Start a server on a free port."""
    endpoint = EndpointServer()
    answer: Answer = endpoint.answer
    with HttpServer(answer) as running:
        endpoint.url = running.url
        yield endpoint
        endpoint.over.set()


@contextmanager
def dripping(head: bytes, drops: Iterator[bytes]) -> Iterator[str]:
    """Give the address of a server that sends the beginning of a reply at once, then a drop every tenth of a second."""
    over = Event()

    class Dripping(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                self.request.recv(65_536)
                self.wfile.write(head)
                for drop in drops:
                    self.wfile.write(drop)
                    if over.wait(0.1):
                        return

    with socketserver.ThreadingTCPServer((LOOPBACK, 0), Dripping) as running:
        running.daemon_threads = True
        Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://{LOOPBACK}:{running.server_address[1]}"
        over.set()
        running.shutdown()


def _given(scripted: Scripted, request: Request) -> Reply:
    return scripted if isinstance(scripted, Reply) else scripted(request)


def hangs_up(request: Request) -> Reply:
    """Close the connection without a reply."""
    raise LostReply


def chat_answer(content: object, **beside: object) -> dict[str, Any]:
    """Write what a chat server answers."""
    message = {"role": "assistant", "content": content}
    return {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 0,
        "model": "served",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 30, "completion_tokens": 12, "total_tokens": 42},
        **beside,
    }


def _text(request: Request) -> str:
    inputs = request.json()["inputs"]
    return str(inputs if isinstance(inputs, str) else inputs.get("context") or inputs.get("source_sentence"))


def _first_word(text: str) -> dict[str, Any]:
    word = text.split(maxsplit=1)[0]
    start = text.index(word)
    return {"word": word, "start": start, "end": start + len(word), "score": 0.75}


def _label(text: str) -> list[dict[str, Any]]:
    crash = 0.9 if "crash" in text else 0.2
    return [{"label": "bug", "score": crash}, {"label": "question", "score": 1 - crash}]


def _candidates(request: Request) -> list[dict[str, Any]]:
    names = request.json()["parameters"]["candidate_labels"]
    return [{"label": name, "score": (place + 1) / len(names)} for place, name in enumerate(names)]


def _chat(request: Request) -> dict[str, Any]:
    last = request.json()["messages"][-1]["content"]
    text = last if isinstance(last, str) else last[-1]["text"]
    return chat_answer(f"read {len(text)} characters")


def _heard(request: Request) -> dict[str, str]:
    return {"text": f"{request.headers['content-type']} of {len(request.body)} bytes"}


def _document(request: Request) -> list[dict[str, Any]]:
    inputs = request.json()["inputs"]
    size = len(base64.b64decode(inputs["image"]))
    return [{"answer": f"{inputs['question']} {size}", "score": 0.5, "start": 0, "end": 1}]


def _cells(request: Request) -> dict[str, Any]:
    inputs = request.json()["inputs"]
    rows = len(next(iter(inputs["table"].values())))
    return {"answer": f"{inputs['query']} {rows}", "coordinates": [[0, 0]], "cells": [], "aggregator": "NONE"}


BOX = {"label": "button", "score": 0.8, "box": {"xmin": 1, "ymin": 2, "xmax": 30, "ymax": 40}}
MODELS: dict[str, Callable[[Request], Any]] = {
    "text-classification": lambda request: [_label(_text(request))],
    "zero-shot-classification": _candidates,
    "sentence-similarity": lambda request: [0.1 * (n + 1) for n in range(len(request.json()["inputs"]["sentences"]))],
    "token-classification": lambda request: [_first_word(_text(request)) | {"entity_group": "FILE"}],
    "question-answering": lambda request: _first_word(_text(request)) | {"answer": _text(request).split()[0]},
    "summarization": lambda request: [{"summary_text": "  About " + _text(request)[:20]}],
    "translation": lambda request: [{"translation_text": _text(request)[:20].upper()}],
    "text2text-generation": lambda request: [{"generated_text": "wrote " + _text(request)[:20]}],
    "table-question-answering": _cells,
    "fill-mask": lambda request: [{"score": 0.6, "token": 7, "token_str": " crash", "sequence": ""}],
    "feature-extraction": lambda request: [[[3.0, 0.0], [0.0, 4.0]]],
    "image-classification": lambda request: [{"label": "screenshot", "score": 0.7}, {"label": "photo", "score": 0.3}],
    "zero-shot-image-classification": _candidates,
    "object-detection": lambda request: [BOX, BOX | {"score": 0.9}],
    "image-to-text": lambda request: [{"generated_text": f"{request.headers['content-type']}"}],
    "document-question-answering": _document,
    "automatic-speech-recognition": _heard,
    "v1/chat/completions": _chat,
}


def as_json(text: str) -> Reply:
    """Make a reply of a body that says it is JSON."""
    return Reply(200, text.encode(), {"content-type": "application/json"})


def path_of(url: str) -> str:
    """Give a URL's path."""
    return urlsplit(url).path


def dumps(value: object) -> str:
    """Write JSON as a server does, numbers that are none included."""
    return json.dumps(value)
