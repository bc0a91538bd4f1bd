"""What `hubpipe check` tells of a flow's requests, held against those that a run sends."""

import re

import pytest

from hubpipe.check import LOGIN_CALLS, check
from hubpipe.config import PATH, parse
from hubpipe.event import Event
from hubpipe.event import parse as read
from hubpipe.github import GitHub
from hubpipe.models.base import Places
from hubpipe.models.shelf import Shelf
from hubpipe.run import handle
from hubpipe.sinks import to_github
from hubpipe.world import configuration
from tests.standin.standin import StandIn

OFFLINE = Places(offline=True)
SUMMARY = 'pipeline: {task: summarization, model: "fake:label=Said of it otherwise"}'
SCORES = 'pipeline: {task: zero-shot-classification, model: "fake:label=a", labels: [a, b]}'
# Flow, event, and what of the requests that depend on the size of the change comes to one.
FLOWS = {
    "on: pull_request\nPIPELINE\npublish: comment": 0,
    "on: pull_request\ninput: [title, body, commits]\nPIPELINE\npublish: comment": 1,
    "on: pull_request\ninput: [title, linked, patch]\nPIPELINE\npublish: comment": 2,
    "on: pull_request\ninput: [title, contents]\nPIPELINE\npublish: summary": 2,
    "on: pull_request\ninput: [title, patch]\nPIPELINE\npublish: {comment: {mode: description}}": 1,
    "on: pull_request\neach: file\nSCORES\npublish: check": 1,
    "on: pull_request\nrules: {size: true}\npublish: {labels: {create: true}}": 1,
    "on: release\ninput: pulls\nPIPELINE\npublish: release": 2,
}


def flow_of(words: str) -> str:
    lines = words.replace("PIPELINE", SUMMARY).replace("SCORES", SCORES).splitlines()
    return "version: 1\nflows:\n  one:\n" + "".join(f"    {line}\n" for line in lines)


def event_of(repo: StandIn, kind: str) -> Event:
    number = repo.merged_pull("Add a reader") if kind == "release" else repo.open_pull("Add a reader", "It reads.")
    subject = repo.release("v1") if kind == "release" else number
    event = read(kind, repo.event(kind, "published" if kind == "release" else "opened", subject))
    assert isinstance(event, Event)
    return event


@pytest.mark.parametrize(("words", "more"), FLOWS.items(), ids=lambda words: str(words).replace("\n", " "))
def test_a_run_sends_as_many_requests_as_check_tells(standin: StandIn, words: str, more: int) -> None:
    standin.put_file(PATH, flow_of(words))
    event = event_of(standin, "release" if "release" in words else "pull_request")
    [needs] = check(parse(flow_of(words)), OFFLINE)
    assert needs.problems == ()
    github = GitHub(standin.token, standin.url, graphql_url=f"{standin.url}/graphql", pacing=0)
    before = len(standin.conversation)
    report = handle(event, configuration(standin.repo, PATH, github), github, Shelf(OFFLINE), to_github(github))
    assert report.exit_code == 0, report
    sent = [f"{one.method} {one.path}" for one in standin.conversation[before:]]
    # Nobody asks who wrote a comment where there is none yet, but after writing for one of another run.
    spared = LOGIN_CALLS - 1 if any(re.fullmatch(r"POST .*/issues/\d+/comments", one) for one in sent) else 0
    # A label that is made first takes the request that would tell whether it is still there.
    assert len(sent) + spared == needs.calls + more, "\n".join(sent)
