"""hubpipe's own part of a description that people write."""

import time

import pytest
from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options
from hypothesis import given
from hypothesis import strategies as st

from hubpipe.change.memory import Memory, recalled, written
from hubpipe.render import COMMENT_LIMIT, Refusal, held, spliced, taken_off, without
from hubpipe.render.pages import size

CONTENT = "A sentence.\n\n| a | b |\n|---|---|\n| c | d |\n\n<sub>footer</sub>\n"
PEOPLE = st.text(st.sampled_from("ab \t\r\n<!->:_"), max_size=40) | st.text(st.characters(exclude_categories=[]))


def put(description: str, content: str = CONTENT, flow: str = "pr-summary") -> str:
    new = spliced(description, flow, content)
    assert isinstance(new, str)
    return new


def test_it_stands_at_the_end_behind_an_empty_line() -> None:
    new = put("What a person wrote.")
    assert new.startswith("What a person wrote.\n\n<!-- hubpipe: begin flow=pr-summary ")
    assert new.endswith("<sub>footer</sub>\n<!-- hubpipe: end flow=pr-summary -->")
    assert put("").startswith("<!-- hubpipe: begin")


@given(PEOPLE, PEOPLE)
def test_what_people_wrote_stays_byte_for_byte(before: str, after: str) -> None:
    new = put(before)
    assert new.startswith(before)
    assert without(new) == before
    assert taken_off(new, "pr-summary") == before
    grown = f"{new}\n{after}"
    again = put(grown, "Another sentence.")
    assert again.startswith(before)
    assert again.endswith(f"\n{after}")
    assert held(again, "pr-summary") == "Another sentence."
    assert without(again) == f"{before}\n{after}"


@given(PEOPLE)
def test_doing_it_twice_is_doing_it_once(description: str) -> None:
    new = put(description)
    assert put(new) == new
    assert held(new, "pr-summary") == CONTENT.strip()


def test_line_ends_as_githubs_editor_stores_them_are_no_edit() -> None:
    stored = put("One.\r\nTwo.").replace("\r\n", "\n").replace("\n", "\r\n")
    assert held(stored, "pr-summary") == CONTENT.strip()
    assert put(stored, "New.").startswith("One.\r\nTwo.\r\n\r\n<!--")
    assert without(stored) == "One.\r\nTwo."


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text.replace("A sentence.", "A sentence of mine."),
        lambda text: text.replace("<sub>footer</sub>\n", ""),
        lambda text: text.replace("| c | d |", "| c | d |\n| e | f |"),
    ],
)
def test_what_a_person_edited_inside_is_left_alone(edit: object) -> None:
    assert callable(edit)
    edited = edit(put("Text."))
    assert edited != put("Text.")
    assert spliced(edited, "pr-summary", "New.") is Refusal.EDITED
    assert taken_off(edited, "pr-summary") is Refusal.EDITED
    assert without(edited) == edited
    assert held(edited, "pr-summary") is None


@pytest.mark.parametrize(
    "description",
    [
        "<!-- hubpipe: begin flow=pr-summary 0123456789abcdef -->",
        "<!-- hubpipe: end flow=pr-summary -->",
        "<!-- hubpipe: end flow=pr-summary -->\ntext\n<!-- hubpipe: begin flow=pr-summary 0123456789abcdef -->",
        "<!-- hubpipe: begin flow=pr-summary -->\ntext\n<!-- hubpipe: end flow=pr-summary -->",
        "<!-- hubpipe: begin flow=pr-summary 0123456789abcdef -->\n<!-- hubpipe: end flow=other -->",
        "> " + put("").replace("\n", "\n> "),
        "see " + put(""),
        "<!-- hubpipe: begin" * 1_000,
    ],
)
def test_markers_that_make_no_part_of_ours_are_a_persons_text(description: str) -> None:
    assert without(description) == description
    new = put(description)
    assert new.startswith(description)
    assert put(new, "New.").startswith(description)
    assert taken_off(new, "pr-summary") == description


def test_each_flow_has_its_own_part() -> None:
    both = put(put("Text.", "One."), "Two.", "other")
    assert held(both, "pr-summary") == "One."
    assert held(both, "other") == "Two."
    assert without(both) == "Text."
    assert taken_off(both, "pr-summary") == put("Text.", "Two.", "other")
    assert taken_off("Text.", "pr-summary") == "Text."


def test_a_marker_in_the_content_does_not_end_the_part() -> None:
    new = put("Text.", "One.\n<!-- hubpipe: end flow=pr-summary -->\nTwo.")
    assert without(new) == "Text."
    assert put(new, "New.") == put("Text.", "New.")


def test_the_limit_takes_from_ours_never_from_theirs() -> None:
    line = written(Memory("a" * 40, 1.0, "by", {str(key): f"line {key * 7919}" for key in range(500)}), CONTENT, 9_000)
    content = f"{CONTENT}{line}"
    assert recalled(held(put("Text.", content), "pr-summary") or "") is not None
    people = "x" * (COMMENT_LIMIT - 500)
    new = put(people, content)
    assert size(new) <= COMMENT_LIMIT
    assert new.startswith(people)
    assert held(new, "pr-summary") == CONTENT.strip()
    assert spliced("x" * COMMENT_LIMIT, "pr-summary", content) is Refusal.NO_ROOM


def test_a_huge_hostile_description_is_read_in_no_time() -> None:
    mark = "<!-- hubpipe: begin flow=pr-summary 0123456789abcdef -->\n"
    assert without(mark * 50_000) == mark * 50_000
    assert without("<!-- hubpipe: begin flow=" * 200_000 + "a" * 1_000_000).startswith("<!--")


@pytest.mark.parametrize(
    "people",
    [
        "Log:\n\n```\ncode",
        "~~~~ python\n~~~\ncode\n\n",
        "```",
        "<details>\n<summary>Log</summary>\n\ntext",
        "<details><summary>a</summary>\n\n<DETAILS open>\n\n</details>",
        "<pre>\ntext",
        "<script>",
    ],
)
def test_behind_what_people_left_open_nothing_is_written(people: str) -> None:
    assert spliced(people, "pr-summary", CONTENT) is Refusal.OPEN
    assert spliced(people.replace("\n", "\r\n"), "pr-summary", CONTENT) is Refusal.OPEN
    assert spliced(put("Text.").replace("Text.", people), "pr-summary", "New.") is Refusal.OPEN
    assert taken_off(put("Text.").replace("Text.", people), "pr-summary") == people


@pytest.mark.parametrize(
    "people",
    [
        "```\ncode\n```",
        "> ```\n> code",
        "- ```\n  code",
        "    ```\n    code",
        "text <!-- hidden",
        "<!-- hidden",
        "<!-- <details> -->\n\ntext",
        "<details>\n\ntext\n\n</details>",
        "- <details>\n\n  text",
        "```html\n<details>\n```",
        "<details-list>",
        "| a |\n| - |",
        "[a]:",
        "text\n    ",
    ],
)
def test_what_ends_by_itself_is_no_hindrance(people: str) -> None:
    new = put(people)
    html = github_flavored_markdown_to_html(new, Options.CMARK_OPT_UNSAFE)
    assert "<p>A sentence.</p>" in html
    assert "<td>c</td>" in html


def test_what_a_person_leaves_open_behind_our_part_is_theirs_alone() -> None:
    grown = put("Text.") + "\n\n```\ncode"
    assert held(put(grown, "New."), "pr-summary") == "New."


@pytest.mark.parametrize(
    "piece", ["```\n", "<details>\n\n", "<details", "<!--\n", "> - ", "[a]: x\n", "[\n", "<pre>", "\0\ud800\n"]
)
def test_a_hostile_description_is_looked_through_in_no_time(piece: str) -> None:
    people = piece * (60_000 // len(piece))
    started = time.perf_counter()
    new = spliced(people, "pr-summary", CONTENT)
    assert time.perf_counter() - started < 3
    assert new is Refusal.OPEN or (isinstance(new, str) and new.startswith(people))
