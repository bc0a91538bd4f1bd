"""A user's template, whatever there is to list: shortened until it fits, an error only where nothing helps."""

import time
from dataclasses import replace

import pytest

from hubpipe.decide import CommentEffect, Findings, Plan
from hubpipe.errors import TemplateError
from hubpipe.models.base import Score, Text
from hubpipe.render import COMMENT_LIMIT, spliced, write
from hubpipe.render.pages import size
from tests.test_render_change import CONTEXT, EVENT, SUBJECT, body, digest, file, memory

FILES = "{% for file in files %}\n* {{ file.path }}\n{% endfor %}\n"
OF_GROUP = "{% for file in group.files %}\n* {{ file.path | code }}\n{% endfor %}\n"
GROUPS = "{% for group in groups %}\n## {{ group.title }}\n" + OF_GROUP + "{% endfor %}\n"
FOOT = "{% if shortened %}Not all of it.{% endif %} The end"
NOTE = "_Shortened: this is not all of it._"
PATHS = [f"{'folder/' * 8}{number:04}" for number in range(3_000)]


@pytest.mark.parametrize("listing", [FILES, GROUPS, FILES + GROUPS])
@pytest.mark.parametrize("count", [900, 3_000])
def test_a_template_that_lists_too_many_files_lists_those_that_matter_most(listing: str, count: int) -> None:
    started = time.perf_counter()
    written = body(digest(*map(file, PATHS[:count]), memory=memory(3)), template=listing + FOOT)
    assert time.perf_counter() - started < 10
    assert size(written) <= COMMENT_LIMIT
    assert "\nNot all of it. The end\n" in written
    assert NOTE not in written
    assert written.count("\n* ") >= 100


def test_a_template_that_does_not_say_so_is_told_to_be_shortened() -> None:
    written = body(digest(*map(file, PATHS[:900])), template=FILES)
    assert written.rstrip().endswith(f"\n\n{NOTE}")
    assert NOTE not in body(digest(*map(file, PATHS[:9])), template=FILES)


def test_the_limit_counts_signs_beyond_the_basic_plane_twice() -> None:
    files = [file(f"{'🎉' * 90}{number:04}") for number in range(400)]
    assert size(body(digest(*files), template=FILES)) <= COMMENT_LIMIT


def test_files_go_before_lines_and_the_first_of_each_goes_last() -> None:
    files = [file(f"{path}{'|' * 90}") for path in PATHS[:900]]
    lines = "\n".join(f"Line {number}." for number in range(50))
    template = "{{ files[0].path }} {{ summary[0] }}\n" + FILES + "{% for line in summary %}{{ line }}{% endfor %}"
    written = body(digest(*files), lines, template=template)
    assert "Line 49." in written
    shouts = "\n".join("@#1 " * 249 for _ in range(100))
    written = body(digest(*files), shouts, template=template)
    assert size(written) <= COMMENT_LIMIT
    assert written.count("folder/" * 8) >= 2
    assert written.count("@") > 249


def test_only_what_is_too_long_with_nothing_listed_is_an_error() -> None:
    template = FILES + "{% for i in range(9000) %}line of a loop{% endfor %}"
    with pytest.raises(TemplateError, match="GitHub takes 65,536"):
        body(digest(*map(file, PATHS[:900])), template=template)


def test_a_template_in_a_description_has_the_room_that_it_leaves() -> None:
    def written(people: str) -> str:
        event = replace(EVENT, subject=replace(SUBJECT, body=people))
        context = replace(CONTEXT, event=event)
        return body(digest(*map(file, PATHS[:900])), context=context, template=FILES + FOOT, mode="description")

    people = "x" * 60_000
    whole = spliced(people, "pr-summary", written(people))
    assert isinstance(whole, str)
    assert size(whole) <= COMMENT_LIMIT
    assert "Not all of it." in whole
    assert written("x" * 65_500).strip() == ""


def test_a_template_of_a_flow_that_reads_no_files_is_shortened_too() -> None:
    plan = Plan((CommentEffect("pr-summary", "{% for line in summary %}{{ line }}\n{% endfor %}"),))
    voices = {"@#1 " * 249 + str(number): "octocat" for number in range(100)}
    context = replace(CONTEXT, voices=voices)
    [written] = write(plan, Findings(text=Text("\n".join(voices))), context).effects
    assert isinstance(written, CommentEffect)
    assert size(written.body) <= COMMENT_LIMIT
    assert NOTE in written.body
    labels = tuple(Score("|" * 900, 0.5) for _ in range(200))
    plan = Plan((CommentEffect("x", "{% for label in labels %}{{ label.label }}{% endfor %}"),), labels)
    [written] = write(plan, Findings(), CONTEXT).effects
    assert isinstance(written, CommentEffect)
    assert size(written.body) <= COMMENT_LIMIT
