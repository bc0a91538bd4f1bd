"""Turn reasons and issues that are alike into values that are safe to print, links only to the event's repository."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from hubpipe.event import Subject
from hubpipe.models.base import Past, Why
from hubpipe.render.neutral import in_line, opening_of, own

TITLE_ROOM = 120
NO_TITLE = "(no title)"
# A link to an issue writes itself into that issue's page. Where GitHub has no address that does not, there is no link.
# Source: https://docs.github.com/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls
WITHOUT_BACKLINK = {"https://github.com/": "https://redirect.github.com/"}
PAGE = re.compile(r"(https?://[\w.:-]+/[\w.-]+/[\w.-]+)/(?:issues|pull)/\d+", re.ASCII)


def why_values(why: Sequence[Why], subject: Subject | None) -> list[dict[str, Any]]:
    """Give the reasons for labels as plain data; one that says nothing is left out."""
    return [
        {
            "label": one.label,
            "nearest": [_issue_values(issue, subject) for issue in one.nearest],
            "words": [{"word": word, "score": score} for word, score in one.words],
        }
        for one in why
        if one.nearest or one.words
    ]


def similar_values(similar: Sequence[Past], subject: Subject | None) -> list[dict[str, Any]]:
    """Give the issues that are likely the same as plain data."""
    return [_issue_values(issue, subject) for issue in similar]


def issue_link(issue: Mapping[str, Any]) -> str:
    """Write the values of an issue as Markdown: a link where it has an address, else plain text."""
    title = in_line(opening_of(issue["title"], TITLE_ROOM)) or NO_TITLE
    number = f"#&#8203;{issue['number']} " if issue["number"] else ""
    return own(f"[{number}{title}]({issue['url']})" if issue["url"] else f"{number}{title}")


def _issue_values(issue: Past, subject: Subject | None) -> dict[str, Any]:
    url = _address(issue.url) if subject is not None and _beside(issue, subject) else ""
    return {"number": issue.number or "", "title": issue.title, "url": url, "score": issue.score}


def _address(url: str) -> str:
    """Give the address of an issue under which a link leaves no trace there; empty where there is none."""
    known = next((origin for origin in WITHOUT_BACKLINK if url.startswith(origin)), None)
    return WITHOUT_BACKLINK[known] + url.removeprefix(known) if known else ""


def _beside(issue: Past, subject: Subject) -> bool:
    """Tell whether an issue's address is one of the repository that the event is about: an archive may say anything."""
    here, there = PAGE.fullmatch(subject.url), PAGE.fullmatch(issue.url)
    return here is not None and there is not None and here[1] == there[1]
