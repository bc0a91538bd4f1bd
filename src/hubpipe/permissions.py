"""Turn flows, and what a job does with them, into the least `permissions:` that it needs, and hold a token against it.

Source: https://docs.github.com/en/rest/authentication/permissions-required-for-github-app-installation-access-tokens
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hubpipe.config import Config, Flow
from hubpipe.config.change_rules import PULLS
from hubpipe.config.rules import ISSUES

if TYPE_CHECKING:
    from hubpipe.github.granted import Granted

NONE, READ, WRITE = "none", "read", "write"
LEVELS = (NONE, READ, WRITE)
Permissions = dict[str, str]

# The modes of the Action.
RUN, TRAIN, ANALYSE, APPLY = "run", "train", "analyse", "apply"
ANALYSED = "pull_request"  # the event that both stages are about
CONFIGURATION: Permissions = {"contents": READ}
HISTORY: Permissions = {"contents": READ, "issues": READ, "pull-requests": READ}
# Reactions and answers, labels and comments that are taken back, on whatever the comment stands.
COMMANDS: Permissions = {"contents": READ, "issues": WRITE, "pull-requests": WRITE}
COMMENTED = "issue_comment"
OF_COMMANDS = f"{COMMENTED} (commands)"
ARTIFACT: Permissions = {"actions": READ}  # to download what another run has left

# The scopes of a classic token that let it write to a repository.
REPO, PUBLIC_REPO = "repo", "public_repo"
NOT_TOLD = "GitHub does not tell what this token may: name a workflow by --workflow to compare its permissions instead"
NO_SCOPE = "it writes to {repo}, and the token has {scopes}: give it the scope {wanted}"
NO_ROLE = "it writes to {repo}, where the token's owner may only read: let them have the role triage or write"
NO_CHECKS = "a check run can only be made with the token of an app, such as a workflow's own"
TOO_MUCH = "of its scopes {scopes} are not needed: {enough}"
THIS_IS_ENOUGH, NO_SCOPE_IS_ENOUGH = "{wanted} is enough", "no scope at all is enough to read what is public"


@dataclass(frozen=True)
class Held:
    """Where a token, or a job, may too little and too much, in words; `note` says why nobody knows."""

    too_little: tuple[str, ...] = ()
    too_much: tuple[str, ...] = ()
    note: str = ""


def of_flow(flow: Flow, events: Collection[str] | None = None) -> Permissions:
    """Give what one flow needs, on some of its events or on all."""
    on = set(flow.on) if events is None else set(flow.on) & set(events)
    publishes = flow.publish.labels is not None or flow.publish.comment is not None
    level = WRITE if publishes else READ
    found = {"contents": READ if flow.publish.release is None else WRITE}
    if ISSUES & on:
        found["issues"] = level
    elif "linked" in flow.input or flow.searches:
        found["issues"] = READ
    if PULLS & on:
        found["pull-requests"] = level
    elif "pulls" in flow.input:
        found["pull-requests"] = READ
    if flow.publish.check is not None:
        found["checks"] = WRITE
    return found


def needed(config: Config, events: Iterable[str], mode: str = RUN, *, dry: bool = False) -> Permissions:
    """Give what a job needs that runs a configuration on some events, in a mode of the Action."""
    if mode == TRAIN:
        return HISTORY
    brought = {ANALYSED} if mode in (ANALYSE, APPLY) else set(events)
    flows = [flow for flow in config.flows.values() if flow is not None and brought & set(flow.on)]
    ordered = [COMMANDS] if config.commands is not None and COMMENTED in brought else []
    found = joined([CONFIGURATION, *(of_flow(flow, brought) for flow in flows), *ordered])
    if mode == APPLY:
        found = joined([ARTIFACT, found])
    return _read_only(found) if mode == ANALYSE or dry else found


def by_event(config: Config) -> dict[str, Permissions]:
    """Give what each kind of event needs that a flow handles."""
    kinds = dict.fromkeys(kind for flow in config.flows.values() if flow is not None for kind in flow.on)
    return {kind: needed(config, [kind]) for kind in kinds}


def joined(permissions: Iterable[Mapping[str, str]]) -> Permissions:
    """Give the permissions that are enough for each of several."""
    found: Permissions = {}
    for one in permissions:
        for scope, level in one.items():
            found[scope] = higher(level, found.get(scope, NONE))
    return dict(sorted(found.items()))


def higher(one: str, other: str) -> str:
    """Give the higher of two levels; what is none of ours counts as none."""
    return max(one, other, key=lambda level: LEVELS.index(level) if level in LEVELS else -1)


def words(permissions: Mapping[str, str]) -> str:
    """Write permissions in a line."""
    return ", ".join(f"{scope}: {level}" for scope, level in permissions.items()) or NONE


def lines(config: Config) -> Iterator[str]:
    """Write what a whole configuration needs, by event, and as a job's `permissions:`."""
    kinds = by_event(config)
    if not kinds:
        return
    yield "permissions by event"
    yield from (f"  {kind:<28} {words(found)}" for kind, found in kinds.items())
    if config.commands is not None and COMMENTED not in kinds:
        yield f"  {OF_COMMANDS:<28} {words(COMMANDS)}"
    yield "permissions of a job for all of them"
    yield "    permissions:"
    yield from (f"      {scope}: {level}" for scope, level in joined(kinds.values()).items())


def held_against(need: Mapping[str, str], token: "Granted") -> Held:
    """Say in words where a token may too little or too much."""
    if token.scopes is None:
        return Held(note=NOT_TOLD)
    return Held(tuple(_too_little(need, token)), tuple(_too_much(need, token)))


def _too_little(need: Mapping[str, str], token: "Granted") -> Iterator[str]:
    scopes = set(token.scopes or ())
    writes = [scope for scope, level in need.items() if level == WRITE and scope != "checks"]
    wanted = REPO if token.private else PUBLIC_REPO
    if writes and not scopes & {REPO, wanted}:
        has = f"the scopes {', '.join(sorted(scopes))}" if scopes else "no scope"
        yield NO_SCOPE.format(repo=token.repo, scopes=has, wanted=wanted)
    if writes and not token.labels:
        yield NO_ROLE.format(repo=token.repo)
    if need.get("checks") == WRITE:
        yield NO_CHECKS


def _too_much(need: Mapping[str, str], token: "Granted") -> Iterator[str]:
    wanted = REPO if token.private else PUBLIC_REPO if WRITE in need.values() else ""
    more = sorted(set(token.scopes or ()) - {wanted})
    if more:
        enough = THIS_IS_ENOUGH.format(wanted=wanted) if wanted else NO_SCOPE_IS_ENOUGH
        yield TOO_MUCH.format(scopes=", ".join(more), enough=enough)


def _read_only(permissions: Mapping[str, str]) -> Permissions:
    """Give what is left where nothing is written: a check run is only ever written."""
    return {scope: READ for scope in permissions if scope != "checks"}
