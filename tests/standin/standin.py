"""Turn a test's words into a repository on the stand-in: issues, pull requests, people and what they do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import urllib3

from tests.standin.authors import Authors
from tests.standin.branches import Api, Branch
from tests.standin.gateway import Gateway
from tests.standin.payloads import event_payload, run_payload
from tests.standin.recorder import Accident, Exchange, Recorder, cut, instead, lose
from tests.standin.servers import OWNER, token_of
from tests.standin.wire import reply_json

ADMIN = "octocat"


@dataclass(frozen=True)
class Server:
    """The running stand-in, shared by all tests.

    `url` is where hubpipe calls: there the conversation is recorded. `setup_url` is the same GitHub, off the record.
    `token` is a job's, `twin_token` that of another job at the same time; `app_key` is the private key of the App.
    """

    url: str
    setup_url: str
    token: str
    read_only_token: str
    twin_token: str
    recorder: Recorder
    gateway: Gateway = field(repr=False)
    app_key: str = field(default="", repr=False)

    def repository(self, name: str) -> "StandIn":
        """Make a new repository and begin a new record."""
        api = Api(self.setup_url, token_of(ADMIN))
        api.ask("POST", f"/orgs/{OWNER}/repos", name=name, auto_init=True)
        self.recorder.forget()
        return StandIn(api, f"{OWNER}/{name}", self.gateway, self)


@dataclass(frozen=True)
class StandIn(Authors):
    """One test's own repository, `repo`; `token` is the one that a workflow's job gets."""

    server: Server

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

    def description_of(self, number: int) -> str:
        return str(self.api.ask("GET", f"{self._pull(number)}")["body"] or "")

    def checks_of(self, sha: str) -> list[dict[str, Any]]:
        """The check runs that GitHub shows for a commit, the latest of each name, each with its `annotations`."""
        runs = self.api.ask("GET", f"{self._path}/commits/{sha}/check-runs?per_page=100")["check_runs"]
        return [run | {"annotations": self._annotations(run["id"])} for run in runs]

    def reactions_of(self, comment: int) -> list[str]:
        """What stands below a comment, in the order in which it came."""
        return [content for _, content in self.gateway.reactions.get(str(comment), [])]

    def event(self, kind: str, action: str | None, number: int, **more: object) -> dict[str, Any]:
        """Make the payload that GitHub would send now; `more` is put in last. A release's number is its id."""
        return event_payload(self.api.ask, self.repo, kind, action, number) | more

    def ended_run(self, number: int, **more: object) -> dict[str, Any]:
        """Make the payload of the run that ended for a pull request's present commit; `more` is said of the run."""
        return run_payload(self.api.ask, self.repo, number, more)

    # What people do

    def open_issue(self, title: str, body: str = "", labels: Sequence[str] = ()) -> int:
        return int(self.api.ask("POST", f"{self._path}/issues", title=title, body=body, labels=list(labels))["number"])

    def add_label(self, name: str, description: str = "") -> None:
        """Add a label to the repository's list."""
        self.api.ask("POST", f"{self._path}/labels", name=name, color="ededed", description=description)

    def add_label_as(self, user: str, number: int, name: str) -> None:
        self._as(user).ask("POST", f"{self._issue(number)}/labels", labels=[name])

    def label_as_bot(self, number: int, name: str) -> None:
        """Add a label as an earlier run did."""
        Api(self.api.url, self.token).ask("POST", f"{self._issue(number)}/labels", labels=[name])

    def remove_label_as(self, user: str, number: int, name: str) -> None:
        self._as(user).ask("DELETE", f"{self._issue(number)}/labels/{quote(name, safe='')}")

    def comment_as(self, user: str, number: int, body: str) -> int:
        return int(self._as(user).ask("POST", f"{self._issue(number)}/comments", body=body)["id"])

    def invite(self, user: str, permission: str) -> None:
        """Give a person a role in the repository: pull, triage, push, maintain or admin."""
        self.api.ask("PUT", f"{self._path}/collaborators/{user}", permission=permission)

    def lock(self, number: int) -> None:
        """Lock a conversation: only people who may write to the repository can comment on it then."""
        self.gateway.locked.add(f"{self.repo}#{number}")

    def attach(self, name: str, data: bytes) -> str:
        """Drop a file into a text, and give the address that stands there then."""
        path = f"/user-attachments/assets/{name}"
        urllib3.request("PUT", f"{self.api.url}{path}", body=data)
        return f"{self.url}{path}"

    def release(
        self, tag: str, body: str = "", *, draft: bool = False, prerelease: bool = False, target: str = "main"
    ) -> int:
        """Publish what is on a branch, or a commit; returns the release's id."""
        named = {"tag_name": tag, "name": f"Release {tag}", "body": body, "target_commitish": target}
        made = self.api.ask("POST", f"{self._path}/releases", **named, draft=draft, prerelease=prerelease)
        return int(made["id"])

    def put_file(self, path: str, content: str | bytes) -> None:
        """Commit a file to the default branch."""
        Branch(self.api, self.repo, "main").commit({path: content}, f"Write {path}")

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

    def _annotations(self, run: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while more := self.api.ask(
            "GET", f"{self._path}/check-runs/{run}/annotations?per_page=100&page={len(found) // 100 + 1}"
        ):
            found += more
            if len(found) % 100:
                break
        return found

    def _issue(self, number: int) -> str:
        return f"{self._path}/issues/{number}"
