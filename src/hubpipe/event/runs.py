"""Turn the payload of a workflow_run into what GitHub says of the run that ended."""

from dataclasses import dataclass
from typing import Any

from hubpipe.errors import EventError

NO_RUN = "the payload has no workflow_run: mode: apply is for a workflow that runs on workflow_run"
INCOMPLETE = "the payload's workflow_run names no {key}: give the event exactly as GitHub sent it"


@dataclass(frozen=True)
class EndedRun:
    """A run of another workflow, as GitHub tells of it: what started it, how it ended, of which commit it is.

    `head_repo` is "owner/name", empty where the fork is gone; `head_ref` is the branch there.
    """

    kind: str
    conclusion: str
    head_sha: str
    head_repo: str
    head_ref: str


def ended_run(payload: object) -> EndedRun:
    """Read what GitHub says of the run; no word of the run's own is in it.

    Raises EventError for what is no such payload.
    Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run
    """
    run = payload.get("workflow_run") if isinstance(payload, dict) else None
    if not isinstance(run, dict):
        raise EventError(NO_RUN)
    home = run.get("head_repository")
    return EndedRun(
        kind=_text(run, "event"),
        conclusion=_text(run, "conclusion", needed=False),
        head_sha=_text(run, "head_sha"),
        head_repo=_text(home, "full_name") if isinstance(home, dict) else "",
        head_ref=_text(run, "head_branch", needed=False),
    )


def _text(data: dict[str, Any], key: str, *, needed: bool = True) -> str:
    value = data.get(key)
    if needed and (not isinstance(value, str) or not value):
        raise EventError(INCOMPLETE.format(key=key))
    return value if isinstance(value, str) else ""
