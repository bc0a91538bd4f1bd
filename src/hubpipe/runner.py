"""Turn words into what a workflow's runner shows: log, annotations, outputs, summary; none of them is a command to it.

Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from actions_toolkit import core
from actions_toolkit.command import Command

from hubpipe.models.base import encodable
from hubpipe.redaction import Redaction
from hubpipe.redaction.forms import LEAST
from hubpipe.redaction.masks import masks_of
from hubpipe.redaction.stream import learn, redacted
from hubpipe.report import FlowReport, Report
from hubpipe.report.inert import inert, inert_json
from hubpipe.report.plain import as_json, as_text, not_published
from hubpipe.text import visible

log = logging.getLogger("hubpipe")

OUTPUTS = ("labels", "scores", "similar", "summary", "comment-url", "plan", "promoted", "published")

NO_FLOW = "no flow handles {event}"
NOTHING = "{reason}: nothing was done"
# A runner looks for each mask, in several spellings, in every line that the job says.
MOST_MASKS, MOST_SECRETS = 100, 1_000
TOO_MANY_SECRETS = (
    f"what was read holds so many secrets that not all are registered as masks (at most {MOST_MASKS}): hubpipe says "
    "none of the others either, but a later step of this job could print them"
)


class _Inert(logging.Formatter):
    """Write log lines that are inert, whatever a file's name or a fault's message holds."""

    def format(self, record: logging.LogRecord) -> str:
        """Put a bar before each line."""
        return "\n".join(f"| {line}" for line in inert(super().format(record)).splitlines())


class _InertStream(io.TextIOBase):
    """A stream for libraries that write to stderr by themselves: the runner reads it, too."""

    def __init__(self, stream: TextIO):
        self.below = stream

    def write(self, text: str) -> int:
        """Pass text on without what begins a command."""
        self.below.write(text.replace("::", ": :").replace("##[", "## ["))
        return len(text)

    def flush(self) -> None:
        """Flush what is below."""
        self.below.flush()


class _Masks:
    """Registers secrets as masks when they are found; a text that is full of them cannot flood the runner."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str]):
        self._stream = stream
        # What the job shows itself is no secret, whoever writes it into an issue.
        self._shown = "\n".join(environ.values())
        self._secrets: set[str] = set()
        self._masks: set[str] = set()
        self._full = False

    def __call__(self, secret: str) -> None:
        """Register what may be masked of a secret."""
        if self._full or secret in self._secrets:
            return
        self._secrets.add(secret)
        new = [mask for mask in masks_of(secret) if mask not in self._masks and mask not in self._shown]
        self._full = len(self._masks) + len(new) > MOST_MASKS or len(self._secrets) > MOST_SECRETS
        for mask in new[: MOST_MASKS - len(self._masks)]:
            self._masks.add(mask)
            self._say("add-mask", mask)
        if self._full:
            self._say("warning", TOO_MANY_SECRETS)
        self._stream.flush()

    def _say(self, command: str, words: str) -> None:
        self._stream.write(f"{Command(command, {}, words)}\n")


def masking(redaction: Redaction, environ: Mapping[str, str]) -> Redaction:
    """Register a step's own secrets as masks, and those of others once they are found.

    Only a runner takes a mask for what it is: anybody else would be shown the secret.
    """
    if environ.get("GITHUB_ACTIONS") != "true":
        return redaction
    for secret in redaction.own:
        core.set_secret(secret)
    return replace(redaction, found=_Masks(sys.stdout, environ))


def log_to_the_steps_log(redaction: Redaction) -> None:
    """Write all that is logged to the step's log, without secrets."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    # Annotations are written there, too: nothing gets by.
    sys.stdout = redacted(sys.stdout, redaction)
    sys.stderr = _InertStream(redacted(sys.stderr, redaction))
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Inert("%(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)
    log.setLevel(logging.INFO)


def mask_more(redaction: Redaction, secrets: Iterable[str]) -> Redaction:
    """Mask secrets that only the configuration tells of; give the redaction that knows them, as the streams do now."""
    known, stream = redaction.knowing(secrets), sys.stdout
    stream.flush()
    # A mask reaches the runner as it is; anybody else would be shown the secret (see `masking`).
    sys.stdout = getattr(stream, "below", stream)
    try:
        for secret in known.own[len(redaction.own) :] if redaction.found is not None else ():
            # A variable that holds `true`, named by mistake: as a mask it would take that word out of every output.
            if len(secret) >= LEAST:
                core.set_secret(secret)
    finally:
        sys.stdout = stream
    for one in (sys.stdout, sys.stderr):
        learn(one, known)
    return known


def tell(report: Report, shout: Callable[[str], None]) -> None:
    """Write the report to the log, and what a person must see as annotations; `shout` that the token may not write."""
    if not report.flows:
        log.info(NOTHING.format(reason=report.note or NO_FLOW.format(event=report.event.name)))
    log.info(as_text(report))
    unpublished = not_published(report)
    if unpublished:
        shout(unpublished)
    for flow in report.flows:
        _annotate(flow, shout)


def seen(text: str) -> str:
    """Write an annotation's words without what nobody sees; half a character is a question mark."""
    return visible(encodable(text))


def _annotate(flow: FlowReport, shout: Callable[[str], None]) -> None:
    if flow.error is not None:
        core.error(seen(f"{flow.flow}: {flow.error}"))
    for outcome in flow.outcomes:
        if outcome.failed:
            (shout if outcome.forbidden else core.error)(seen(f"{flow.flow}: {outcome.kind}: {outcome.detail}"))
    for note in flow.plan.notes:
        core.notice(seen(f"{flow.flow}: {note}"))
    if flow.unread:
        core.notice(seen(f"{flow.flow}: not read: {'; '.join(flow.unread)}"))


def write_outputs(report: Report | None, published: bool = False, promoted: bool = False) -> None:
    """Set every output of the step, those of a run that did nothing without a report.

    A later step may print them: they hold no command for the runner.
    """
    values = {
        "labels": inert_json(json.dumps(report.labels if report else [])),
        "scores": inert_json(json.dumps(report.scores if report else {})),
        "similar": json.dumps(report.similar if report else []),
        "summary": inert(encodable(report.summary)) if report else "",
        "comment-url": report.comment_url if report else "",
        "plan": inert_json(json.dumps(as_json(report) if report else {"flows": []})),
        "promoted": json.dumps(promoted),
        "published": json.dumps(published),
    }
    for name in OUTPUTS:
        # The runner's file is UTF-8: a half character in a title or a model's words must not end the step.
        core.set_output(name, encodable(values[name]))


def summarise(markdown: str, environ: Mapping[str, str]) -> None:
    """Add Markdown to the job summary, where the step has one."""
    path = environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8", errors="replace") as file:
            file.write(markdown + "\n")
