"""Turn a pull request into an Analysis in a run that nobody need trust, and that into a Report in one that may write.

What the first run leaves is a stranger's: whoever opens a pull request can change the workflow that runs for it. So
the second asks GitHub which pull request and commit that run was of, reads the configuration and the pull request
anew, and takes nothing from the analysis but what models could have said.
Source: https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/
"""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hubpipe import commands, run, world
from hubpipe.analysis import ACTIVITIES, Activity, Analysis, folder
from hubpipe.analysis.recording import Recording
from hubpipe.analysis.replaying import Replaying
from hubpipe.config import Config
from hubpipe.deadline import Deadline
from hubpipe.errors import ArtifactError, UsageError
from hubpipe.event import EndedRun, Event
from hubpipe.models.base import Places
from hubpipe.models.shelf import Shelf
from hubpipe.redaction import FORMS, Redaction
from hubpipe.report import Report
from hubpipe.sinks import Publish, dry_run

if TYPE_CHECKING:
    from hubpipe.github import GitHub

PULL_REQUEST, WORKFLOW_RUN = "pull_request", "workflow_run"

NOT_A_PULL_REQUEST = "mode: analyse is for the event pull_request, and this is {event}: use mode: run"
NOT_THE_AUTHORS = "mode: analyse is for what authors do ({activities}), and this is {event}: use pull_request_target"
NOT_A_RUN = "mode: apply is for the event workflow_run, and this is {event}"
NO_GITHUB = "mode: apply asks GitHub what was analysed: give it a token by the input github-token"
OTHER_CAUSE = "the run that ended was for {kind}, and not for a pull request"
NOT_ENDED_WELL = "the run that analysed ended with {conclusion}"
NO_PULL = "there is no open pull request of the branch that was analysed"
STALE = "the pull request has a newer commit than the one that was analysed: its own run tells of that"
OTHER_REPOSITORY = "the analysis is of another repository than the run: nothing of it is used"
OTHER_COMMIT = "the analysis is of another commit than the run that made it: nothing of it is used"
OTHER_PULL = "the analysis is of #{number}, and the run that made it was for {pulls}: nothing of it is used"


@dataclass(frozen=True)
class Means:
    """What a run works with: the configuration, GitHub, models, where effects go, and how long it may take."""

    config: Config
    github: "GitHub | None"
    places: Places
    publish: Publish
    redaction: Redaction = FORMS
    deadline: Deadline = field(default_factory=Deadline)


def at_once(event: Event, means: Means) -> Report:
    """Read, ask, decide and publish in one run."""
    flows = commands.flows_for(event, means.config)
    keeps = means.publish is not dry_run.publish
    with world.with_learned(means.places, flows, event.repo, means.github, keeps=keeps) as places:
        return run.handle(
            event, means.config, means.github, Shelf(places), means.publish, means.redaction, means.deadline
        )


def analyse(event: Event, means: Means, into: Path) -> Report:
    """Ask the models about a pull request, write what they say into a folder, and nothing on GitHub.

    Raises UsageError for an event that the other stage could not hold against GitHub's word.
    """
    subject = event.subject
    action: Activity | None = next((one for one in ACTIVITIES if one == event.action), None)
    if event.kind != PULL_REQUEST or subject is None or subject.number is None or subject.head_sha is None:
        raise UsageError(NOT_A_PULL_REQUEST.format(event=event.name))
    if action is None:
        raise UsageError(NOT_THE_AUTHORS.format(activities=", ".join(ACTIVITIES), event=event.name))
    flows = means.config.matching(event).values()
    with world.with_learned(means.places, flows, event.repo, means.github, keeps=False) as places:
        models = Recording(Shelf(places))
        report = run.handle(event, means.config, means.github, models, dry_run.publish, means.redaction, means.deadline)
    analysis = Analysis(
        repository=event.repo,
        number=subject.number,
        head=subject.head_sha,
        activity=action,
        models=models.said(),
    )
    # What models said before it was redacted for the report.
    folder.write(into, Analysis.model_validate_json(json.dumps(means.redaction.all(analysis.model_dump(mode="json")))))
    return report


def apply(event: Event, means: Means, ended: EndedRun, analysed: Path) -> Report:
    """Decide on what models said of a pull request, and publish it.

    Raises ArtifactError for an analysis that is not what `analyse` wrote, or not of that run.
    """
    if means.github is None:
        raise UsageError(NO_GITHUB)
    about = _about(event, ended, means.github, analysed)
    if isinstance(about, Report):
        return about
    pull, analysis = about
    flows = means.config.matching(pull).values()
    with world.with_learned(means.places, flows, pull.repo, means.github, keeps=False) as places:
        models = Replaying(Shelf(places), analysis)
        report = run.handle(pull, means.config, means.github, models, means.publish, means.redaction, means.deadline)
        return replace(report, applied=True)


def _about(event: Event, ended: EndedRun, github: "GitHub", analysed: Path) -> tuple[Event, Analysis] | Report:
    """Find the pull request that a run was for, by GitHub's word; a Report where there is nothing to do."""
    if event.kind != WORKFLOW_RUN:
        raise UsageError(NOT_A_RUN.format(event=event.name))
    if ended.kind != PULL_REQUEST:
        return Report(event, note=OTHER_CAUSE.format(kind=ended.kind))
    if ended.conclusion != "success":
        return Report(event, note=NOT_ENDED_WELL.format(conclusion=ended.conclusion or "nothing"))
    analysis = folder.read(analysed)
    if analysis.repository != event.repo:
        raise ArtifactError(OTHER_REPOSITORY)
    if analysis.head != ended.head_sha:
        raise ArtifactError(OTHER_COMMIT)
    pulls = github.pulls_from(event.repo, ended.head_repo, ended.head_ref) if ended.head_repo else ()
    if not pulls:
        return Report(event, note=NO_PULL)
    if analysis.number not in pulls:
        named = ", ".join(f"#{number}" for number in pulls)
        raise ArtifactError(OTHER_PULL.format(number=analysis.number, pulls=named))
    subject = github.pull(event.repo, analysis.number)
    if subject.head_sha != ended.head_sha:
        return Report(event, note=STALE)
    return Event(PULL_REQUEST, analysis.activity, event.repo, subject, actor=subject.author), analysis
