"""Turn a recorded event on this machine into a Report: the command-line door."""

import json
import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from hubpipe import commands, deadline, notices, run, world
from hubpipe.config import PATH
from hubpipe.errors import EventError, StoppedError, UsageError
from hubpipe.event import SUBJECTS, Declined, parse
from hubpipe.models.shelf import Shelf
from hubpipe.redaction import redaction_for
from hubpipe.redaction.stream import learn
from hubpipe.report import Report
from hubpipe.report.cut import NOTHING_PUBLISHED
from hubpipe.sinks import dry_run, to_github

log = logging.getLogger("hubpipe")

NEEDS_TOKEN = "publishing needs a token: set GITHUB_TOKEN, or add --dry-run to see the plan only"  # noqa: S105
NO_CONFIG = "no --config and no GITHUB_TOKEN: using the default configuration"
DECLINED = "hubpipe does not handle the event {kind!r}: nothing was done"


@dataclass(frozen=True)
class Replay:
    """What a person asked to replay."""

    payload: Path
    event: str
    config: Path | None = None
    repo: str | None = None
    dry_run: bool = False
    timeout: float = deadline.USUAL  # seconds


def replay(request: Replay, environ: Mapping[str, str]) -> Report | None:
    """Handle a recorded event as the Action would; None where hubpipe does not handle its kind.

    With a token in GITHUB_TOKEN, GitHub is read even in a dry run; without one nothing but the event is.
    """
    token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN")
    if not (token or request.dry_run):
        raise UsageError(NEEDS_TOKEN)
    try:
        with deadline.Deadline(request.timeout).watched() as limit:
            return _replay(request, environ, token, limit)
    except deadline.Stop as stop:
        raise StoppedError(NOTHING_PUBLISHED.format(reason=stop)) from stop


def _replay(request: Replay, environ: Mapping[str, str], token: str | None, limit: deadline.Deadline) -> Report | None:
    event = parse(request.event, payload(request.payload), request.repo)
    if isinstance(event, Declined):
        log.info(declined(event))
        return None
    github = world.connect(token, environ, limit) if token else None
    if request.config is not None:
        settings = world.configuration_file(request.config, github)
    else:
        if github is None:
            log.info(NO_CONFIG)
        settings = world.configuration(event.repo, PATH, github)
    held = notices.addresses(settings, environ)
    redaction = redaction_for(environ, *notices.secrets_of(held))
    for stream in (sys.stdout, sys.stderr):
        learn(stream, redaction)
    sending = notices.notifier(held, event, environ, limit)
    publish = dry_run.publish if request.dry_run or github is None else to_github(github, sending)
    flows = commands.flows_for(event, settings)
    keeps = not request.dry_run
    with world.with_learned(world.places(environ), flows, event.repo, github, keeps=keeps) as places:
        return run.handle(event, settings, github, Shelf(places), publish, redaction, limit)


def declined(event: Declined) -> str:
    """Say that hubpipe has no use for an event, and which one was perhaps meant."""
    close = get_close_matches(event.kind, SUBJECTS, n=1, cutoff=0.8)
    return DECLINED.format(kind=event.kind) + (f" (did you mean {close[0]}?)" if close else "")


def payload(path: Path) -> object:
    """Read an event's payload.

    Raises EventError when it is not JSON.
    """
    text = world.read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EventError(f"{path} is not JSON: {error}") from error
