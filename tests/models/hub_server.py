"""A Hub on this machine: the few addresses that looking up and downloading a model need."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class LocalHub:
    """One repository's folder, served as the Hub serves it; `downloaded` lists the files that were fetched."""

    def __init__(self, name: str, folder: Path, library: str | None = None):
        self.name = name
        self.folder = folder
        self.library = library
        self.downloaded: list[str] = []
        self.url = ""

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Answer a request: status, headers, body."""
        for prefix, give in ((f"/api/models/{self.name}", self._api), (f"/{self.name}/resolve/", self._file)):
            if path.startswith(prefix):
                return give(path.removeprefix(prefix))
        return 404, {"X-Error-Code": "RepoNotFound"}, b""

    def _api(self, rest: str) -> tuple[int, dict[str, str], bytes]:
        revision = rest.removeprefix("/revision/").removeprefix("/tree/").split("/")[0]
        if revision and revision not in ("main", COMMIT):
            return 404, {"X-Error-Code": "RevisionNotFound"}, b""
        body = self._tree() if rest.startswith("/tree/") else self._info()
        return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()

    def _files(self) -> dict[str, bytes]:
        paths = (path for path in sorted(self.folder.rglob("*")) if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}

    def _info(self) -> dict[str, Any]:
        siblings = [{"rfilename": name, "size": len(data)} for name, data in self._files().items()]
        info = {
            "id": self.name,
            "modelId": self.name,
            "sha": COMMIT,
            "siblings": siblings,
            "tags": [],
            "private": False,
        }
        return info | ({"library_name": self.library} if self.library else {})

    def _tree(self) -> list[dict[str, Any]]:
        return [
            {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
            for name, data in self._files().items()
        ]

    def _file(self, rest: str) -> tuple[int, dict[str, str], bytes]:
        name = unquote(rest).split("/", 1)[1]
        data = self._files().get(name)
        if data is None:
            return 404, {"X-Error-Code": "EntryNotFound"}, b""
        self.downloaded.append(name)
        return 200, {"ETag": f'"{hashlib.sha1(data).hexdigest()}"', "X-Repo-Commit": COMMIT}, data


@contextmanager
def served(hub: LocalHub) -> Iterator[LocalHub]:
    """Serve a Hub on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, body = hub.answer(self.path.split("?")[0])
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
