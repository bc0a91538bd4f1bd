"""Turn an event into what a flow reads of it: text, attachments, the change; or into why it is left alone."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hubpipe import change as changes
from hubpipe import render
from hubpipe.change import Change, Memory
from hubpipe.change.memory import recalled
from hubpipe.config import FILE_INPUTS, Flow, globs
from hubpipe.errors import UsageError
from hubpipe.event import ChangedFile, Comment, Event, Material, Subject, without_command
from hubpipe.pipeline import Changed
from hubpipe.redaction import FORMS, Redaction
from hubpipe.text import Document, compose

if TYPE_CHECKING:
    from hubpipe.github import GitHub

MEDIA = ("images", "audio")
UNRELEASED = "Unreleased"
# Who may give a command, by GitHub's word about a comment's author.
# Source: https://docs.github.com/en/graphql/reference/enums#commentauthorassociation
OWN_PEOPLE = ("OWNER", "MEMBER", "COLLABORATOR")
COMMAND = "/{command}"
NAMED_COMMAND = "/hubpipe {command}"

NOT_ASKED = "{inputs} come from GitHub, which was not asked (no token)"
PROMPTS_NOT_ASKED = (
    "the templates under prompts come from GitHub, which was not asked (no token): the usual ones are used"
)
NO_PROMPT = "the repository has no {path} on its default branch, which prompts.{part} names: write it, or drop the key"
NOTHING_TO_READ = "nothing to read: the event brings no text"
DRAFT = "the pull request is a draft: nothing is written on it until it is ready for review (publish.comment.drafts)"
NO_PULL_REQUEST = "mode: description writes into a pull request's description, and this is none"
CLOSED = "the pull request is closed: what stands there is left as it is"
CLOSED_ISSUE = (
    "the issue is closed, moved or deleted by now: nothing is suggested, and what stands there is left as it is"
)
NO_COMMAND = "the comment does not begin with /{command}"
STRANGER = "/{command} is for people of the repository, and {who} is {association} there"
FEW_COMMENTS = "there are {count} comments, and the flow speaks from {least} on (at_least)"
FEW_WORDS = "there are {count} words to read, and the flow speaks from {least} on (at_least)"
NOTHING_MERGED = "nothing was merged since the release before"
NO_FILE = "none of the changed files is among the flow's paths"


@dataclass(frozen=True)
class Reading:
    """What a flow reads of an event.

    `alone` says why the event is left alone; empty where it is not. `silent` says why no comment is written, though
    the flow runs. `change` holds the files that the path filters leave, `complete` tells that all files could be
    listed, `changed` is what is asked about file by file, `read_at` when all this was read (seconds since 1970).
    """

    subject: Subject
    document: Document = field(default_factory=lambda: Document(()))
    material: Material = field(default_factory=Material)
    change: Change | None = None
    complete: bool = True
    changed: Changed | None = None
    alone: str = ""
    silent: str = ""
    read_at: float = 0.0


def read(
    flow: Flow,
    event: Event,
    subject: Subject,
    github: "GitHub | None",
    own: Collection[str] = (),
    redaction: Redaction = FORMS,
) -> Reading:
    """Read what a flow is to work on, as it is on GitHub now; without `github` as the event tells it.

    `own` are the flows that write into descriptions: no flow reads what they wrote. Nothing of what is given holds
    what `redaction` knows for a secret.
    """
    started, alone = time.time(), _order(flow, event)
    subject = subject if alone else _as_it_is(flow, event, subject, github)
    subject = replace(subject, body=_without(subject.body, own))
    reading = Reading(redaction.all(subject), alone=alone, silent=_silence(flow, subject), read_at=started)
    if reading.silent and flow.publish.labels is None and flow.publish.check is None:
        reading = replace(reading, alone=reading.alone or reading.silent)
    if reading.alone:
        return reading
    # Before a patch is taken apart into lines, which would hide a key of several lines; the addresses of attachments
    # are those that people wrote.
    material, event = redaction.all(_material(flow, event, subject, github)), redaction.all(event)
    reading = replace(reading, material=material, complete=len(material.files) >= (subject.changed_files or 0))
    reading = _filtered(flow, reading)
    told = flow.each is None and _tells_files(flow) and reading.change is not None
    inputs = [one for one in flow.input if not (told and one in FILE_INPUTS)]
    comment = without_command(event.comment) if event.comment is not None else None
    document = compose(reading.subject, reading.material, inputs, comment)
    # Once more: cleaning brings together what invisible characters kept apart.
    reading = replace(reading, document=redaction.all(document))
    return replace(reading, alone=reading.alone or _scarcity(flow, event, reading))


def _as_it_is(flow: Flow, event: Event, subject: Subject, github: "GitHub | None") -> Subject:
    """Ask anew for a pull request where a flow reads its files or comments on it, and whether an issue is open still.

    The event may be older.
    """
    if flow.searches and github is not None and subject.kind == "issue" and subject.number is not None:
        now = github.issue(event.repo, subject.number)
        return replace(subject, open=now is not None and now.open)
    asks = flow.reads_files or flow.publish.comment is not None
    if not asks or github is None or subject.kind != "pull_request" or subject.number is None:
        return subject
    return github.pull(event.repo, subject.number)


def _without(description: str, own: Collection[str]) -> str:
    """Take off what flows of this configuration wrote; parts under other names are people's, and read."""
    for name in own:
        rest = render.taken_off(description, name)
        description = rest if isinstance(rest, str) else description
    return description


def is_own(comment: Comment, github: "GitHub | None") -> bool:
    """Tell hubpipe's own comment, by its marker and its author where GitHub can say who hubpipe is.

    Anybody can begin a comment with the marker, and would hide what stands in it from every model.
    """
    return render.is_own(comment.body) and (github is None or comment.author == github.login())


def subject_of(flow: Flow, event: Event) -> Subject | None:
    """Give what an event is about; for the notes of what is not released yet, that."""
    if event.subject is None and "pulls" in flow.input:
        return Subject("release", None, UNRELEASED, "")
    return event.subject


def with_change(reading: Reading, name: str, flow: Flow, event: Event, github: "GitHub | None") -> Reading:
    """Add what is asked about file by file, with what an earlier run found."""
    if reading.change is None:
        return reading
    earlier = _earlier(name, flow, event, reading, github)
    prompts, note = _prompts(flow, event, github)
    changed = Changed(reading.subject, reading.change, reading.document, earlier, reading.complete, prompts)
    material = replace(reading.material, unread=(*reading.material.unread, *note))
    return replace(reading, changed=changed, material=material)


def _order(flow: Flow, event: Event) -> str:
    """Say why a flow that waits for a command does not run."""
    if flow.command is None or event.comment is None:
        return ""
    said = event.comment.body.strip().partition("\n")[0].split()
    words = " ".join(said).casefold()
    if words not in (COMMAND.format(command=flow.command), NAMED_COMMAND.format(command=flow.command)):
        return NO_COMMAND.format(command=flow.command)
    if event.comment.association not in OWN_PEOPLE or event.comment.by_bot:
        who = event.comment.author or "the author"
        return STRANGER.format(command=flow.command, who=who, association=event.comment.association or "unknown")
    return ""


def _silence(flow: Flow, subject: Subject) -> str:
    """Say why a flow writes nothing on a pull request for now, or suggests nothing on an issue."""
    target = flow.publish.comment
    if flow.searches and subject.kind == "issue" and not subject.open and flow.command is None:
        return CLOSED_ISSUE
    if target is not None and target.mode == "description" and subject.kind != "pull_request":
        return NO_PULL_REQUEST
    if target is None or subject.kind != "pull_request" or flow.command is not None:
        return ""
    if not subject.open:
        return CLOSED
    return DRAFT if subject.draft and not target.drafts else ""


def _scarcity(flow: Flow, event: Event, reading: Reading) -> str:
    """Say why there is too little to read; the comment that gives a command is none of the thread's."""
    least = flow.at_least
    command = event.comment.id if event.comment is not None and flow.command is not None else None
    comments = [comment for comment in reading.material.comments if comment.id != command]
    asked = NOT_ASKED.format(inputs="pulls") not in reading.material.unread
    if "pulls" in flow.input and asked and not reading.material.pulls:
        return NOTHING_MERGED
    if least is not None and least.comments is not None and len(comments) < least.comments:
        return FEW_COMMENTS.format(count=len(comments), least=least.comments)
    if least is not None and least.words is not None:
        count = len(reading.document.text.split())
        if count < least.words:
            return FEW_WORDS.format(count=count, least=least.words)
    if not (reading.document.text.strip() or reading.material.attachments or (reading.change and _asks(flow))):
        return NOTHING_TO_READ
    return ""


def _tells_files(flow: Flow) -> bool:
    """Tell whether the flow says of every file what it is, those that it does not read included."""
    return flow.each is not None or any(step.gives == "text" for step in flow.pipeline)


def _asks(flow: Flow) -> bool:
    return flow.rules is not None or flow.each is not None


def _filtered(flow: Flow, reading: Reading) -> Reading:
    """Keep the changed files that the flow's path filters leave, and make a Change of them."""
    if not (flow.reads_files and reading.subject.kind == "pull_request"):
        return reading
    listed = reading.material.files
    files = tuple(file for file in listed if _is_among(flow, file))
    material = replace(reading.material, files=files)
    alone = NO_FILE if listed and not files else ""
    change = changes.read(files, material.attributes) if files else None
    if change is not None and flow.each is None and _tells_files(flow):
        material = replace(material, unread=(*material.unread, *change.unread))
    return replace(reading, material=material, change=change, alone=alone)


def _is_among(flow: Flow, file: ChangedFile) -> bool:
    if flow.paths is not None:
        return globs.chosen(file.path, flow.paths)
    return flow.paths_ignore is None or not globs.ignored(file.path, flow.paths_ignore)


def _earlier(name: str, flow: Flow, event: Event, reading: Reading, github: "GitHub | None") -> Memory | None:
    """Recall what an earlier run found, and begin to remember what this one will; None where nobody keeps it."""
    subject, target = reading.subject, flow.publish.comment
    # A pull request's author can write any record into the description: nothing is kept there.
    if subject.head_sha is None or subject.number is None or target is None or target.mode == "description":
        return None
    comment = github.own_comment(event.repo, subject.number, render.marker(name)) if github is not None else None
    now = Memory(subject.head_sha, reading.read_at, "", {})
    found = recalled(comment.body) if comment is not None else None
    return now if found is None else replace(now, by=found.by, found=found.found)


def _prompts(flow: Flow, event: Event, github: "GitHub | None") -> tuple[dict[str, str], tuple[str, ...]]:
    """Read the templates that the first step names, from the default branch."""
    named = flow.pipeline[0].prompts if flow.pipeline else None
    if named is None:
        return {}, ()
    if github is None:
        return {}, (PROMPTS_NOT_ASKED,)
    found: dict[str, str] = {}
    for part, path in (("file", named.file), ("change", named.change)):
        text = github.file(event.repo, path) if path is not None else None
        if path is not None and text is None:
            raise UsageError(NO_PROMPT.format(path=path, part=part))
        if text is not None:
            found[part] = text
    return found, ()


def _material(flow: Flow, event: Event, subject: Subject, github: "GitHub | None") -> Material:
    material = _texts(flow, event, subject, github)
    kinds = [name for name in flow.input if name in MEDIA]
    if not kinds:
        return material
    if github is None:
        return replace(material, unread=(*material.unread, NOT_ASKED.format(inputs=", ".join(kinds))))
    said = [comment.body for comment in material.comments]
    if "comments" in flow.input and event.comment is not None:
        said.append(event.comment.body)
    attachments, unread = github.attachments([subject.body, *said], kinds)
    return replace(material, attachments=attachments, unread=(*material.unread, *unread))


def _texts(flow: Flow, event: Event, subject: Subject, github: "GitHub | None") -> Material:
    beyond = _beyond(flow, subject)
    if not beyond:
        return Material(commits=subject.commits)
    if github is None:
        named = [name for name in beyond if name in flow.input] or beyond
        return Material(commits=subject.commits, unread=(NOT_ASKED.format(inputs=", ".join(named)),))
    material = github.material(event.repo, subject, beyond)
    return replace(
        material,
        comments=tuple(without_command(said) for said in material.comments if not is_own(said, github)),
        commits=(*subject.commits, *material.commits),
    )


def _beyond(flow: Flow, subject: Subject) -> Sequence[str]:
    """Name what must be read beyond the event itself."""
    beyond: list[str] = [name for name in flow.input if name not in ("title", "body", *MEDIA)]
    if flow.at_least is not None and flow.at_least.comments is not None and "comments" not in beyond:
        beyond.append("comments")
    if "files" not in beyond and (flow.rules is not None or (flow.reads_files and _tells_files(flow))):
        beyond.append("files")
    if subject.kind == "push":
        return [name for name in beyond if name != "commits"]  # they come with the event
    if subject.kind == "issue":
        return [name for name in beyond if name == "comments"]  # an issue has nothing else
    return beyond
