"""Turn a test's words into what authors of pull requests do on the stand-in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.standin.branches import Api, Branch, Files
from tests.standin.gateway import Gateway
from tests.standin.servers import OWNER, token_of

FORKER = "outsider"
BRANCHES = count(1)


@dataclass(frozen=True)
class Authors:
    """Everybody who works on the pull requests of one repository."""

    api: Api
    repo: str
    gateway: Gateway = field(repr=False)

    def open_pull(
        self, title: str, body: str = "", files: Files | None = None, *, branch: str = "topic", from_fork: bool = False
    ) -> int:
        """Open a pull request of one commit."""
        head_repo = self._fork() if from_fork else self.repo
        head = Branch(self._as(FORKER) if from_fork else self.api, head_repo, branch)
        head.create()
        head.commit(files or {"src/app.py": "print('hello')\n"}, title)
        label = f"{head_repo.partition('/')[0]}:{branch}" if from_fork else branch
        pull = self.api.ask("POST", f"{self._path}/pulls", title=title, body=body, head=label, base="main")
        return int(pull["number"])

    def push_to_pull(self, number: int, files: Files, message: str = "More work") -> str:
        """Add a commit to a pull request; returns its SHA."""
        return self._branch(number).commit(files, message)

    def force_push(self, number: int, files: Files, message: str = "Again") -> str:
        """Begin the branch again at the default branch; returns its new commit's SHA."""
        return self._branch(number).force(files, message)

    def rebase(self, number: int) -> str:
        """Put a pull request's changes on top of the default branch, as one commit."""
        branch = self._branch(number)
        gone = [f.get("previous_filename", f["filename"]) for f in self._files(number) if _goes(f)]
        kept = [f for f in self._files(number) if f["status"] != "removed"]
        entries = [_blob(path, None) for path in gone] + [_blob(f["filename"], f["sha"]) for f in kept]
        return branch.commit_entries(entries, "Rebased", Branch(branch.api, branch.repo, "main").tip())

    def change_base(self, number: int, branch: str) -> None:
        """Let a pull request go to another branch, which is made where there is none."""
        self._edit(number, base=branch)

    def make_draft(self, number: int) -> None:
        self._edit(number, draft=True)

    def make_ready(self, number: int) -> None:
        self._edit(number, draft=False)

    def close(self, number: int) -> None:
        self._edit(number, state="closed")

    def reopen(self, number: int) -> None:
        self._edit(number, state="open")

    def merge(self, number: int) -> None:
        """Merge a pull request of the repository's own; what was pushed since it was opened comes along."""
        tip = self._branch(number).tip()
        base = Branch(self.api, self.repo, self._read(number)["base"]["ref"])
        before = base.tip()
        self.api.ask("PUT", f"{self._pull(number)}/merge")
        base.adopt(tip, before)

    def merged_pull(
        self, title: str, labels: Sequence[str] = (), body: str = "", files: Files | None = None, *, base: str = "main"
    ) -> int:
        """Open and merge a pull request; returns its number."""
        branch = f"topic-{next(BRANCHES)}"
        number = self.open_pull(title, body, files or {f"{branch}.md": f"{title}\n"}, branch=branch)
        if base != "main":
            self.change_base(number, base)
        if labels:
            self.api.ask("POST", f"{self._path}/issues/{number}/labels", labels=list(labels))
        self.merge(number)
        return number

    def move_file(self, number: int, old: str, new: str, content: str | None = None) -> str:
        """Rename a file in a pull request, and change it where `content` is given."""
        (entry,) = [one for one in self._tree(number) if one["path"] == old]
        if content is not None:
            return self.push_to_pull(number, {old: None, new: content}, f"Move {old}")
        return self._branch(number).commit_entries([_blob(old, None), _blob(new, entry["sha"])], f"Move {old}")

    def add_submodule(self, number: int, path: str, sha: str) -> str:
        """Add another repository's commit to a pull request, or another one of it."""
        entry = {"path": path, "mode": "160000", "type": "commit", "sha": sha}
        return self._branch(number).commit_entries([entry], f"Point {path} to {sha[:7]}")

    def delete_fork(self, number: int) -> None:
        """Delete the repository that a pull request comes from; GitHub keeps its commits."""
        self.gateway.deleted_forks.add(self._read(number)["head"]["repo"]["full_name"])

    def link(self, number: int, issue: int) -> None:
        """Link an issue to a pull request by hand, in the sidebar."""
        self.gateway.links.setdefault(f"{self.repo}#{number}", []).append(issue)

    def edit_title(self, number: int, title: str) -> None:
        self._edit(number, title=title)

    def edit_description_as(self, user: str, number: int, body: str) -> None:
        self._as(user).ask("PATCH", self._pull(number), body=body)

    @property
    def _path(self) -> str:
        return f"/repos/{self.repo}"

    def _pull(self, number: int) -> str:
        return f"{self._path}/pulls/{number}"

    def _as(self, user: str) -> Api:
        return Api(self.api.url, token_of(user))

    def _fork(self) -> str:
        return str(self._as(FORKER).ask("POST", f"{self._path}/forks")["full_name"])

    def _read(self, number: int) -> Any:
        return self.api.ask("GET", self._pull(number))

    def _edit(self, number: int, **more: object) -> None:
        self.api.ask("PATCH", self._pull(number), **more)

    def _branch(self, number: int) -> Branch:
        head = self._read(number)["head"]
        owner = head["repo"]["full_name"].partition("/")[0]
        return Branch(self.api if owner == OWNER else self._as(owner), head["repo"]["full_name"], head["ref"])

    def _files(self, number: int) -> Any:
        return self.api.ask("GET", f"{self._pull(number)}/files?per_page=100")

    def _tree(self, number: int) -> Any:
        branch = self._branch(number)
        path = f"/repos/{branch.repo}/git/trees/{branch.tip()}?recursive=1"
        return branch.api.ask("GET", path)["tree"]


def _goes(file: dict[str, Any]) -> bool:
    return file["status"] in ("removed", "renamed")


def _blob(path: str, sha: str | None) -> dict[str, object]:
    return {"path": path, "mode": "100644", "type": "blob", "sha": sha}
