"""Reasons for labels: one folded line, where titles of strangers are text and links lead to the repository alone."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options
from hypothesis import given
from hypothesis import strategies as st

from hubpipe.decide import CommentEffect, Findings, Plan
from hubpipe.models.base import Past, Scores, Why
from hubpipe.render import COMMENT_LIMIT, check_template, write
from hubpipe.render.pages import size
from hubpipe.report import FlowReport, Report, StepReport
from hubpipe.report.plain import as_json, as_text
from hubpipe.report.summary import as_markdown
from tests.judge import harmless
from tests.test_render import CONTEXT, EVENT

BASE = "https://github.com/octo-org/octo-repo"
LINK = "https://redirect.github.com/octo-org/octo-repo/issues/12"
assert EVENT.subject is not None
HERE = replace(EVENT, subject=replace(EVENT.subject, url=f"{BASE}/issues/7"))
TAGS = ("details", "summary", "ul", "li", "sub")
HOSTILE = st.text(st.sampled_from("@#1a-`*_[]()<>!&;:/\\|~ \n\r\0\"'.x$=+\u202e\ud800🎉w"), max_size=60) | st.text(
    st.characters(exclude_categories=[]), max_size=60
)


class Links(HTMLParser):
    """The addresses that a page links to."""

    def __init__(self, markdown: str):
        super().__init__()
        self.found: list[str | None] = []
        self.feed(github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append(dict(attrs).get("href"))


def why(title: str = "It crashes", url: str = f"{BASE}/issues/12", word: str = "crash") -> Why:
    return Why("bug", (Past(title, 0.83, 12, url),), ((word, 0.2),))


def comment(*reasons: Why, template: str | None = None) -> str:
    context = replace(CONTEXT, event=HERE)
    [effect] = write(Plan((CommentEffect("triage", template),)), Findings(why=reasons), context).effects
    assert isinstance(effect, CommentEffect)
    return effect.body


def report(*reasons: Why) -> Report:
    step = StepReport("text-classification", prediction=Scores(()), why=reasons)
    return Report(HERE, (FlowReport("triage", steps=(step,), findings=Findings(why=reasons)),))


def test_the_reasons_are_one_folded_line_in_a_comment() -> None:
    assert (
        "<details><summary>Why?</summary>\n\n- `bug`\n"
        f"  - like [#&#8203;12 It crashes]({LINK}) (0.83)\n"
        "  - for the words `crash`\n\n</details>\n"
    ) in comment(why())


def test_no_reason_is_no_line() -> None:
    assert "Why?" not in comment()
    assert "Why?" not in comment(Why("bug"))
    assert "Why?" not in as_markdown(report())


def test_the_reasons_are_in_the_job_summary_and_the_report_too() -> None:
    assert f"[#&#8203;12 It crashes]({LINK}) (0.83)" in as_markdown(report(why()))
    [step] = as_json(report(why()))["flows"][0]["steps"]
    [found] = step["why"]
    assert found["label"] == "bug"
    assert found["nearest"][0]["number"] == 12
    assert [*map(list, found["words"])] == [["crash", 0.2]]


@pytest.mark.threat("attack", "output")
@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://evil.example/octo-org/octo-repo/issues/12",
        "https://github.com/octo-org/other/issues/12",
        f"{BASE}/issues/12?x=1",
        f"{BASE}/issues/12\n",
        f"{BASE}/issues/12)[x](https://evil.example",
        f"{BASE}.evil.example/issues/12",
        "javascript:alert(1)",
    ],
)
def test_only_an_issue_of_the_same_repository_is_linked(url: str) -> None:
    for text in (comment(why(url=url)), as_markdown(report(why(url=url)))):
        assert Links(text).found == []
        assert "It crashes" in text


@pytest.mark.threat("attack", "output")
def test_where_every_link_to_an_issue_would_write_itself_into_that_issue_there_is_none() -> None:
    base = "https://octo.ghe.com/octo-org/octo-repo"
    assert HERE.subject is not None
    here = replace(HERE, subject=replace(HERE.subject, url=f"{base}/issues/7"))
    reason = why(url=f"{base}/issues/12")
    [effect] = write(Plan((CommentEffect("x"),)), Findings(why=(reason,)), replace(CONTEXT, event=here)).effects
    assert isinstance(effect, CommentEffect)
    assert "like #&#8203;12 It crashes (0.83)" in effect.body


@pytest.mark.threat("payload", "output", cases=100)
@given(HOSTILE, HOSTILE, HOSTILE)
def test_titles_labels_and_words_of_strangers_are_text(title: str, label: str, word: str) -> None:
    reason = replace(why(title, word=word), label=label)
    for text in (comment(reason).partition("\n")[2], as_markdown(report(reason))):
        assert harmless(text, "a", "h2", "h3", *TAGS), text
        assert Links(text).found == [LINK]


def test_reasons_beyond_the_limit_are_left_out() -> None:
    many = [replace(why("@" * 900), label=f"{number}" + "|" * 900) for number in range(200)]
    assert size(comment(*many)) <= COMMENT_LIMIT
    assert re.search(r"Why\?", comment(*many))


def test_a_template_may_show_the_reasons() -> None:
    template = "{% for one in why %}{{ one.label }}: {{ one.nearest[0].title }} {{ one.words[0].word }}{% endfor %}"
    check_template(template, "test")
    assert "It crashes" in comment(why(), template=template)


def test_a_terminal_is_told_the_reasons_too() -> None:
    why = (
        Why("bug", (Past("It crashes", 0.91, 7), Past("No number", 0.5)), (("crash", 0.3), ("error", 0.1))),
        Why("x"),
    )
    told = as_text(Report(EVENT, (FlowReport("kind", findings=Findings(why=why)),)))
    assert "why bug: like #7 It crashes (0.91); No number (0.50); for the words crash, error" in told
    assert "why x: nothing alike was kept, and no word by itself weighs" in told
