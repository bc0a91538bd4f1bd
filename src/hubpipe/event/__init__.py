"""Turn a webhook's name and payload into an Event; the only place that knows GitHub's payload JSON."""

from hubpipe.event.payload import REPOSITORY, SUBJECTS, parse
from hubpipe.event.runs import EndedRun, ended_run
from hubpipe.event.things import (
    Annotation,
    Attachment,
    ChangedFile,
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
    "REPOSITORY",
    "SUBJECTS",
    "Annotation",
    "Attachment",
    "ChangedFile",
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
    "ended_run",
    "parse",
]
