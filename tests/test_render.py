"""Markdown that is safe to post."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hubpipe.decide import CommentEffect, Plan
from hubpipe.errors import TemplateError
from hubpipe.event import Event, Subject
from hubpipe.models.base import ModelInfo, Prediction, Score, Scores, Span, Spans, Text
from hubpipe.render import COMMENT_LIMIT, Context, check_template, code, is_own, marker, neutralise, write
from hubpipe.text import Fitted

EVENT = Event("issues", "opened", "octo-org/octo-repo", Subject("issue", 7, "@octocat <b>title</b>", "body"))
INFO = ModelInfo("sentence-transformers", "org/name", "0123456789abcdef" * 2, "summarization", None)
CONTEXT = Context("pr-summary", EVENT, (INFO,), Fitted("text", 10, 20, ("patch", "comments")), ("files: too many",))
# What GitHub makes of text: https://github.github.com/gfm, with the references that its comments link.
GFM = MarkdownIt("gfm-like")
MENTION = re.compile(r"@\w")
REFERENCE = re.compile(r"#\d|\bgh-\d", re.IGNORECASE)


def body(prediction: Prediction, template: str | None = None, chosen: tuple[Score, ...] = ()) -> str:
    plan = write(Plan((CommentEffect("pr-summary", template),), chosen), prediction, CONTEXT)
    [effect] = plan.effects
    assert isinstance(effect, CommentEffect)
    return effect.body


def shown(markdown: str) -> str:
    """The text that GitHub would look for mentions and references in: all that is no code."""
    tokens = [child for token in GFM.parse(markdown) for child in token.children or [token]]
    return " ".join(token.content for token in tokens if token.type in ("text", "html_inline", "html_block"))


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
    ],
)
def test_no_markup_mention_reference_or_link_survives(text: str) -> None:
    tokens = GFM.parse(neutralise(text))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    kinds = {child.type for token in tokens for child in token.children or []}
    assert kinds <= {"text", "code_inline", "text_special"}
    assert not MENTION.search(shown(neutralise(text)))
    assert not REFERENCE.search(shown(neutralise(text)))


@given(st.text(alphabet=st.sampled_from("@#1ag-`*_[]()<>!&;:/\\|~ \n\"'.x$=+"), max_size=60))
def test_whatever_is_written_stays_one_paragraph_of_text_and_code(text: str) -> None:
    tokens = GFM.parse("- " + neutralise(text))
    kinds = {token.type for token in tokens} | {child.type for token in tokens for child in token.children or []}
    assert kinds <= {
        "bullet_list_open", "list_item_open", "paragraph_open", "inline", "text", "text_special", "code_inline",
        "paragraph_close", "list_item_close", "bullet_list_close",
    }  # fmt: skip
    assert not MENTION.search(shown("- " + neutralise(text)))


@given(st.text(max_size=200))
def test_any_text_becomes_one_line(text: str) -> None:
    assert "\n" not in neutralise(text)
    neutralise(text).encode("utf-8")


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
    for text in ("a`b", "``", "`", "a``b`c"):
        [inline] = [token for token in GFM.parse(code(text)) if token.type == "inline"]
        assert [child.type for child in inline.children or []] == ["code_inline"]


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
    [effect] = write(Plan((CommentEffect("pr-summary"),)), Text("A sentence."), context).effects
    assert isinstance(effect, CommentEffect)
    assert "### Summary of 2 changed files (+10 −3)" in effect.body


def test_labels_and_spans_are_shown_with_their_scores() -> None:
    assert "**Found:** `bug` (0.93)" in body(Scores((Score("bug", 0.93),)), chosen=(Score("bug", 0.93),))
    assert "- version: `1.2|x` (0.50)" in body(Spans((Span("version", 0, 5, "1.2|x", 0.5),)))


def test_a_custom_template_gets_every_value_neutralised() -> None:
    written = body(
        Text("<b>@octocat</b>"), "{{ subject.title }} {{ summary[0] }} {{ summary }} {{ summary[0] | safe }}"
    )
    assert "<b>" not in written
    assert not MENTION.search(shown(written.removeprefix(marker("pr-summary"))))


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% if %}", "line 1: Expected an expression"),
        ("{{ sumary }}", "'sumary' is undefined; it may use"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ summary.append(1) }}", "comment template of flow pr-summary"),
        ("{% include '/etc/passwd' %}", "comment template of flow pr-summary"),
        ("{% for i in range(10**9) %}x{% endfor %}", "Range too big"),
        ("{{ 1 / 0 }}", "division by zero"),
    ],
)
def test_a_template_that_is_wrong_or_reaches_out_is_refused_by_name(template: str, message: str) -> None:
    with pytest.raises(TemplateError, match=re.escape(message)):
        body(Text("A sentence."), template)


def test_the_syntax_of_a_template_can_be_checked_beforehand() -> None:
    with pytest.raises(TemplateError, match=r"flows\.x, line 2"):
        check_template("a\n{% for %}", "flows.x")


def test_a_comment_never_passes_githubs_limit() -> None:
    for template in (None, "{% for i in range(90000) %}line\n{% endfor %}", "{{ 'x' * 70000 }}"):
        written = body(Text("\n".join("word " * 190 for _ in range(300))), template)
        assert len(written) <= COMMENT_LIMIT
    assert "Shortened" in body(Text("\n".join("word " * 190 for _ in range(300))))


def test_own_comments_are_known_by_their_first_line() -> None:
    assert is_own(body(Text("A sentence.")))
    assert not is_own("I quote: " + marker("x"))
