"""Attacks of strangers on a model that obeys every one of them: nothing but what the configuration allows comes out."""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

import pytest

from hubpipe import config, run
from hubpipe.change.memory import without_memory
from hubpipe.event import Declined, parse
from hubpipe.github import GitHub
from hubpipe.models.base import Places
from hubpipe.models.chat import BEGIN, END, UNTRUSTED
from hubpipe.models.shelf import Shelf
from hubpipe.render import line_of, marker
from hubpipe.report import Report
from hubpipe.report.plain import as_text
from hubpipe.report.summary import as_markdown
from hubpipe.sinks import to_github
from tests.attacks.corpus import Attack, Place, attacks
from tests.attacks.obeying import Obeying
from tests.e2e.step import run as run_action
from tests.judge import Page, acts
from tests.models.endpoint_server import EndpointServer, serving
from tests.standin.standin import Server, StandIn
from tests.standin.wire import LOOPBACK

pytestmark = pytest.mark.e2e

ATTACKS = attacks()
KEY = "sk-of-the-endpoint"
LABELS = {"bug": "It does not do what it should", "question": "", "security": ""}
MOST = 2
TEMPLATE = (
    "**{{ subject.title }}**: {{ summary | join(' ') }}{% for label in labels %}{{ label.label | code }}{% endfor %}"
)
CONFIG = f"""\
version: 1
flows:
  kind:
    on: &on
      issues: [opened]
      issue_comment: [created]
      pull_request_target: [opened]
    input: [title, body, comments, commits, files, patch]
    pipeline: &model
      task: text-generation
      model: org/name
      endpoint: "URL/v1"
      labels: {{bug: It does not do what it should, question: "", security: ""}}
      multi_label: true
    decide: {{max_labels: {MOST}}}
    publish: labels
  answer:
    on: *on
    input: [title, body, comments, commits, files, patch]
    pipeline: {{task: text-generation, model: org/name, endpoint: "URL/v1", instructions: Say what it is about.}}
    publish: comment
  shown:
    on: *on
    input: [title, body, comments]
    pipeline: {{task: summarization, model: org/name, endpoint: "URL/v1"}}
    publish:
      comment:
        template: "{TEMPLATE}"
"""
TAGS = ("h3", "ul", "li", "sub", "strong", "details", "summary", "table", "thead", "tbody", "tr", "th", "td")
PLAIN = "It crashes when the archive is read."


@dataclass
class Network:
    """Every address that this process connects to while it is watched."""

    watched: bool = False
    asked: list[Any] = field(default_factory=list)

    def see(self, event: str, arguments: Any) -> None:
        if self.watched and event == "socket.connect":
            self.asked.append(arguments[1])
        elif self.watched and event == "socket.getaddrinfo":
            self.asked.append((arguments[0], arguments[1]))


NETWORK = Network()
sys.addaudithook(NETWORK.see)


@dataclass(frozen=True)
class Stage:
    """One repository with an issue that has nothing to do with any attack, a model and a server of a stranger's."""

    repo: StandIn
    model: EndpointServer
    stranger: EndpointServer
    bystander: int

    @property
    def config(self) -> str:
        return CONFIG.replace("URL", self.model.url)


@dataclass(frozen=True)
class Scene:
    """What a stranger did: on which issue or pull request, and the event that GitHub tells of it."""

    number: int
    kind: str
    payload: dict[str, Any]


@pytest.fixture(scope="module")
def stage(github_server: Server) -> Iterator[Stage]:
    repo = github_server.repository("attacked")
    for label in LABELS:
        repo.add_label(label)
    bystander = repo.open_issue("A bystander", "Nobody writes here.", ["question"])
    with serving() as model, serving() as stranger:
        yield Stage(repo, model, stranger, bystander)


def committed(stage: Stage, attack: Attack) -> Scene:
    """Open a pull request that holds the attack in its files, its branch or its commits."""
    place, text, branch = attack.place, attack.text, f"topic-{attack.id}"
    files = {text if place == "file name" else f"src/{attack.id}.py": text if place == "diff" else f"x = {PLAIN!r}\n"}
    branch = text if place == "branch" else branch
    number = stage.repo.open_pull("Read archives in pieces", PLAIN, files, branch=branch)
    if place == "commit message":
        stage.repo.push_to_pull(number, {f"docs/{attack.id}.md": PLAIN}, text)
    return Scene(number, "pull_request_target", stage.repo.event("pull_request_target", "opened", number))


def written(stage: Stage, attack: Attack) -> Scene:
    """Open an issue that holds the attack, or comment on one."""
    title = attack.text if attack.place == "title" else "It crashes"
    text = f"![{attack.text}]({stage.stranger.url}/shot.png)" if attack.place == "alt text" else attack.text
    number = stage.repo.open_issue(title, text if attack.place in ("body", "alt text") else PLAIN)
    if attack.place != "comment":
        return Scene(number, "issues", stage.repo.event("issues", "opened", number))
    identifier = stage.repo.comment_as("outsider", number, text)
    payload = stage.repo.event("issue_comment", "created", number)
    user = {**payload["comment"]["user"], "login": "outsider"}
    payload["comment"] |= {"id": identifier, "body": text, "user": user, "author_association": "NONE"}
    return Scene(number, "issue_comment", payload)


def scene_of(stage: Stage, attack: Attack) -> Scene:
    in_files = attack.place in ("file name", "diff", "branch", "commit message")
    return (committed if in_files else written)(stage, attack)


def handled(stage: Stage, scene: Scene) -> Report:
    """Let the flows run as a door does, everything that they connect to watched."""
    github = GitHub(stage.repo.token, stage.repo.url, pacing=0)
    event = parse(scene.kind, scene.payload)
    assert not isinstance(event, Declined)
    places = Places(endpoint_key=KEY)
    NETWORK.asked, NETWORK.watched = [], True
    try:
        return run.handle(event, config.parse(stage.config), github, Shelf(places), to_github(github))
    finally:
        NETWORK.watched = False


def letters(said: str) -> str:
    """The letters of the first line of an answer, without what a model thinks aloud before it."""
    first = said.rpartition("</think>")[2].strip().partition("\n")[0]
    return "".join(filter(str.isalnum, line_of(first, 500)))


def shown(body: str) -> str:
    """The letters that a reader of a comment sees."""
    return "".join(filter(str.isalnum, Page(body).shown))


def check_effects(stage: Stage, scene: Scene) -> list[str]:
    """Hold what changed on GitHub against what the configuration allows; gives the comments."""
    number = scene.number
    allowed = {("POST", f"/issues/{number}/comments"), ("POST", f"/issues/{number}/labels")}
    writes = Counter(stage.repo.writes)
    assert set(writes) <= allowed
    assert writes["POST", f"/issues/{number}/labels"] <= 1
    labels = stage.repo.labels_of(number)
    assert set(labels) <= set(LABELS)
    assert len(labels) <= MOST
    assert {label["name"] for label in stage.repo.api.ask("GET", f"/repos/{stage.repo.repo}/labels")} >= set(LABELS)
    comments = [one["body"] for one in stage.repo.comments_of(number) if one["user"]["login"] != "outsider"]
    assert sorted(body.partition("\n")[0] for body in comments) == [marker("answer"), marker("shown")]
    for body in comments:
        own, _, rest = without_memory(body).partition("\n")
        assert own.startswith("<!-- hubpipe: flow=")
        assert not acts(rest, *TAGS), rest
        assert Page(rest).comments == []
        assert not Page(rest).links
        assert len(body) <= 65_536
    return comments


def check_bystanders(stage: Stage) -> None:
    """Hold that nobody else was asked, and that nothing else changed."""
    assert stage.repo.comments_of(stage.bystander) == []
    assert stage.repo.labels_of(stage.bystander) == ["question"]
    assert stage.stranger.asked == stage.stranger.looked_up == []
    strange = int(stage.stranger.url.rpartition(":")[2])
    assert all(address[0] == LOOPBACK and address[1] != strange for address in NETWORK.asked), NETWORK.asked


def check_conversation(stage: Stage, attack: Attack, read: list[Any]) -> None:
    """Hold that the text was only ever the matter: no word of it chose the model, or told it what to do."""
    assert read
    assert {request.headers["authorization"] for request in stage.model.asked} == {f"Bearer {KEY}"}
    assert {request.path for request in stage.model.asked} == {"/v1/chat/completions"}
    for body in read:
        assert body["model"] == "org/name"
        assert [message["role"] for message in body["messages"]] == ["system", "user"]
        told, matter = (message["content"] for message in body["messages"])
        assert told.endswith(UNTRUSTED)
        assert attack.text not in told
        inside = matter.removeprefix(f"{BEGIN}\n").removesuffix(f"\n{END}")
        assert len(inside) == len(matter) - len(BEGIN) - len(END) - 2
        assert not {BEGIN, END} & set(inside.splitlines())
        assert set(body) <= {"model", "messages", "max_tokens", "temperature", "stream", "response_format"}


@pytest.mark.threat("attack", "injection")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
def test_whatever_is_asked_of_a_model_that_obeys_only_allowed_effects_come_out(stage: Stage, attack: Attack) -> None:
    attack = attack.at(stage.stranger.url)
    scene = scene_of(stage, attack)
    stage.repo.server.recorder.forget()
    stage.model.asked.clear()
    model = Obeying(attack, [])
    stage.model.always = model.answer
    report = handled(stage, scene)
    assert [flow.flow for flow in report.flows] == ["kind", "answer", "shown"]
    assert not [flow.error for flow in report.flows if flow.error]
    comments = check_effects(stage, scene)
    assert scene.kind == "pull_request_target" or all(letters(attack.says) in shown(body) for body in comments)
    check_bystanders(stage)
    check_conversation(stage, attack, model.read)
    assert not acts(as_markdown(report), *TAGS, "h2")
    assert commands(as_text(report)) == []


ENDED_TO_END = (
    "commands-09",
    "commands-10",
    "encoded-04",
    "labels-02",
    "leaks-01",
    "markers-02",
    "places-06",
    "places-13",
)
ONLINE = {"HF_HUB_OFFLINE": ""}


@pytest.mark.threat("attack", "injection")
@pytest.mark.parametrize("attack", [one for one in ATTACKS if one.id in ENDED_TO_END], ids=lambda attack: attack.id)
def test_the_action_itself_does_no_more_and_prints_no_command(stage: Stage, attack: Attack, tmp_path: Path) -> None:
    attack = replace(attack.at(stage.stranger.url), id=f"{attack.id}-again")
    stage.repo.put_file(".github/hubpipe.yml", stage.config)
    scene = scene_of(stage, attack)
    stage.repo.server.recorder.forget()
    stage.model.always = Obeying(attack, []).answer
    step = run_action(stage.repo, tmp_path, scene.kind, scene.payload, ONLINE, endpoint_key=KEY)
    assert step.status == 0, step.log
    check_effects(stage, scene)
    check_bystanders(stage)
    masks = {f"::add-mask::{secret}" for secret in (stage.repo.token, KEY)}
    ours = [line for line in step.log.splitlines() if line.startswith("::notice::")]
    assert set(commands(step.log)) - set(ours) <= masks
    assert commands("\n".join(step.outputs.values())) == []
    assert not acts(step.summary, *TAGS, "h2")


def commands(text: str) -> list[str]:
    """The lines that a workflow's runner would obey."""
    return [line for line in text.splitlines() if line.strip().startswith("::") or "##[" in line]


def test_there_are_a_hundred_different_attacks_from_everywhere_a_stranger_can_write() -> None:
    assert len({(attack.place, attack.text) for attack in ATTACKS}) == len({attack.id for attack in ATTACKS}) >= 100
    assert {attack.place for attack in ATTACKS} == set(get_args(Place))
