"""Turn a webhook's name and payload into an Event; the only place that knows GitHub's payload JSON."""

from hubpipe.event.commands import command_in, without_command
from hubpipe.event.payload import REPOSITORY, SUBJECTS, comment, parse
from hubpipe.event.runs import EndedRun, ended_run
from hubpipe.event.things import (
    BOT,
    Annotation,
    Attachment,
    ChangedFile,
    Changes,
    Comment,
    Commit,
    Declined,
    Event,
    KnownIssue,
    Label,
    LabelChange,
    LinkedIssue,
    Material,
    MergedPull,
    Subject,
    SubjectKind,
)

__all__ = [
    "BOT",
    "REPOSITORY",
    "SUBJECTS",
    "Annotation",
    "Attachment",
    "ChangedFile",
    "Changes",
    "Comment",
    "Commit",
    "Declined",
    "EndedRun",
    "Event",
    "KnownIssue",
    "Label",
    "LabelChange",
    "LinkedIssue",
    "Material",
    "MergedPull",
    "Subject",
    "SubjectKind",
    "command_in",
    "comment",
    "ended_run",
    "parse",
    "without_command",
]
