"""Cleaning Markdown: what is dropped, what stays as it was, and how long it takes."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hubpipe.text import clean
from hubpipe.text.markdown import fenced

BASE64 = "QWxhZGRpbjpvcGVuIHNlc2FtZQ0K" * 8
ATTRIBUTION = "On Tue, 3 Mar 2026 at 10:02, Mona <mona@example.com> wrote:"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("<!-- Read the guide first. -->\n\nIt crashes.", "It crashes."),
        ("<!--\nSeveral lines,\n\nand a blank one\n-->\nIt crashes.", "It crashes."),
        ("It <!-- really --> crashes.", "It  crashes."),
        ("It crashes.\n\n<!-- never closed\n\nhidden on GitHub too", "It crashes."),
        ("<div><!-- never closed\ntext</div>", ""),
        ("a <!-- b", "a <!-- b"),
        ("`<!-- code -->`", "`<!-- code -->`"),
        ("<<b>b>bold", "bold"),
    ],
    ids=["block", "many lines", "inline", "unclosed", "unclosed in HTML", "shown on GitHub", "in code", "uncovered"],
)
def test_html_comments_are_dropped_as_github_hides_them(written: str, said: str) -> None:
    assert clean(written) == said


def test_unticked_boxes_go_with_what_is_under_them_and_ticked_ones_leave_their_text() -> None:
    searched = "- [ ] I searched\n  - [x] and asked\n\n  more\n"
    boxes = "- [x] On *Linux*\n- [X] On Windows\n- plain\n1. [ ] no\n2. [x] yes"
    assert clean(searched + boxes) == "- On *Linux*\n\n- On Windows\n\n- plain\n\n2. yes"


@pytest.mark.parametrize("marker", ["-", "*", "+", "1.", "1)"])
def test_a_list_of_unticked_boxes_leaves_nothing(marker: str) -> None:
    assert clean(f"Done.\n\n{marker} [ ] One\n{marker} [ ]\n") == "Done."


def test_brackets_that_are_no_check_box_stay() -> None:
    assert clean("- [ ]() and [x]\n- [y] z\n\n[ ] not in a list") == "- and [x]\n- [y] z\n\n[ ] not in a list"


def test_unanswered_questions_of_an_issue_form_go_with_their_headings() -> None:
    form = "### Version\n\n1.2\n\n### Logs\n\n_No response_\n\n### System\n\n_No response_"
    assert clean(form) == "### Version\n\n1.2"


def test_no_response_within_a_longer_answer_is_an_answer() -> None:
    answer = "### Server\n\n_No response_\n\nfor ten minutes"
    assert clean(answer) == answer


@pytest.mark.parametrize(
    "tail",
    [
        f"{ATTRIBUTION}\n> It crashes.\n>\n> > deeper",
        f"{ATTRIBUTION}\n\n> It crashes.\n\n> And more.",
        "On Tue, 3 Mar 2026 at 10:02, Mona Lisa Octocat <\nmona@example.com> wrote:\n\n> It crashes.",
        f"> {ATTRIBUTION}\n>\n> It crashes.",
        "Am Di., 3. März 2026 um 10:02 Uhr schrieb Mona <mona@example.com>:\n\n> Es stürzt ab.",
        "Le mar. 3 mars 2026 à 10:02, Mona <mona@example.com> a écrit :\n\n> Ça plante.",
        f"{ATTRIBUTION}\n> Second.\n\n{ATTRIBUTION}\n> First.",
        "-----Original Message-----\nFrom: Mona\nSent: Tuesday\n\nIt crashes.\n\nRegards",
        "________________________________\nFrom: Mona\nSent: Tuesday\nTo: Hubot\nSubject: Crash\n\nIt crashes.",
    ],
    ids=["at once", "in two quotes", "wrapped", "Apple", "German", "French", "twice", "separator", "Outlook"],
)
def test_the_quoted_tail_of_an_e_mail_is_dropped(tail: str) -> None:
    assert clean(f"Thanks, fixed.\n\n{tail}") == "Thanks, fixed."
    assert clean(f"Thanks, fixed.\n{tail}").split("\n")[0] == "Thanks, fixed."


@pytest.mark.parametrize(
    "text",
    [
        "> It crashes.\n\nWhen?",
        f"{ATTRIBUTION}\n\n> It crashes.\n\nWhen?",
        "The manual says on page 3:\n\n> It never crashes.",
        "On the page about errors Mona wrote:\n\n> It never crashes.",
        f"{ATTRIBUTION}\n\n> It crashes.",
        "```\nOn 3 March, Mona wrote:\n> code\n```",
        "Headers are lost:\n\nFrom: mona\nTo: hubot\nSubject: x\n\nWhy?",
    ],
    ids=["answered", "answered below", "citation", "no date", "nothing else", "code", "about e-mail"],
)
def test_other_quotes_stay(text: str) -> None:
    assert clean(text) == text.replace("<mona@example.com>", "mona@example.com")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("![the crash](crash.png)", "the crash"),
        ("[![build](b.svg)](https://ci.example)", "build"),
        ('<img width="9" src="x.png" alt="the crash">', "the crash"),
        (f"![dot](data:image/png;base64,{BASE64})", "dot"),
        ("[the docs](https://d.example 'title') say", "the docs say"),
        ("[the docs][d] say\n\n[d]: https://d.example", "the docs say"),
        ("see <https://d.example/a_b_c>", "see https://d.example/a_b_c"),
        ("see https://d.example/?a=1&b=_x_", "see https://d.example/?a=1&b=_x_"),
    ],
)
def test_images_leave_their_alternative_text_and_links_their_words(written: str, said: str) -> None:
    assert clean(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (f"key {BASE64} end", "key [data] end"),
        (f"```\n{BASE64}==\n```", "```\n[data]\n```"),
        (f"`data:text/plain;base64,{BASE64}`", "`[data]`"),
        ("a data:image/png;base64,iVBORw0KGgo= b", "a [data] b"),
    ],
)
def test_base64_leaves_a_placeholder(written: str, said: str) -> None:
    assert clean(written) == said


@pytest.mark.parametrize(
    "run",
    ["/Users/Mona/projects2" * 10, "-" * 300, "d41d8cd98f00b204" * 8, "data: the rest", "nothing" * 30],
    ids=["path", "rule", "hash", "word", "letters"],
)
def test_long_runs_that_are_no_base64_stay(run: str) -> None:
    assert clean(f"a {run}") == f"a {run}"


def test_html_leaves_its_text() -> None:
    details = "<details>\n<summary>Log</summary>\n\n```\nline\n```\n\n</details>"
    assert clean(details) == "Log\n\n```\nline\n```"
    assert clean("<p align='center'>One<br>two</p><p>three</p>") == "One\ntwo\nthree"
    assert clean("Press <kbd>Ctrl</kbd>+<kbd>C</kbd>.") == "Press Ctrl+C."
    assert clean("<script>alert(1)</script>\n\n<style>\n\np {}</style>\n\nText") == "Text"


def test_invisible_characters_are_dropped_and_line_ends_are_one() -> None:
    assert clean("a\x00b\ud800c\x1b[1m\u202ed\u2066e\u200bf\U000e0041g\ufeff") == "abc[1mdefg"
    assert clean("one\r\ntwo\rthree\u2028four") == "one\ntwo\nthree\nfour"
    assert clean("👩\u200d💻 नमस्ते שלום") == "👩\u200d💻 नमस्ते שלום"


MARKDOWN = [
    "# Title\n\n## With *emphasis* and `code`",
    "- one\n- two\n  - nested\n    1. deeper\n\n       with a paragraph",
    "10. ten\n11. eleven",
    "| a | b |\n| --- | --- |\n| `x` | y\\|z |",
    "> quoted\n> twice\n>\n> - in a list",
    "````python title='a'\n```\n\tinside\n\n  trailing  \n````",
    "~~~\n`code`\n~~~",
    "- item\n  ```\n  code\n\n  more\n  ```",
    "line one\nline two\n\n\\*escaped\\* &lt;b&gt; 1 \\< 2 and ~~gone~~ __strong__",
    "> [!NOTE]\n> An alert.",
    "Trace:\n=== failed ===\n    # not a heading\n    - not a list",
]


@pytest.mark.parametrize("markdown", MARKDOWN, ids=lambda text: text.split("\n")[0])
def test_markdown_that_says_something_stays_as_it_is(markdown: str) -> None:
    assert clean(markdown) == markdown


def test_markdown_is_written_one_way() -> None:
    assert clean("Title\n=====\nText\n***\n\n\n    code\n") == "# Title\n\nText\n\n```\ncode\n```"
    assert clean("```\nunclosed") == "```\nunclosed\n```"
    assert clean("|a|b|\n|:-|-:|\n|c|\n") == "| a | b |\n| --- | --- |\n| c |"
    assert clean("|a||\n|-|-|\n|||\n||c|\n") == "| a |  |\n| --- | --- |\n|  | c |"
    assert clean("> ```\n> trailing  \n>\n> ```") == "> ```\n> trailing  \n>\n> ```"


@pytest.mark.parametrize("code", ["", "plain", "```", "````\n```", "a ` b"])
def test_a_fence_is_longer_than_any_inside(code: str) -> None:
    (token,) = MarkdownIt().parse(fenced(f"{code}\n", "py"))
    assert (token.type, token.info, token.content.strip()) == ("fence", "py", code)


# Pieces that make Markdown's structure, so that random texts nest, break and hide in one another.
PIECES = ["<!-- ", "-->", "- [ ] x\n", "- [x] y\n", "- a\n", "1. b\n", "> q\n", "```\n", "~~~py\n", "    code\n", "\n"]
PIECES += [
    "# h\n",
    "===\n",
    "---\n",
    "***",
    "**",
    "_",
    "`",
    "``",
    "[a](b)",
    "[a]: b\n",
    "![i](u)",
    "<b>",
    "</b>",
    "<div>",
]
PIECES += [
    "<br>",
    "|a|b|\n|-|-|\n|c|d|\n",
    "\\",
    "&amp;",
    " ",
    "  ",
    "\t",
    "word",
    f"{ATTRIBUTION}\n",
    "_No response_",
    "!",
]
PIECES += ["### ", "data:image/png;base64,AAAA", "\u202e", "\0", "\ud800", "é", "😀", "~~", "<https://x.y>", "|", "+ "]
PIECES += ["* ", "2) ", "<", "[", "]", "(", ")", "\u2028", "\u3000", BASE64]
TANGLES = st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(st.characters())


@given(TANGLES)
@example("<td>- [ ] x</td>")
@example("> q\n===\n")
def test_any_string_is_cleaned_and_cleaning_it_again_changes_nothing(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    cleaned.encode()


WORDY = [
    "- a\n",
    "1. b\n",
    "> q\n",
    "```\n",
    "    code\n",
    "\n",
    "# h\n",
    "===\n",
    "**",
    "_",
    "`",
    # On its own: a table that continues a list item lazily is text there, and a table once it is written in full.
    "\n\n|a|b|\n|-|-|\n|c|d|\n\n",
]
WORDY += ["\\", " ", "word", "é", "~~", "<https://x.y>", "+ ", "* ", "x y", "\n  ", "> "]
RENDERER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def letters_shown(markdown: str) -> list[str]:
    """The letters that a reader of the rendered text sees."""
    tokens = (inline for block in RENDERER.parse(markdown) for inline in (block.children or [block]))
    return [letter for token in tokens for letter in token.content if letter.isalpha()]


@given(st.lists(st.sampled_from(WORDY), max_size=12).map("".join))
def test_no_word_is_lost_from_text_that_holds_nothing_to_drop(text: str) -> None:
    assert letters_shown(clean(text)) == letters_shown(text)


HARD = {
    "prose": "It *crashes* on [start](https://x.example), see `main.py`.\n\n" * 1100,
    "list items": "- [x] item\n" * 10_000,
    "nested quotes": ">" * 5_000 + " deep",
    "quote lines": "> a\n" * 16_000,
    "backticks": "`" * 100_000,
    "runs of backticks": " ".join("`" * length for length in range(1, 360)),
    "brackets": "[" * 20_000,
    "stars": "*a " * 20_000,
    "open comments": "a " + "<!-- " * 13_000,
    "open tags": "<a " * 20_000,
    "nested tags": "<" * 300 + "b>" * 300,
    "references": "".join(f"[r{i}]: /u{i}\n" for i in range(4_000)),
    "table rows": "|a|b|\n|-|-|\n" + "|x|y|\n" * 5_000,
    "attributions": f"{ATTRIBUTION}\n> q\n\n" * 900,
    "long attribution": "On 1 " + "a wrote " * 8_000 + ":\n> q",
    "mail headers": "a\n\n---\n" + "From: a\n" * 8_000 + "\nb",
    "base64": BASE64 * 290,
    "one line": "1 " * 32_768,
}


@pytest.mark.parametrize("text", HARD.values(), ids=HARD)
def test_no_text_of_githubs_size_takes_long(text: str) -> None:
    started = time.process_time()
    clean(text)
    # Under a second on an idle core; a quadratic step would take minutes.
    assert time.process_time() - started < 4
