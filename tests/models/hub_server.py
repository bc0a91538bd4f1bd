"""A Hub on this machine: the few addresses that looking up and downloading a model need, and what goes wrong there."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, TypeAlias
from urllib.parse import unquote

import pytest
from huggingface_hub import constants

COMMIT = "0123456789abcdef0123456789abcdef01234567"
# The Hub keeps these outside git: their hash is a sha256, not git's id.
LARGE = (".safetensors", ".gguf", ".onnx", ".bin", ".skops", ".pkl")
TOKEN = "hf_let_me_in"  # of no account

Headers: TypeAlias = dict[str, str]
Answer: TypeAlias = tuple[int, Headers, bytes]


@dataclass
class Stored:
    """One repository: its files, and what the Hub says of it (`pipeline_tag`, `cardData`, `tags`, ...).

    `sizes` are told in place of the true ones, `changed` bytes are sent in place of the true ones, and `cut`
    files break off half-way so many times. `gated` files are for the token alone.
    """

    files: dict[str, bytes]
    metadata: dict[str, Any] = field(default_factory=dict)
    gated: bool = False
    sizes: dict[str, int] = field(default_factory=dict)
    changed: dict[str, bytes] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    revisions: Mapping[str, str] = field(default_factory=lambda: {"main": COMMIT, "v1": COMMIT})

    @classmethod
    def of(cls, folder: Path, **more: Any) -> "Stored":
        """Take a folder's files as they are."""
        paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
        return cls({path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}, **more)


@dataclass
class LocalHub:
    """Several repositories; `downloaded` lists the files that were sent, `asked` all the addresses."""

    models: dict[str, Stored]
    url: str = ""
    downloaded: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    # What is answered to everything, while it is set.
    status: int | None = None

    def answer(self, path: str, headers: "Message[str, str]") -> Answer:
        """Answer a request: status, headers, body."""
        self.asked.append(path)
        if self.status is not None:
            return self.status, {}, b""
        if _token(headers) not in ("", TOKEN):
            return 401, {"X-Error-Message": "Invalid credentials in Authorization header"}, b""
        for name, model in self.models.items():
            for prefix, give in ((f"/api/models/{name}", _api), (f"/{name}/resolve", self._file)):
                if f"{path}/".startswith(f"{prefix}/"):
                    return give(name, model, path.removeprefix(prefix), headers)
        return 404, {"X-Error-Code": "RepoNotFound"}, b""

    def _file(self, name: str, model: Stored, rest: str, headers: "Message[str, str]") -> Answer:
        file = unquote(rest).split("/", 2)[2]
        if model.gated and _token(headers) != TOKEN:
            return 403, {"X-Error-Code": "GatedRepo"}, b""
        data = model.files.get(file)
        if data is None:
            return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, b""
        sent = model.changed.get(file, data)
        told = {"ETag": f'"{hash_of(file, data)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        start = re.fullmatch(r"bytes=(\d+)-", headers.get("Range", ""))
        if start:
            begin = int(start.group(1))
            told["Content-Range"] = f"bytes {begin}-{len(sent) - 1}/{len(sent)}"
            return 206, told, sent[begin:]
        return 200, told, sent

    def cuts(self, path: str) -> bool:
        """Tell whether an answer is to break off half-way, and count it."""
        for name, model in self.models.items():
            file = unquote(path.removeprefix(f"/{name}/resolve/")).partition("/")[2]
            if model.cut.get(file, 0) > 0:
                model.cut[file] -= 1
                return True
        return False


def _token(headers: "Message[str, str]") -> str:
    return headers.get("Authorization", "").removeprefix("Bearer ")


def hash_of(file: str, data: bytes) -> str:
    """Give the hash that the Hub tells of a file: sha256 of a large one, git's id of a small one."""
    if file.endswith(LARGE):
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _api(name: str, model: Stored, rest: str, headers: "Message[str, str]") -> Answer:
    revision = unquote(rest.removeprefix("/revision/").removeprefix("/tree/").split("/")[0])
    if revision and revision not in model.revisions and revision not in model.revisions.values():
        return 404, {"X-Error-Code": "RevisionNotFound"}, b""
    body = _tree(model) if rest.startswith("/tree/") else _info(name, model)
    return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


def _info(name: str, model: Stored) -> dict[str, Any]:
    siblings = [_sibling(file, data, model.sizes.get(file, len(data))) for file, data in model.files.items()]
    usual = {"id": name, "modelId": name, "sha": COMMIT, "tags": [], "private": False}
    return {**usual, "gated": "manual" if model.gated else False, "siblings": siblings, **model.metadata}


def _sibling(file: str, data: bytes, size: int) -> dict[str, Any]:
    told = {"rfilename": file, "size": size}
    if not file.endswith(LARGE):
        return {**told, "blobId": hash_of(file, data)}
    pointer = hashlib.sha1(data).hexdigest()
    return {**told, "blobId": pointer, "lfs": {"sha256": hash_of(file, data), "size": size, "pointerSize": 134}}


def _tree(model: Stored) -> list[dict[str, Any]]:
    return [
        {
            "type": "file",
            "path": file,
            "size": model.sizes.get(file, len(data)),
            "oid": hashlib.sha1(data).hexdigest(),
            **(
                {"lfs": {"oid": hash_of(file, data), "size": len(data), "pointerSize": 134}}
                if file.endswith(LARGE)
                else {}
            ),
        }
        for file, data in model.files.items()
    ]


@contextmanager
def reached(hub: LocalHub, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """Serve a Hub, and let the Hub's own library ask it instead of the one on the internet."""
    with served(hub) as running:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", running.url)
        template = running.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield running


@contextmanager
def served(hub: LocalHub) -> Iterator[LocalHub]:
    """Serve a Hub on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            status, headers, body = hub.answer(path, self.headers)
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command == "GET":
                self._send(path, body)

        def _send(self, path: str, body: bytes) -> None:
            if "/resolve/" in path:
                hub.downloaded.append(unquote(path).partition("/resolve/")[2].partition("/")[2])
                if hub.cuts(path):
                    self.wfile.write(body[: len(body) // 2])
                    self.close_connection = True
                    return
            self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
