"""What is worth a comment: nothing that stands right above it."""

import time
from dataclasses import replace
from typing import Any

import pytest

from hubpipe.change import FileChange
from hubpipe.decide import CommentEffect, Findings, Plan
from hubpipe.event import Subject
from hubpipe.models.base import Score, Span, Text
from hubpipe.render import says_something, spliced
from hubpipe.render.said import unsaid
from tests.test_render_change import CONTEXT, EVENT, SUBJECT, body, digest, file

SENTENCE = "The word was spelled wrongly in the introduction."
README = file("README.md", "documentation")
TYPO = Subject("pull_request", 7, "Fix a typo", SENTENCE)
COMMENT = Plan((CommentEffect("pr-summary"),))
DESCRIPTION = Plan((CommentEffect("pr-summary", mode="description"),))


def says(text: str, *files: FileChange, plan: Plan = COMMENT, subject: Subject = SUBJECT, **more: Any) -> bool:
    return says_something(plan, Findings(text=Text(text), digest=digest(*files, **more)), subject)


def test_a_summary_that_repeats_the_title_of_one_file_is_nothing_to_say() -> None:
    assert not says("faster exports.", file("a.py"))
    assert not says("", file("a.py"))
    assert not says("", file("uv.lock", "dependencies"), file("b.lock", "dependencies"))
    assert not says("")
    assert says("It closes files.", file("a.py"))
    assert says("Faster exports", file("a.py"), file("b.py"))
    assert says("Faster exports", file("a.py", added=("Reader",)))
    assert says("Faster exports", file("a.py"), lines={"a.py": "reads rows in blocks"})


def test_labels_are_something_to_say_and_an_issue_is_judged_as_before() -> None:
    chosen = Plan(chosen=(Score("bug", 0.9),))
    assert says_something(chosen, Findings(digest=digest(file("a.py"))), SUBJECT)
    assert says_something(chosen, Findings(), SUBJECT)
    assert says_something(Plan(), Findings(text=Text("A sentence.")), SUBJECT)
    assert not says_something(Plan(), Findings(text=Text(" ")), SUBJECT)


def test_a_summary_that_repeats_a_short_description_of_one_file_is_nothing_to_say() -> None:
    assert not says(SENTENCE, README, subject=TYPO)
    assert not says(f"Fix a typo.\n\n{SENTENCE.upper()}", README, subject=TYPO)
    marked = replace(
        TYPO, body="<!-- Why? -->\n- [x] The **word** was spelled [wrongly](https://example.com) in the `introduction`."
    )
    assert not says(SENTENCE, README, subject=marked)
    assert says(f"{SENTENCE}\nThe link was dead, too.", README, subject=TYPO)
    assert says("He introduced the word.", README, subject=TYPO)
    assert says("Fix a type", README, subject=TYPO)
    assert says("🎉", README, subject=TYPO)


def test_a_sentence_of_a_long_description_or_beside_what_is_told_of_files_is_something_to_say() -> None:
    long = replace(TYPO, body=f"{SENTENCE} It was so for years." + " Nobody had read it." * 40)
    assert says(SENTENCE, README, subject=long)
    assert says(SENTENCE, README, file("a.py"), subject=TYPO)
    assert says(SENTENCE, file("a.py", added=("Reader",)), subject=TYPO)
    assert says(SENTENCE, README, lines={"README.md": "corrects a word"}, subject=TYPO)


def test_in_a_description_no_sentence_of_it_is_something_to_say() -> None:
    long = replace(TYPO, body=f"{SENTENCE} It was so for years." + " Nobody had read it." * 40)
    assert not says(SENTENCE, README, plan=DESCRIPTION, subject=long)
    assert says(f"{SENTENCE}\nThe link was dead.", README, plan=DESCRIPTION, subject=long)
    assert says(SENTENCE, README, file("a.py"), plan=DESCRIPTION, subject=long)
    unread = Findings(text=Text(SENTENCE))
    assert not says_something(DESCRIPTION, unread, long)
    assert says_something(COMMENT, unread, long)
    assert says_something(DESCRIPTION, replace(unread, spans=(Span("version", 0, 3, "1.2", 0.9),)), long)


def test_hubpipes_own_part_of_a_description_is_nobodys_word() -> None:
    described = spliced("Text.", "pr-summary", "The link was dead.")
    assert isinstance(described, str)
    assert says("The link was dead.", README, plan=DESCRIPTION, subject=replace(TYPO, body=described))
    assert not says("Text.", README, plan=DESCRIPTION, subject=replace(TYPO, body=described))


def test_in_a_description_its_lines_are_not_repeated_below_themselves() -> None:
    context = replace(CONTEXT, event=replace(EVENT, subject=TYPO))
    text = f"{SENTENCE}\nThe link was dead."
    written = body(digest(README), text, context, mode="description")
    assert written.startswith("The link was dead.\n\n| File |")
    assert "spelled wrongly" not in written
    assert "spelled wrongly" in body(digest(README), text, context)
    template = "{% for line in summary %}{{ line }}{% endfor %}"
    assert "spelled wrongly" in body(digest(README), text, context, mode="description", template=template)


@pytest.mark.parametrize("huge", ["a " * 2_500_000, "word" * 1_250_000, "\ud800\0\u202e" * 1_000_000, "🎉`" * 40_000])
def test_a_huge_hostile_text_is_compared_in_no_time(huge: str) -> None:
    lines = [f"{huge[:1_000]}{number}" for number in range(100)]
    started = time.perf_counter()
    assert unsaid(lines, huge, huge) == lines
    assert time.perf_counter() - started < 5
