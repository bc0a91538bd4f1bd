"""Turn files into commits on a branch of the stand-in, through GitHub's API."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import urllib3

Files = Mapping[str, str | bytes | None]
"""Contents by path; None removes the file."""


@dataclass(frozen=True)
class Api:
    """GitHub's API in the name of one person."""

    url: str
    token: str

    def ask(self, method: str, path: str, **body: object) -> Any:
        """Send a request that must succeed."""
        headers = {"authorization": f"Bearer {self.token}"}
        reply = urllib3.request(method, self.url + path, headers=headers, json=None if method == "GET" else body)
        assert reply.status < 300, f"{method} {path}: {reply.status} {reply.data!r}"
        return reply.json() if reply.data else None


@dataclass(frozen=True)
class Branch:
    """A branch of a repository, through GitHub's Git database."""

    api: Api
    repo: str
    name: str

    def create(self) -> None:
        """Begin at the tip of the default branch."""
        sha = Branch(self.api, self.repo, "main").tip()
        self.api.ask("POST", f"/repos/{self.repo}/git/refs", ref=f"refs/heads/{self.name}", sha=sha)

    def tip(self) -> str:
        """Give the SHA of the last commit."""
        return str(self.api.ask("GET", f"/repos/{self.repo}/git/ref/heads/{self.name}")["object"]["sha"])

    def commit(self, files: Files, message: str) -> str:
        """Commit all files at once; returns the commit's SHA."""
        return self.commit_entries([self._entry(path, content) for path, content in files.items()], message)

    def commit_entries(self, entries: Sequence[Mapping[str, object]], message: str, parent: str = "") -> str:
        """Commit entries of a tree; from another `parent` than the tip it is a forced push."""
        git, parent = f"/repos/{self.repo}/git", parent or self.tip()
        base = self.api.ask("GET", f"{git}/commits/{parent}")["tree"]["sha"]
        tree = self.api.ask("POST", f"{git}/trees", base_tree=base, tree=entries)["sha"]
        commit = str(self.api.ask("POST", f"{git}/commits", message=message, tree=tree, parents=[parent])["sha"])
        self.api.ask("PATCH", f"{git}/refs/heads/{self.name}", sha=commit, force=True)
        return commit

    def force(self, files: Files, message: str) -> str:
        """Begin again at the default branch, with one commit."""
        main = Branch(self.api, self.repo, "main").tip()
        return self.commit_entries([self._entry(path, content) for path, content in files.items()], message, main)

    def adopt(self, tip: str, before: str) -> None:
        """Merge a commit into what the branch was before: the commit's files are the branch's now."""
        git = f"/repos/{self.repo}/git"
        tree = self.api.ask("GET", f"{git}/commits/{tip}")["tree"]["sha"]
        parents = [before, tip]
        commit = self.api.ask("POST", f"{git}/commits", message="Merge", tree=tree, parents=parents)["sha"]
        self.api.ask("PATCH", f"{git}/refs/heads/{self.name}", sha=commit, force=True)

    def _entry(self, path: str, content: str | bytes | None) -> dict[str, object]:
        entry: dict[str, object] = {"path": path, "mode": "100644", "type": "blob"}
        if isinstance(content, str):
            return entry | {"content": content}
        return entry | {"sha": None if content is None else self._blob(content)}

    def _blob(self, content: bytes) -> str:
        encoded = base64.b64encode(content).decode()
        return str(self.api.ask("POST", f"/repos/{self.repo}/git/blobs", content=encoded, encoding="base64")["sha"])
