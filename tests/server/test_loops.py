"""Loops that cannot be: what GitHub sends because of hubpipe, and of other bots' answers to it, is forgotten."""

import json
from collections.abc import Mapping
from typing import Any, get_args

import pytest

from hubpipe.decide import Effect
from hubpipe.event import SUBJECTS
from hubpipe.server import delivery
from hubpipe.server.delivery import NEW, OWN, Delivery, Forgotten
from tests.server.test_delivery import OPENED, sent
from tests.standin.payloads import recorded

BOT = {"login": "hubpipe[bot]", "type": "Bot"}

# What GitHub sends because of what hubpipe does. Of a reaction it sends nothing.
# Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads
CAUSED: dict[str, tuple[tuple[str, str], ...]] = {
    "labels": (
        *(("issues", "labeled"), ("issues", "unlabeled")),
        *(("pull_request", "labeled"), ("pull_request", "unlabeled")),
        *(("pull_request_target", "labeled"), ("pull_request_target", "unlabeled")),
        *(("discussion", "labeled"), ("discussion", "unlabeled")),
        ("label", "created"),
    ),
    "comment": (
        *(("issue_comment", "created"), ("issue_comment", "edited"), ("issue_comment", "deleted")),
        *(("discussion_comment", "created"), ("discussion_comment", "edited"), ("discussion_comment", "deleted")),
        # A comment of the mode `description` is written into the pull request's own text.
        *(("pull_request", "edited"), ("pull_request_target", "edited")),
    ),
    "check": (
        *(("check_run", "created"), ("check_run", "completed")),
        *(("check_suite", "requested"), ("check_suite", "completed")),
    ),
    "release": (("release", "edited"),),
    "reaction": (),
    "removal": (("issue_comment", "deleted"),),
    # It goes elsewhere.
    "notify": (),
}


def payload_of(kind: str, action: str, sender: Mapping[str, str], author: Mapping[str, str]) -> dict[str, Any]:
    """GitHub's example of a kind, as if somebody had caused it."""
    named = "pull_request" if kind == "pull_request_target" else kind
    payload: dict[str, Any] = json.loads(json.dumps(next(one for name, one in recorded() if name == named)))
    payload |= {"action": action, "sender": dict(sender)}
    if "comment" in payload:
        payload["comment"]["user"] = dict(author)
    return payload


@pytest.mark.parametrize(("kind", "action"), sorted({one for caused in CAUSED.values() for one in caused}))
def test_what_github_sends_because_of_hubpipe_is_forgotten(kind: str, action: str) -> None:
    assert isinstance(sent(kind, payload_of(kind, action, BOT, BOT)), Forgotten)


def test_every_effect_is_in_the_table_of_what_it_causes() -> None:
    assert set(CAUSED) == {effect.kind for effect in get_args(Effect)}


def test_what_a_bot_may_bring_is_nothing_that_hubpipe_causes() -> None:
    caused = {one for each in CAUSED.values() for one in each}
    assert not caused & {(kind, action) for kind, actions in NEW.items() for action in actions}


def test_what_hubpipe_causes_with_a_persons_token_is_told_by_who_did_it_or_by_its_marker() -> None:
    caused = {one for each in CAUSED.values() for one in each if one[0] in SUBJECTS}
    by_marker = {(kind, action) for kind, action in caused if kind.endswith("_comment")}
    assert {(kind, action) for kind, actions in OWN.items() for action in actions} == caused - by_marker


def test_a_pull_request_that_a_bot_opens_again_and_again_is_left_alone() -> None:
    person = {"login": "mona", "type": "User"}
    assert isinstance(sent("pull_request", payload_of("pull_request", "reopened", BOT, BOT)), Forgotten)
    assert isinstance(sent("pull_request", payload_of("pull_request", "reopened", person, person)), Delivery)


def test_a_comment_that_a_bot_wrote_is_forgotten_whoever_edits_it() -> None:
    person = {"login": "mona", "type": "User"}
    assert isinstance(sent("issue_comment", payload_of("issue_comment", "edited", person, BOT)), Forgotten)
    assert isinstance(sent("issue_comment", payload_of("issue_comment", "created", person, person)), Delivery)


@pytest.mark.parametrize(("kind", "action"), sorted((kind, one) for kind in NEW for one in NEW[kind] if one))
def test_what_a_bot_opens_or_publishes_is_read_as_a_persons_is(kind: str, action: str) -> None:
    assert isinstance(sent(kind, payload_of(kind, action, BOT, BOT)), Delivery)


def test_kinds_without_text_and_kinds_that_nobody_knows_are_forgotten() -> None:
    for kind in (*delivery.TEXTLESS, "ping", "star", "no_such_event", "é"):
        assert isinstance(sent(kind, OPENED), Forgotten)
    assert set(SUBJECTS) >= set(NEW)
