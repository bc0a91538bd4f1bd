"""Turn the merged pull requests of a release into its notes."""

from collections.abc import Iterator, Sequence
from typing import Any

from hubpipe.digest import NoteGroup
from hubpipe.render.pages import page, size

# Characters. GitHub documents no limit; its error says "body is too long (maximum is 125000 characters)":
# https://github.com/angular/dev-infra/pull/174
RELEASE_LIMIT = 125_000
STEPS = 16

__all__ = ["RELEASE_LIMIT", "NoteGroup", "notes_page"]


def notes_page(groups: Sequence[NoteGroup], model: str, room: int) -> str:
    """Write a release's notes in at most `room` characters, empty where not even their frame fits.

    What the model says goes first, then the last pull requests, which are counted.
    """
    total = sum(len(group.notes) for group in groups)
    for said, kept in ((True, total), *((False, total * part // STEPS) for part in range(STEPS, -1, -1))):
        values = {"groups": list(_first(groups, kept, said=said)), "rest": total - kept, "said": said, "model": model}
        written = page("release.md.j2", values).strip()
        if size(written) <= room:
            return written
    return ""


def _first(groups: Sequence[NoteGroup], count: int, *, said: bool) -> Iterator[dict[str, Any]]:
    for group in groups:
        notes = group.notes[: max(count, 0)]
        count -= len(notes)
        if notes:
            lines = [{"title": one.title, "said": one.said if said else "", "rest": _rest(one)} for one in notes]
            yield {"heading": group.heading, "lines": lines}


def _rest(note: Any) -> dict[str, str]:
    return {"number": f"#{note.number}", "author": note.author or ""}
