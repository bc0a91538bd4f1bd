"""Turn the ledger's entries into rows of a list: what a delivery is, and what became of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hubpipe.server.ledger import Entry, State


@dataclass(frozen=True)
class Row:
    """A delivery in a line.

    `label` is the label that was set or taken off. `about` names the subject ("issue #12"), `url` is its address.
    `waited` are the seconds until it was begun, `seconds` those of the work on it. `labels` are those that its flows
    chose, `words` why it failed, or what there is to say where no flow ran.
    """

    id: str
    state: State
    event: str
    label: str
    repo: str
    about: str
    title: str
    url: str
    received: datetime
    waited: float | None
    seconds: float | None
    flows: tuple[str, ...]
    labels: tuple[str, ...]
    words: str


def row(entry: Entry) -> Row:
    """Write an entry as a row."""
    subject, told = entry.event.subject, flows_of(entry)
    began, ended = entry.began, entry.ended
    labels = (label for flow in told for label in texts(flow.get("chosen")))
    return Row(
        id=entry.id,
        state=entry.state,
        event=entry.event.name,
        label=entry.event.label or "",
        repo=entry.event.repo,
        about=_about(entry),
        title=subject.title if subject else "",
        url=address(subject.url) if subject else "",
        received=entry.received,
        waited=(began - entry.received).total_seconds() if began else None,
        seconds=(ended - began).total_seconds() if began and ended else None,
        flows=tuple(str(flow.get("flow")) for flow in told),
        labels=tuple(dict.fromkeys(labels)),
        words=entry.error.strip().partition("\n")[0] if entry.state == "failed" else _note(entry),
    )


def flows_of(entry: Entry) -> tuple[Mapping[str, Any], ...]:
    """Give what the report of a delivery that is done tells of each flow."""
    return tuple(objects(entry.outcome.get("flows"))) if isinstance(entry.outcome, Mapping) else ()


def objects(value: object) -> Iterator[Mapping[str, Any]]:
    """Give the objects of a list, as an older hubpipe may have written it."""
    yield from (one for one in value if isinstance(one, Mapping)) if isinstance(value, list) else ()


def texts(value: object) -> Iterator[str]:
    """Give the texts of a list, as an older hubpipe may have written it."""
    yield from (one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def address(url: str) -> str:
    """Give an address that a page may link to; no other scheme than the web's."""
    return url if url.startswith(("https://", "http://")) else ""


def _about(entry: Entry) -> str:
    subject = entry.event.subject
    if subject is None:
        return ""
    named = subject.kind.replace("_", " ")
    if subject.number is not None:
        return f"{named} #{subject.number}"
    return f"{named} {subject.tag}" if subject.tag else named


def _note(entry: Entry) -> str:
    note = entry.outcome.get("note") if isinstance(entry.outcome, Mapping) else ""
    return note if isinstance(note, str) else ""
