"""The worst model there can be: it says what an attack wants, and repeats all that it reads, decoded too."""

import base64
import binascii
import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from tests.attacks.corpus import Attack
from tests.models.endpoint_server import chat_answer
from tests.standin.wire import Reply, Request, reply_json

LABELS_ASKED = '{"labels": '
ENCODED = re.compile(r"[A-Za-z0-9+/]{12,}={0,2}")
HEX = re.compile(r"(?:[0-9a-f]{2}){8,}")


@dataclass
class Obeying:
    """Obeys an attack, whatever it was told before; `read` is all that came to it."""

    attack: Attack
    read: list[Any]

    def answer(self, request: Request) -> Reply:
        """Answer a chat as the attack wants it."""
        body = request.json()
        self.read.append(body)
        told, text = (_words(message) for message in (body["messages"][0], body["messages"][-1]))
        if LABELS_ASKED in told:
            return reply_json(200, chat_answer(json.dumps({"labels": list(self.attack.labels)})))
        return reply_json(200, chat_answer("\n".join([self.attack.says, text, *_decoded(text)])))


def _words(message: Any) -> str:
    content = message["content"]
    return content if isinstance(content, str) else content[-1]["text"]


def _decoded(text: str) -> Iterator[str]:
    """Decode what a text may hide, in the usual ways."""
    yield codecs.encode(text, "rot13")
    yield text[::-1]
    yield unquote(text)
    for found in ENCODED.findall(text):
        try:
            yield base64.b64decode(found, validate=True).decode(errors="replace")
        except binascii.Error:
            continue
    for found in HEX.findall(text):
        yield bytes.fromhex(found).decode(errors="replace")
    yield "".join(chr(ord(sign) - 0xE0000) for sign in text if 0xE0020 <= ord(sign) < 0xE0080)
