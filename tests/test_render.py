"""Markdown that is safe to post."""

import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hubpipe.decide import CommentEffect, Findings, Plan
from hubpipe.errors import TemplateError
from hubpipe.event import Event, Subject
from hubpipe.models.base import ModelInfo, Prediction, Score, Scores, Span, Spans, Text
from hubpipe.render import COMMENT_LIMIT, Context, check_template, is_own, marker, write
from hubpipe.render.neutral import (
    at_start,
    code,
    code_in_cell,
    in_cell,
    in_line,
    line_of,
    neutralise,
    printed,
    printed_anywhere,
)
from hubpipe.text import Fitted
from tests.judge import Page, acts, harmless

EVENT = Event("issues", "opened", "octo-org/octo-repo", Subject("issue", 7, "@octocat <b>title</b>", "body"))
INFO = ModelInfo("sentence-transformers", "org/name", "0123456789abcdef" * 2, "summarization", None)
CONTEXT = Context("pr-summary", EVENT, (INFO,), Fitted("text", 10, 20, ("patch", "comments")), ("files: too many",))


HOSTILE = st.text(st.sampled_from("@#1ag-`*_[]()<>!&;:/\\|~ \n\"'.x$=+"), max_size=60) | st.text(
    st.characters(exclude_categories=[]), max_size=40
)
APART = "\u200b"


def read(markdown: str) -> str:
    """What a reader reads of Markdown, without what only parts signs."""
    return " ".join(Page(markdown).shown.replace(APART, "").split())


def meant(text: str) -> str:
    """What a text says: itself in one line, inline code without its backticks."""
    parts = MarkdownIt("zero").enable("backticks").parseInline(line_of(text, 10_000))[0].children or []
    said = (part.content.strip() if part.type == "code_inline" else part.content for part in parts)
    return " ".join("".join(said).split())


def findings(prediction: Prediction) -> Findings:
    match prediction:
        case Text():
            return Findings(text=prediction)
        case Spans(spans):
            return Findings(spans=spans)
        case _:
            return Findings()


def body(prediction: Prediction, template: str | None = None, chosen: tuple[Score, ...] = ()) -> str:
    plan = write(Plan((CommentEffect("pr-summary", template),), chosen), findings(prediction), CONTEXT)
    [effect] = plan.effects
    assert isinstance(effect, CommentEffect)
    return effect.body


@pytest.mark.threat("attack", "output")
@pytest.mark.parametrize(
    "text",
    [
        "@octocat and @org/team, please",
        "fixes #12, closes octo/repo#3 and GH-4 and gh-5",
        "<b>bold</b> <!-- hidden --> <img src=x onerror=alert(1)>",
        "![](https://evil.example/?q=secret) [click](https://evil.example) https://evil.example www.evil.example",
        "# heading",
        "- item",
        "1. item",
        "> quotation",
        "| a | b |",
        "``` fence",
        "---",
        "&lt;script&gt; &#64;octocat &#35;12",
        "`` `@octocat` ` @octocat",
        "user@example.com",
        "\\@octocat \\# \\<b>",
        "@` `octocat closes #` `12, https:` `//evil.example",
        "_www.evil.com W_www.evil.com",
        "_GH-1 éGH-1",
        "a@-b.com .@.g @_",
        "owner/repo@1234567 owner/repo@0123456789abcdef0123456789abcdef01234567",
        "0123456789abcdef0123456789abcdef01234567...fedcba9",
        "fixes https://github.com/o/r/issues/1 resolves HTTPS://github.com/o/r/pull/2 and http://x",
        "owner/repo#12 GH-12 Gh-12 #12#13",
        "<https://evil.example> <a@evil.example> mailto:a@evil.example xmpp:a@evil.example ftp://evil.example",
        "[a]: https://evil.example",
        "[^1] and [^1]: note",
        "<details open><summary>x</summary>",
        "<svg/onload=alert(1)> <a href=//evil.example>x</a> <script>",
        "<!-- hubpipe: flow=pr-summary --> --> <![CDATA[ x ]]> <?php ?> <!DOCTYPE x>",
        "$\\href{https://evil.example}{x}$ $$x$$ $`x`$ costs $5 and $6",
        "/merge now, (/rebase) and `/approve` or ` /lgtm`",
        "`@dependabot merge` `@mergifyio rebase`",
        "- /label bug",
        "> [!WARNING]",
        "- [x] done",
        "~~gone~~ ~gone~",
        "a\\",
        "Setext\n===",
    ],
)
def test_no_markup_mention_reference_or_link_survives(text: str) -> None:
    assert not acts(neutralise(text)), neutralise(text)


@pytest.mark.threat("payload", "output", cases=200)
@given(HOSTILE)
def test_whatever_is_written_stays_text_and_code(text: str) -> None:
    assert not acts(neutralise(text))
    assert not acts("- " + neutralise(text), "ul", "li")
    assert not acts(f"| a |\n| --- |\n| {in_cell(text)} |", "table", "thead", "tbody", "tr", "th", "td")
    assert not acts(code(text))
    assert not acts(code_in_cell(text))


@pytest.mark.threat("payload", "output", cases=100)
@given(HOSTILE)
def test_what_github_shows_reads_as_the_text_does(text: str) -> None:
    for shown in (neutralise(text), at_start(text), printed_anywhere(text)):
        assert read(shown) == meant(text)
    assert read(f"| a |\n| --- |\n| {in_cell(text)} |").removeprefix("a").strip() == meant(text)
    assert read(code(text)) == line_of(text, 10_000)


@given(HOSTILE)
def test_what_is_safe_already_is_printed_as_it_is_and_what_is_shown_is_safe_in_the_same_way(text: str) -> None:
    assert printed(in_line(text)) == in_line(text)
    assert line_of(line_of(text, 40), 40) == line_of(text, 40)
    shown = Page(neutralise(text)).shown.strip()
    assert read(neutralise(shown)) == meant(shown)


@given(st.text(max_size=200))
def test_any_text_becomes_one_line(text: str) -> None:
    assert "\n" not in neutralise(text)
    neutralise(text).encode("utf-8")


def test_other_bots_find_no_command_in_the_source_and_readers_still_read_it() -> None:
    assert neutralise("/merge or (/rebase), and/or src/merge") == "&#47;merge or (&#47;rebase), and/or src/merge"
    assert neutralise("run `npm i @types/node`") == "run <code>npm i &#64;types/node</code>"
    assert neutralise("`/rebase` `src/rebase.py`") == "<code>&#47;rebase</code> `src/rebase.py`"
    assert at_start("bors r+") == "&#8203;bors r+"
    assert at_start("The reader.") == "The reader."
    assert read(code("@dependabot merge `x`")) == "@dependabot merge `x`"


def test_amounts_are_no_formula() -> None:
    assert neutralise("It costs $5, not $6.") == "It costs <span>$</span>5, not <span>$</span>6."


def test_words_keep_their_meaning() -> None:
    assert neutralise("The writer now keeps `one_decoder` for the export.") == (
        "The writer now keeps `one_decoder` for the export."
    )
    assert neutralise("שלום 🎉 नमस्ते") == "שלום 🎉 नमस्ते"


def test_invisible_and_bidirectional_characters_go() -> None:
    assert neutralise("a\u202eb\u200bc\u2066d\ufeff\x00e\U000e0041") == "abcde"


def test_a_line_is_cut_at_a_thousand_characters_and_says_so() -> None:
    assert neutralise("x" * 5000) == "x" * 1000 + "…"


def test_code_cannot_be_left_from_within() -> None:
    for text in ("a`b", "``", "`", "a``b`c", "`@octocat"):
        assert Page(code(text)).tags == {"p", "code"}
        assert not Page(code(text)).text.strip()


def test_a_summary_is_a_list_under_the_flows_marker() -> None:
    written = body(Text("First sentence for @octocat.\nSecond, fixes #1."))
    assert written.startswith(
        "<!-- hubpipe: flow=pr-summary -->\n### Summary\n\n- First sentence for @&#8203;octocat.\n"
    )
    assert "- Second, fixes #&#8203;1." in written


def test_the_footer_says_which_model_read_how_much_and_what_not() -> None:
    written = body(Text("A sentence."))
    assert "with `sentence-transformers:org/name@0123456789ab`, not by a person" in written
    assert "read 10 of 20 tokens, not all of: patch, comments · not read: files: too many ·" in written
    assert "turns it off" in written


def test_a_pull_requests_summary_tells_its_size() -> None:
    subject = Subject("pull_request", 7, "Title", "body", changed_files=2, additions=10, deletions=3)
    context = replace(CONTEXT, event=replace(EVENT, subject=subject))
    [effect] = write(Plan((CommentEffect("pr-summary"),)), Findings(text=Text("A sentence.")), context).effects
    assert isinstance(effect, CommentEffect)
    assert "### Summary of 2 changed files (+10 −3)" in effect.body


def test_labels_and_spans_are_shown_with_their_scores() -> None:
    assert "**Found:** `bug` (0.93)" in body(Scores((Score("bug", 0.93),)), chosen=(Score("bug", 0.93),))
    assert "- version: `1.2|x` (0.50)" in body(Spans((Span("version", 0, 5, "1.2|x", 0.5),)))


@pytest.mark.parametrize(
    "template",
    [
        "{{ subject.title }} {{ summary[0] }} {{ summary }} {{ summary[0] | safe }} {{ summary[0] | code }}",
        "{{ summary[1] }}{{ summary[2] }} {{ summary[3] }}{{ summary[4] }} {{ summary[1] ~ summary[2] }}",
        "{{ summary[5] | code }}{{ summary[6] | code }} {{ summary[5] }}{{ summary[6] }}",
        "{{ summary | join('') }} {{ summary | join('') | code }} {{ summary[0] | tojson }}",
        "{{ summary[0] | striptags }} {{ summary[0] | wordwrap(3) }} {{ summary[0] | truncate(5) }}",
        "{{ summary[0] | urlize }} {{ summary[0] | replace('b', '@') }} {{ '%s' | format(summary[0]) }}",
        "{% set x = summary[0] %}{{ x }}{% for line in summary %}{{ line }}{% endfor %}",
        "<details><summary>S</summary>\n{{ summary }} {{ summary[7] | code }}\n</details>",
        "<p align=center>\n{{ summary | join(' ') }}\n</p>",
        "| a | b |\n|---|---|\n| {{ summary[7] }} | {{ summary[7] | code }} |\n| {{ summary[8] }} | x |",
        "{{ summary[10] }} {{ summary[10] | code }} <pre>{{ summary[10] }}</pre>",
        "<!-- {{ summary | join(' ') }} {{ summary[9] | code }} -->",
        "see <a title=\"{{ summary[11] }}\">this</a> <a title='{{ summary[11] }}'>this</a>",
        "see <a title={{ summary[12] }}>this</a> <a {{ summary[12] }}>this</a> <{{ summary[12] }}>",
        "[x]({{ summary[13] }}) [{{ summary[13] }}]({{ summary[12] }}) [y]: {{ summary[13] }}",
        '<a href="{{ summary[13] }}">x</a>',
        "@{{ subject.author }} /{{ summary[14] }} {{ summary[15] }}{{ summary[16] }}",
        "{{ summary[14] }}\n{{ summary[15] }}\n===\n{{ summary[16] }}\n\n```\n{{ summary[0] }}\n```",
        "{{ summary[17] }}{{ summary[17] }}",
        "{{ {'a': summary[0]} }} {{ [summary[0], summary[1]] }} {{ summary[0] | list }} {{ summary[0] | upper }}",
        "{{ (summary[0] | code) ~ summary[6] }} {{ (summary[0] | code) | replace('&', '@') }}",
        "{{ (summary[0] | code) * 2 }} {{ (summary[0] | code)[3:] }} {{ summary | map('code') | join('') }}",
    ],
)
def test_a_custom_template_gets_every_value_neutralised(template: str) -> None:
    lines = ["<b>@octocat</b> <!-- hubpipe: flow=x -->", "thanks @", "octocat", "fixes #", "12", "a` @octocat", "`b #1"]
    lines += ["run `@octocat <img src=//evil.example/x>` now", "run `a|@octocat` a|b", "`-->` @octocat <b>"]
    lines += ["see `https://evil.example` and `www.evil.example a@evil.example`"]
    lines += [
        "x\" href=\"//evil.example/ ' href='//evil.example",
        "x href=//evil.example onload=x",
        "https://evil.example",
    ]
    lines += ["merge", "/mer", "ge @org/team", "\\href{https://evil.example}{x}$ $y"]
    written = body(Text("\n".join(lines)), template).removeprefix(marker("pr-summary"))
    own = {"details", "summary", "table", "thead", "tbody", "tr", "th", "td", "pre", "a", "h1", "h2", "<!--"}
    assert not acts(written, *own)
    page = Page(written)
    assert page.attributes <= {"align", "title", "href"}
    # What stands between two invisible characters is no address of another server.
    assert all(urlsplit(link).scheme == "" and not link.startswith("//") for link in page.links)


def test_a_commits_sha_is_no_link() -> None:
    sha = "0123456789abcdef0123456789abcdef01234567"
    parted = "&#8203;".join(sha[start : start + 4] for start in range(0, 40, 4))
    assert neutralise(f"see {sha} and aaaa1234567") == f"see {parted} and aaaa&#8203;1234&#8203;567"
    assert neutralise("faced 2024 123456") == "faced 2024 123456"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% if %}", "line 1: Expected an expression"),
        ("{{ sumary }}", "'sumary' is undefined; it may use"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ summary[0].__class__ }}", "unsafe"),
        ("{{ summary.append(1) }}", "line 1: a template has"),
        ("{{ ('{}' | code).format(summary[0]) }}", "line 1: a template has"),
        ("{% include '/etc/passwd' %}", "line 1: a template has"),
        ("{% filter striptags %}{{ summary[0] }}{% endfilter %}", "line 1: a template has"),
        ("{% macro x() %}{{ x() }}{% endmacro %}{{ x() }}", "line 1: a template has"),
        ("\n{% set x %}a{% endset %}", "line 2: a template has"),
        ("{{ '%(x)s' | format(y=1) }}", "'x'; it may use"),
        ("{{ summary | xmlattr }}", "comment template of flow pr-summary"),
        ("x \ud800", "surrogates not allowed"),
        ("{% for i in range(90000) %}line{% endfor %}", "GitHub takes 65,536"),
        ("{% for i in range(10**9) %}x{% endfor %}", "Range too big"),
        ("{{ 1 / 0 }}", "division by zero"),
    ],
)
def test_a_template_that_is_wrong_or_reaches_out_is_refused_by_name(template: str, message: str) -> None:
    with pytest.raises(TemplateError, match=re.escape(message)):
        body(Text("A sentence."), template)


@pytest.mark.parametrize("template", ["a\n{% for %}", "{{ sumary }}", "{{ summary | nofilter }}"])
def test_a_template_can_be_checked_beforehand(template: str) -> None:
    with pytest.raises(TemplateError, match=r"^flows\.x"):
        check_template(template, "flows.x")
    check_template("{{ summary }} {{ labels[0].label }} {{ spans[0].text }} {{ subject.author }}", "flows.x")


def test_a_comment_never_passes_githubs_limit_and_keeps_its_footer() -> None:
    for line in ("word " * 190, "@#1" * 300, "&" * 900):
        written = body(Text("\n".join(line for _ in range(300))))
        assert len(written) <= COMMENT_LIMIT
        assert "Shortened: this is not all of it." in written
        assert "turns it off</sub>" in written


def test_own_comments_are_known_by_their_first_line() -> None:
    assert is_own(body(Text("A sentence.")))
    assert not is_own("I quote: " + marker("x"))


def test_a_long_line_is_parted_and_none_of_it_is_lost() -> None:
    words = [f"word{place}" for place in range(600)]
    written = body(Text(" ".join(words)))
    assert all(word in written for word in words)
    assert "Shortened" not in written


def test_labels_behind_a_summary_stand_apart_from_its_list() -> None:
    effect = CommentEffect("kind")
    plan = Plan((effect,), (Score("bug", 0.9),))
    [written] = write(plan, Findings(text=Text("A sentence.")), CONTEXT).effects
    assert isinstance(written, CommentEffect)
    assert "- A sentence.\n\n**Found:** `bug` (0.90)" in written.body


def test_what_was_found_many_times_is_shown_once_with_its_highest_score() -> None:
    spans = tuple(Span("version", place, place + 5, "1.2.3", score) for place, score in ((0, 0.5), (9, 0.9), (20, 0.7)))
    written = body(Spans(spans))
    assert written.count("- version: `1.2.3`") == 1
    assert "- version: `1.2.3` (0.90)" in written


def test_an_answer_of_several_lines_is_shown_line_by_line() -> None:
    section = "1. Make an archive.\n\n```sh\nocto read @octocat #7\n```\n"
    shown = body(Spans((Span("steps", 0, len(section), section, 0.9), Span("version", 60, 63, "2.4", 0.5))))
    steps = "- steps (0.90):\n  - 1\\. Make an archive.\n  - octo read @&#8203;octocat #&#8203;7\n"
    assert f"{steps}- version: `2.4` (0.50)\n\n<sub>" in shown
    assert harmless(shown, "ul", "li", "strong", "sub", "<!--")


def test_of_a_very_long_answer_the_first_lines_are_shown_and_the_rest_is_counted() -> None:
    section = "\n".join(f"line {number}" for number in range(1, 31))
    shown = body(Spans((Span("steps", 0, len(section), section, 0.9),)))
    assert "  - line 12\n  - … and 18 more lines\n" in shown
    assert "line 13" not in shown


def test_only_the_fences_of_an_answer_are_left_out_not_prose_that_begins_like_one() -> None:
    section = "```npm run x``` fails\n~~~strike~~~ is fine\n```sh title=x\nnpm run y\n```\n  ~~~~ text\nz\n~~~~"
    shown = body(Spans((Span("steps", 0, len(section), section, 0.9),)))
    lines = [line.removeprefix("  - ") for line in shown.splitlines() if line.startswith("  - ")]
    assert Page("\n\n".join(lines)).text.split() == ["fails", "~~~strike~~~", "is", "fine", "npm", "run", "y", "z"]
    assert lines[0] == "`npm run x` fails"
