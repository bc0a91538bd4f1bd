"""Turn files of pull requests into what production reads of each: description, commits, linked issues' titles."""

import ast
import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hubpipe.event import Commit, LinkedIssue, Material, Subject
from hubpipe.text import Document, Part, compose

OWN = Path(__file__).parent / "data" / "pulls.jsonl"
ELEMENT = re.compile(r"<(desc|cmt|iss)>(.*?)</\1>", re.DOTALL)


@dataclass(frozen=True)
class Pull:
    """A pull request and the title that its author gave it; `published` holds titles that other models wrote."""

    title: str
    body: str
    commits: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    published: Mapping[str, str] = field(default_factory=dict)


def read(path: Path) -> list[Pull]:
    """Read PRTiger's CSV, or JSON lines of title, body, commits and linked."""
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".jsonl":
            return [_own(json.loads(line)) for line in file]
        return [_prtiger(row) for row in csv.DictReader(file)]


def document(pull: Pull) -> Document:
    """Compose what a model reads of a pull request, without its title.

    The blank first part is what a text without a title begins with.
    """
    commits = tuple(Commit(str(place), message) for place, message in enumerate(pull.commits))
    linked = tuple(LinkedIssue(place, title, "") for place, title in enumerate(pull.linked))
    subject = Subject("pull_request", 1, "", pull.body)
    parts = compose(subject, Material(commits=commits, linked=linked), ("body", "commits", "linked")).parts
    return Document((Part("title", ""), *parts))


def _own(row: Mapping[str, Any]) -> Pull:
    return Pull(row["title"], row["body"], tuple(row["commits"]), tuple(row["linked"]))


def _prtiger(row: Mapping[str, str]) -> Pull:
    found = [(name, " ".join(text.split())) for name, text in ELEMENT.findall(row["source"])]
    titles = {name: title for entry in ast.literal_eval(row["result"]) for name, title in entry.items()}
    gold = titles.pop("gold")
    body, commits, linked = (
        tuple(text for name, text in found if name == wanted and text) for wanted in ("desc", "cmt", "iss")
    )
    return Pull(gold, " ".join(body), commits, linked, titles)
