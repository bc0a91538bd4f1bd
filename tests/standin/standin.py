"""Turn a test's words into a repository on the stand-in: issues, pull requests, people and what they do."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import urllib3

from tests.standin.payloads import event_payload
from tests.standin.recorder import Accident, Exchange, Recorder, cut, instead, lose
from tests.standin.servers import OWNER, token_of
from tests.standin.wire import reply_json

Files = Mapping[str, str | bytes | None]
"""Contents by path; None removes the file."""

ADMIN = "octocat"
FORKER = "outsider"


@dataclass(frozen=True)
class Server:
    """The running stand-in, shared by all tests.

    `url` is where hubpipe calls: there the conversation is recorded. `setup_url` is the same GitHub, off the record.
    """

    url: str
    setup_url: str
    token: str
    read_only_token: str
    recorder: Recorder

    def repository(self, name: str) -> "StandIn":
        """Make a new repository and begin a new record."""
        api = Api(self.setup_url, token_of(ADMIN))
        api.ask("POST", f"/orgs/{OWNER}/repos", name=name, auto_init=True)
        self.recorder.forget()
        return StandIn(self, api, f"{OWNER}/{name}")


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
class StandIn:
    """One test's own repository, `repo`; `token` is the one that a workflow's job gets."""

    server: Server
    api: Api
    repo: str

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def token(self) -> str:
        return self.server.token

    @property
    def read_only_token(self) -> str:
        return self.server.read_only_token

    # What is there

    def labels_of(self, number: int) -> list[str]:
        return [label["name"] for label in self.api.ask("GET", f"{self._issue(number)}/labels")]

    def comments_of(self, number: int) -> list[dict[str, Any]]:
        """All comments, as GitHub's JSON, oldest first."""
        found: list[dict[str, Any]] = []
        while len(found) % 100 == 0:
            page = len(found) // 100 + 1
            more = self.api.ask("GET", f"{self._issue(number)}/comments?per_page=100&page={page}")
            if not more:
                break
            found += more
        return found

    def event(self, kind: str, action: str | None, number: int, **more: object) -> dict[str, Any]:
        """Make the payload that GitHub would send now; `more` is put in last."""
        return event_payload(self.api.ask, self.repo, kind, action, number) | more

    # What people do

    def open_issue(self, title: str, body: str = "", labels: Sequence[str] = ()) -> int:
        return int(self.api.ask("POST", f"{self._path}/issues", title=title, body=body, labels=list(labels))["number"])

    def add_label(self, name: str, description: str = "") -> None:
        """Add a label to the repository's list."""
        self.api.ask("POST", f"{self._path}/labels", name=name, color="ededed", description=description)

    def add_label_as(self, user: str, number: int, name: str) -> None:
        self._as(user).ask("POST", f"{self._issue(number)}/labels", labels=[name])

    def remove_label_as(self, user: str, number: int, name: str) -> None:
        self._as(user).ask("DELETE", f"{self._issue(number)}/labels/{quote(name, safe='')}")

    def comment_as(self, user: str, number: int, body: str) -> int:
        return int(self._as(user).ask("POST", f"{self._issue(number)}/comments", body=body)["id"])

    def attach(self, name: str, data: bytes) -> str:
        """Drop a file into a text, and give the address that stands there then."""
        path = f"/user-attachments/assets/{name}"
        urllib3.request("PUT", f"{self.api.url}{path}", body=data)
        return f"{self.url}{path}"

    def put_file(self, path: str, content: str | bytes) -> None:
        """Commit a file to the default branch."""
        Branch(self.api, self.repo, "main").commit({path: content}, f"Write {path}")

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
        head = self.api.ask("GET", f"{self._path}/pulls/{number}")["head"]
        owner = head["repo"]["full_name"].partition("/")[0]
        api = self.api if owner == OWNER else self._as(owner)
        return Branch(api, head["repo"]["full_name"], head["ref"]).commit(files, message)

    # What goes wrong, and what was said

    @property
    def conversation(self) -> list[Exchange]:
        """Every request that hubpipe sent, oldest first."""
        return self.server.recorder.exchanges

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Method and path (below the repository) of every request that changes something."""
        return [
            (one.method, one.path.removeprefix(self._path))
            for one in self.conversation
            if one.method != "GET" and one.path != "/graphql"
        ]

    def fail(
        self,
        method: str,
        path: str,
        status: int,
        message: str = "",
        headers: Mapping[str, str] | None = None,
        times: int = 1,
    ) -> None:
        """Answer the next `times` requests of a method whose path matches with an error instead."""
        reply = reply_json(status, {"message": message}, headers)
        self.server.recorder.accidents.append(Accident(method, path, instead(reply), times))

    def answer(
        self, method: str, path: str, data: object, headers: Mapping[str, str] | None = None, times: int = 1
    ) -> None:
        """Answer the next `times` requests of a method whose path matches with JSON of the test's own."""
        reply = reply_json(200, data, headers)
        self.server.recorder.accidents.append(Accident(method, path, instead(reply), times))

    def lose_reply(self, method: str, path: str, times: int = 1) -> None:
        """Do what the next request asks, and break the connection before the reply."""
        self.server.recorder.accidents.append(Accident(method, path, lose, times))

    def cut_reply(self, method: str, path: str, times: int = 1) -> None:
        """Do what the next request asks, and break the connection in the middle of the reply."""
        self.server.recorder.accidents.append(Accident(method, path, cut, times))

    @property
    def _path(self) -> str:
        return f"/repos/{self.repo}"

    def _issue(self, number: int) -> str:
        return f"{self._path}/issues/{number}"

    def _as(self, user: str) -> Api:
        return Api(self.api.url, token_of(user))

    def _fork(self) -> str:
        return str(self._as(FORKER).ask("POST", f"{self._path}/forks")["full_name"])


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
        git, parent = f"/repos/{self.repo}/git", self.tip()
        base = self.api.ask("GET", f"{git}/commits/{parent}")["tree"]["sha"]
        entries = [self._entry(path, content) for path, content in files.items()]
        tree = self.api.ask("POST", f"{git}/trees", base_tree=base, tree=entries)["sha"]
        commit = str(self.api.ask("POST", f"{git}/commits", message=message, tree=tree, parents=[parent])["sha"])
        self.api.ask("PATCH", f"{git}/refs/heads/{self.name}", sha=commit)
        return commit

    def _entry(self, path: str, content: str | bytes | None) -> dict[str, object]:
        entry: dict[str, object] = {"path": path, "mode": "100644", "type": "blob"}
        if isinstance(content, str):
            return entry | {"content": content}
        return entry | {"sha": None if content is None else self._blob(content)}

    def _blob(self, content: bytes) -> str:
        encoded = base64.b64encode(content).decode()
        return str(self.api.ask("POST", f"/repos/{self.repo}/git/blobs", content=encoded, encoding="base64")["sha"])
