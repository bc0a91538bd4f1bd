"""Turn the merged pull requests of a release into its notes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hubpipe.digest import Note, NoteGroup
from hubpipe.render.neutral import in_line
from hubpipe.render.pages import page, size

# Characters. GitHub documents no limit; its error says "body is too long (maximum is 125000 characters)":
# https://github.com/angular/dev-infra/pull/174
RELEASE_LIMIT = 125_000
PORTIONS = 16

__all__ = ["RELEASE_LIMIT", "Note", "NoteGroup", "note_parts", "notes_page"]


def notes_page(groups: Sequence[NoteGroup], shown: Mapping[str, Any], room: int) -> str:
    """Write a release's notes in at most `room` characters, empty where not even their frame fits.

    What the model says goes first, then the last pull requests, which are counted. `shown` are a comment's values.
    """
    parts = note_parts(groups)
    total = sum(len(part["lines"]) for part in parts)
    for said, kept in ((True, total), *((False, total * part // PORTIONS) for part in range(PORTIONS, -1, -1))):
        listed = {"nested": False, "parts": list(_first(parts, kept)), "said": said, "rest": total - kept}
        written = page("release.md.j2", {**shown, **listed}).strip()
        if size(written) <= room:
            return written
    return ""


def note_parts(groups: Sequence[NoteGroup]) -> list[dict[str, Any]]:
    """Give headings and lines as plain data that is safe to print."""
    return [{"heading": in_line(group.heading), "lines": [_line(one) for one in group.notes]} for group in groups]


def _first(parts: Sequence[Mapping[str, Any]], count: int) -> Iterator[dict[str, Any]]:
    for part in parts:
        kept = part["lines"][: max(count, 0)]
        count -= len(kept)
        if kept:
            yield {**part, "lines": kept}


def _line(note: Note) -> dict[str, str]:
    return {
        "title": in_line(note.title),
        "said": in_line(note.said),
        "number": f"#{note.number}",
        "author": in_line(note.author or ""),
    }
