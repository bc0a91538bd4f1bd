"""Turn what was found in a change's files into a table of those that matter, and the rest by group, within a limit."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hubpipe import change as changes
from hubpipe.change import FileChange, Kind, Memory
from hubpipe.change.memory import written
from hubpipe.config import Decide
from hubpipe.decide.choose import renamed
from hubpipe.digest import Digest
from hubpipe.models.base import Score
from hubpipe.render.neutral import at_start, code_in_cell, in_cell, in_line, line_of, opening_of, own
from hubpipe.render.pages import most, page, size
from hubpipe.render.said import is_same

MOST_ROWS = 10
FEW_ROWS = 5  # so many files are not worth folding some of them away
NAME_ROOM = 160  # characters of a path: a cell is not read beyond
LINE_ROOM = 300
REASON_ROOM = 200
LABEL_ROOM = 100
NO_NAME = "(a name that cannot be shown)"
# What a file's line says where nothing is known of it but its counts, which have a column of their own.
ONLY_COUNTS = re.compile(r"\+[\d,]+ −[\d,]+ lines?")
COUNTS = "+{added:,}\N{NO-BREAK SPACE}−{removed:,}"
GROUPS: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    ("Source", ("source",)),
    ("Configuration", ("configuration",)),
    ("Tests", ("tests",)),
    ("Documentation", ("documentation",)),
    ("Generated, vendored and lock files", ("generated", "vendored", "dependencies")),
    ("Binary files", ("binary",)),
    ("Submodules", ("submodule",)),
)
DOING = ("source", "configuration")


@dataclass(frozen=True)
class _Group:
    """Files of like kinds that the table does not show."""

    title: str
    entries: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class _Page:
    """All that a change's page could show, the most important first."""

    values: Mapping[str, Any]
    lines: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    groups: Sequence[_Group]

    @property
    def entries(self) -> int:
        """How many files are folded away."""
        return sum(len(group.entries) for group in self.groups)

    def text(self, lines: int, rows: int, entries: int) -> str:
        """Write the page with the first of its lines, of its table's rows and of its groups' files."""
        shown = {
            "lines": self.lines[:lines],
            "shortened": lines < len(self.lines) or self.values["shortened"],
            "rows": self.rows[:rows],
            "more_rows": len(self.rows) - rows,
            "labelled": any(row["labels"] for row in self.rows),
            "told": any(row["line"] for row in self.rows),
            "groups": list(_first(self.groups, entries)),
            "folded": self.entries,
        }
        return page("change.md.j2", {**self.values, **shown}).strip()


def file_values(digest: Digest | None, rules: Decide) -> list[dict[str, Any]]:
    """Give every changed file as plain data, those that matter most first."""
    if digest is None:
        return []
    labels = _labels(digest, rules)
    return [_file_values(file, digest, labels.get(file.path, ())) for file in _ordered(digest, labels)]


def group_values(files: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Put the values of files into their groups; a group without any is left out."""
    groups = [{"title": title, "files": [file for file in files if file["kind"] in kinds]} for title, kinds in GROUPS]
    return [group for group in groups if group["files"]]


def change_page(values: Mapping[str, Any], digest: Digest, room: int, memory: Memory | None = None) -> str:
    """Write the page on a change in at most `room` characters, those of the memory's line included.

    The least important goes first: folded files, what the next run need not infer again, rows, lines. A page that
    has no room for its footer is empty.
    """
    whole = _whole(values, digest)
    lines = most(len(whole.lines), lambda count: size(whole.text(count, 0, 0)) <= room)
    rows = most(len(whole.rows), lambda count: size(whole.text(lines, count, 0)) <= room)
    bare = whole.text(lines, rows, 0)
    if size(bare) > room:
        return ""
    hidden = len(written(memory, "", room - size(bare) - 1)) + 1 if memory is not None else 0
    entries = most(whole.entries, lambda count: size(whole.text(lines, rows, count)) <= room - hidden)
    return whole.text(lines, rows, entries)


def _whole(values: Mapping[str, Any], digest: Digest) -> _Page:
    """Write everything that a page could show, once."""
    by_hand = {file.path for file in digest.files.files if file.by_hand}
    shown = _in_table([file for file in values["files"] if file["path"] in by_hand])
    in_table = {file["path"] for file in shown}
    rest = group_values([file for file in values["files"] if file["path"] not in in_table])
    told = {
        "inferred": digest.inferred,
        "remembered": digest.remembered,
        "dropped": len(digest.dropped),
        **{name: [line_of(one, REASON_ROOM) for one in values[name]] for name in ("unread", "cut")},
        "labels": [{**one, "label": line_of(one["label"], LABEL_ROOM)} for one in values["labels"]],
    }
    return _Page(
        values={**values, **told},
        lines=_lines(values),
        rows=[_row(file) for file in shown],
        groups=[_group(one["title"], one["files"], by_hand) for one in rest],
    )


def _lines(values: Mapping[str, Any]) -> Sequence[str]:
    """Write the lines of the summary; the first is a paragraph of its own."""
    said = [line for line in values["summary"] if not is_same(line, values["subject"]["title"])]
    return [at_start(line) if place == 0 else in_line(line) for place, line in enumerate(said)]


def _in_table(files: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Choose the files that matter: of many, those that do something, or that a label was found for."""
    if len(files) <= FEW_ROWS:
        return files
    doing = [file for file in files if file["kind"] in DOING or file["labels"]]
    return (doing or files)[:MOST_ROWS]


def _group(title: str, files: Sequence[Mapping[str, Any]], by_hand: Collection[str]) -> _Group:
    return _Group(title, tuple(_row(file, brief=file["path"] not in by_hand) for file in files))


def _first(groups: Sequence[_Group], count: int) -> Iterator[dict[str, Any]]:
    """Give the groups with the first files of all; every group tells how many it has."""
    for group in groups:
        kept = group.entries[: max(count, 0)]
        count -= len(kept)
        total = len(group.entries)
        yield {"title": group.title, "total": total, "entries": kept, "rest": total - len(kept)}


def _row(file: Mapping[str, Any], *, brief: bool = False) -> dict[str, Any]:
    """Write the cells of a file, each safe in a table and in a list; a brief one has its counts alone."""
    counted = file["additions"] or file["deletions"]
    known = not ONLY_COUNTS.fullmatch(file["line"]) and not (brief and counted)
    return {
        "name": _name(file["path"]),
        "previous": _name(file["previous_path"]) if file["previous_path"] not in file["line"] else "",
        "labels": [(code_in_cell(one["label"]), own(f"{one['score']:.2f}")) for one in file["labels"]],
        "line": in_cell(opening_of(file["line"], LINE_ROOM)) if known else "",
        "counts": own(COUNTS.format(added=file["additions"], removed=file["deletions"]) if counted else ""),
    }


def _name(path: str) -> str:
    return code_in_cell(line_of(path, NAME_ROOM)) or own(NO_NAME)


def _file_values(file: FileChange, digest: Digest, labels: Iterable[Score]) -> dict[str, Any]:
    return {
        "path": file.path,
        "previous_path": file.file.previous_path or "",
        "status": file.file.status,
        "kind": file.kind,
        "additions": file.file.additions,
        "deletions": file.file.deletions,
        "line": digest.lines.get(file.path) or changes.line(file),
        "labels": [{"label": score.label, "score": score.score} for score in labels],
    }


def _ordered(digest: Digest, labels: Mapping[str, object]) -> list[FileChange]:
    """Put the files that a label was found for first, then those that matter most."""
    return sorted(changes.ordered(digest.files), key=lambda file: file.path not in labels)


def _labels(digest: Digest, rules: Decide) -> dict[str, list[Score]]:
    """Give the labels that count of each file, or of any of its hunks, with their highest scores."""
    best: dict[str, dict[str, float]] = {}
    for judged in digest.judged:
        for score in renamed(judged.scores, rules):
            if score.score >= rules.threshold:
                of_file = best.setdefault(judged.unit.file.path, {})
                of_file[score.label] = max(score.score, of_file.get(score.label, 0.0))
    return {path: [Score(label, score) for label, score in found.items()] for path, found in best.items()}
