"""The comment of a change: what it shows, what it folds away, and that it always fits."""

import random
import re
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubpipe.change import Change, FileChange, Kind, Memory, Symbols
from hubpipe.change.memory import recalled, without_memory
from hubpipe.config import Decide
from hubpipe.decide import CheckEffect, CommentEffect, Findings, Plan
from hubpipe.digest import Digest, Judged, Unit
from hubpipe.event import Annotation, ChangedFile, Event, Subject
from hubpipe.models.base import ModelInfo, Score, Scores, Text
from hubpipe.render import COMMENT_LIMIT, Context, lasting, marker, write
from hubpipe.render.pages import size
from hubpipe.text import Fitted
from tests.judge import Page, acts

SUBJECT = Subject("pull_request", 7, "Faster exports", "What a person wrote", head_sha="a" * 40)
EVENT = Event("pull_request", "opened", "octo-org/octo-repo", SUBJECT)
INFO = ModelInfo("fake", "org/name", "0123456789abcdef" * 2, "summarization", None)
CONTEXT = Context("pr-summary", EVENT, (INFO,), Fitted("text", 10, 10), seconds=2.14)
OWN_TAGS = {"p", "code", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "ul", "li", "sub", "strong"}
HOSTILE = st.text(st.characters(exclude_categories=[]), max_size=60) | st.text(
    st.sampled_from("@#1a-`*_[]()<>!&;:/\\|~ \n\r\0\"'.x$=+\u202e\ud800🎉w"), max_size=60
)


def file(path: str, kind: Kind = "source", additions: int = 3, deletions: int = 1, **more: Any) -> FileChange:
    symbols = Symbols(added=more.pop("added", ()))
    return FileChange(
        ChangedFile(path, more.pop("status", "modified"), additions, deletions, **more), kind, (), symbols
    )


def digest(*files: FileChange, **more: Any) -> Digest:
    return Digest(Change(files), **more)


def body(found: Digest, text: str = "It does it.", context: Context = CONTEXT, **effect: Any) -> str:
    plan = Plan((CommentEffect("pr-summary", **effect),))
    [written] = write(plan, Findings(text=Text(text) if text else None, digest=found), context).effects
    assert isinstance(written, CommentEffect)
    return written.body


def many(count: int) -> tuple[FileChange, ...]:
    kinds: tuple[Kind, ...] = ("source", "tests", "generated", "binary", "documentation")
    return tuple(file(f"folder/of/{number:05}/file.py", kinds[number % 5]) for number in range(count))


def memory(count: int) -> Memory:
    noise = random.Random(3)
    found = {f"{noise.getrandbits(64):016x}": f"says `{noise.getrandbits(80):x}`" for _ in range(count)}
    return Memory("a" * 40, 1_700_000_000.0, "by", found)


def test_it_says_what_the_change_does_and_then_why() -> None:
    written = body(digest(file("a.py")), "It adds a decoder.\nThe old one was slow.\nIt closes files.")
    assert written.startswith(
        f"{marker('pr-summary')}\nIt adds a decoder.\n\n- The old one was slow.\n- It closes files.\n\n| File |"
    )


def test_a_line_that_repeats_the_title_is_left_out() -> None:
    written = body(digest(file("a.py")), "Faster exports!\nThe old one was slow.")
    assert "Faster" not in written
    assert "The old one was slow." in written


def test_a_row_tells_a_files_name_what_changed_and_how_many_lines() -> None:
    found = digest(file("src/a.py", additions=1204, deletions=7), lines={"src/a.py": "adds `Reader`: “It reads.”"})
    assert "| `src/a.py` | adds `Reader`: “It reads.” | +1,204\u00a0−7 |\n" in body(found)


def test_a_renamed_file_has_both_names() -> None:
    found = digest(file("src/new.py", status="renamed", previous_path="src/old.py"), lines={"src/new.py": "moved"})
    assert "| `src/old.py` → `src/new.py` | moved |" in body(found)


def test_counts_are_not_said_twice() -> None:
    written = body(digest(file("a.py", additions=3, deletions=1), lines={"a.py": "+3 −1 lines"}))
    assert "| File | Lines |" in written
    assert "| `a.py` | +3\u00a0−1 |" in written


def test_of_many_files_those_that_do_something_stand_in_the_table_and_the_rest_is_folded_by_group() -> None:
    files = (
        *(file(f"src/{number}.py") for number in range(12)),
        *(file(f"tests/{number}.py", "tests") for number in range(4)),
        file("docs/a.md", "documentation"),
        file("uv.lock", "dependencies", 900, 800),
        file("vendor/x.c", "vendored"),
        file("logo.png", "binary", 0, 0),
    )
    written = body(digest(*files))
    table, _, fold = written.partition("<details>")
    assert table.count("| `src/") == 10
    assert "tests/" not in table
    assert "<summary>10 more files: source (2) · tests (4) · documentation (1) · " in fold
    assert "generated, vendored and lock files (2) · binary files (1)</summary>" in fold
    assert "**Tests**\n\n- `tests/0.py` (+3\u00a0−1)\n" in fold
    assert "- `uv.lock` (+900\u00a0−800)" in fold
    assert Page(written).tags <= {*OWN_TAGS, "<!--"}


def test_few_files_are_not_folded_whatever_they_are() -> None:
    written = body(digest(file("a.py"), file("tests/a.py", "tests"), file("a.md", "documentation")))
    assert written.count("\n| `") == 3
    assert "<details>" not in written


def test_generated_files_are_never_in_the_table() -> None:
    written = body(digest(file("uv.lock", "dependencies"), file("web/app.min.js", "generated")))
    assert "| File" not in written
    assert "<summary>2 files: generated, vendored and lock files</summary>" in written


def test_labels_of_files_stand_in_the_table_with_the_scores_that_count() -> None:
    one, other, third = file("a.py"), file("b.py"), file("c.md", "documentation")
    judged = (
        Judged(Unit(one), Scores((Score("security", 0.4), Score("bug", 0.2)))),
        Judged(Unit(other), Scores((Score("sec", 0.91), Score("bug", 0.72)))),
        Judged(Unit(other), Scores((Score("bug", 0.8),))),
        Judged(Unit(third), Scores((Score("bug", 0.1),))),
    )
    context = replace(CONTEXT, rules=Decide(threshold=0.7, rename={"sec": "security"}))
    written = body(digest(one, other, third, judged=judged), context=context)
    assert "| File | Found |" in written
    rows = [line for line in written.splitlines() if line.startswith("| `")]
    assert rows[0].startswith("| `b.py` | `security` (0.91), `bug` (0.80) |")
    assert rows[1].startswith("| `a.py` |  |")


def test_a_file_that_is_folded_away_shows_its_labels_too() -> None:
    files = many(30)
    judged = tuple(Judged(Unit(one), Scores((Score("a|`security`", 0.91), Score("bug", 0.8)))) for one in files)
    told = files[29].path
    written = body(digest(*files, judged=judged, lines={told: "reads rows"}))
    labels = "<code>a&#124;&#96;security&#96;</code>"
    table, _, fold = written.partition("<details>")
    assert table.count("(0.91), `bug` (0.80)") == 10
    assert fold.count("(0.91), `bug` (0.80)") == 20
    assert re.search(
        rf"- `{re.escape(told)}`: \S*{re.escape(labels)}\S* \(0\.91\), `bug` \(0\.80\) · reads rows \(", fold
    )
    assert Page(written).tags <= {*OWN_TAGS, "<!--"}


def test_what_was_not_read_and_what_was_dropped_is_said() -> None:
    found = digest(file("a.py"), inferred=1, remembered=2, dropped=("`Foo`", "`bar.py`"))
    written = body(found, context=replace(CONTEXT, unread=("patch of 3 files: too large",)))
    assert "\nNot read: patch of 3 files: too large.\n" in written
    assert "2 sentences left out: they named what the change does not hold" in written
    assert "in 2.1 s, not by a person · read 1 file, 2 as before ·" in written
    assert "the flow `pr-summary` in `.github/hubpipe.yml` turns it off</sub>" in written


def test_what_a_run_found_is_remembered_in_the_last_line() -> None:
    written = body(digest(file("a.py"), memory=memory(3)))
    assert recalled(written) == memory(3)


def test_the_seconds_and_the_time_make_no_other_comment_but_what_was_found_does() -> None:
    found = digest(file("a.py"), memory=memory(3))
    later = replace(found, memory=replace(memory(3), read_at=1_800_000_000.0))
    one = body(found)
    other = body(later, context=replace(CONTEXT, seconds=11.7))
    assert one != other
    assert lasting(one) == lasting(other.replace("\n", "\r\n") + "\r\n")
    assert lasting(one) != lasting(body(replace(found, memory=memory(2))))
    assert lasting(one) != lasting(body(found, "It does more."))
    assert lasting(one) != lasting(one.replace("It does it", "It did it"))


def test_three_thousand_files_are_written_in_a_second_and_what_is_left_out_is_counted() -> None:
    found = digest(*many(3_000), memory=memory(300))
    started = time.perf_counter()
    written = body(found)
    assert time.perf_counter() - started < 1.5
    assert size(written) <= COMMENT_LIMIT
    assert size(written) > COMMENT_LIMIT * 0.9
    assert "2990 more files: source (590) · tests (600)" in written
    assert re.search(r"- and \d+ more\n", written)
    assert "- 600 files\n" in written
    assert recalled(written) == memory(300)


def test_what_the_next_run_need_not_read_goes_before_the_table_does() -> None:
    written = body(digest(*many(3_000), memory=memory(5_000)))
    kept = recalled(written)
    assert size(written) <= COMMENT_LIMIT
    assert kept is not None
    assert 1_000 < len(kept.found) < 5_000
    assert written.count("| `folder/") == 10
    assert written.count("- `folder/") < 20


def test_rows_go_before_sentences_and_sentences_go_last() -> None:
    files = [file(f"{'|' * 150}{number}.py") for number in range(5)]
    lines = {one.path: "@#1" * 90 for one in files}
    written = body(digest(*files, lines=lines), "\n".join("@#1 " * 200 for _ in range(100)))
    assert size(written) <= COMMENT_LIMIT
    assert "_Shortened: this is not all of it._" in written
    assert "more files that matter._" in written
    assert written.rstrip().endswith("turns it off</sub>")


@pytest.mark.parametrize(
    "path",
    [
        "a|b.py",
        "a\\|b.py",
        "a\\",
        "`a``b`.py",
        "a\nb | c.py",
        "<img src=x>.py",
        "<!-- a -->.py",
        "@octocat/#12.py",
        "https://evil.example/www.evil.example",
        "[a](b).py",
        "**a**__b__.py",
        "&lt;&#64;.py",
        "-->",
        "x" * 4_096,
        "a/" * 2_048,
        "|" * 4_096,
        "\u202egpj.exe",
        "",
        "\u202e",
        "\ud800.py",
        "\0",
        "שלום.py",
        "🎉.py",
    ],
)
def test_any_name_stays_in_its_cell(path: str) -> None:
    others = [file(f"{number}.py") for number in range(2)]
    for kind in ("source", "generated"):
        written = body(digest(file(path, kind), *others, lines={path: f"changes `{path}` and {path}"}))
        page = Page(written)
        cells = [line for line in written.splitlines() if line.startswith("|")]
        assert len(cells) == 5 - (kind == "generated")
        assert page.tags <= {*OWN_TAGS, "<!--"}
        assert not re.search(r"@\w|#\d", page.text)
        assert len(re.findall("^<!--", written, re.MULTILINE)) == 1
        written.encode("utf-8")


def test_a_footer_has_room_whatever_there_is_to_say_in_it() -> None:
    shouts = tuple(f"{'@' * 5_000}{number}" for number in range(30))
    plan = Plan((CommentEffect("pr-summary"),), chosen=tuple(Score("`" * 1_000, 0.5) for _ in range(20)))
    context = replace(CONTEXT, unread=shouts, fitted=Fitted("", 1, 9, shouts))
    found = Findings(text=Text("It does it."), digest=digest(*many(3_000)))
    [written] = write(plan, found, context).effects
    assert isinstance(written, CommentEffect)
    assert "turns it off</sub>" in written.body
    assert "It does it." in written.body
    assert size(written.body) <= COMMENT_LIMIT


@given(st.lists(st.tuples(HOSTILE, HOSTILE, st.sampled_from(["source", "tests", "binary"])), max_size=12), HOSTILE)
def test_whatever_files_and_lines_there_are_nothing_of_theirs_acts(found: list[Any], text: str) -> None:
    files = {path: file(path, kind, previous_path=line) for path, line, kind in found}
    written = body(digest(*files.values(), lines={path: line for path, line, _ in found}, memory=memory(2)), text)
    assert not acts(without_memory(written), *OWN_TAGS, "<!--")
    assert not Page(written).attributes - {"align"}
    assert written.count(marker("pr-summary")) == 1
    assert size(written) <= COMMENT_LIMIT
    assert recalled(written) == memory(2)


def test_a_template_gets_the_files_and_their_groups() -> None:
    template = (
        "{% for file in files %}{{ file.path }} {{ file.line }} {{ file.additions }} {{ file.kind }};{% endfor %}"
    )
    template += "{% for group in groups %}{{ group.title }} {{ group.files | length }}{% endfor %}"
    written = body(digest(file("a.py"), lines={"a.py": "adds `x`"}, memory=memory(1)), template=template)
    text = Page(written).text
    assert "a.py" in text
    assert "3 " in text
    assert "Source" in text
    assert recalled(written) == memory(1)


def test_a_part_of_a_description_has_no_marker_and_only_the_room_that_is_left() -> None:
    long = replace(SUBJECT, body="x" * 60_000)
    written = body(
        digest(*many(3_000), memory=memory(50)),
        context=replace(CONTEXT, event=replace(EVENT, subject=long)),
        mode="description",
    )
    assert marker("pr-summary") not in written
    assert 3_000 < size(written) < COMMENT_LIMIT - 60_000
    assert recalled(written) is not None
    full = replace(EVENT, subject=replace(SUBJECT, body="x" * 65_500))
    assert body(digest(file("a.py")), context=replace(CONTEXT, event=full), mode="description").strip() == ""


def test_a_check_gets_its_title_and_a_summary() -> None:
    remarks = tuple(Annotation(path, 1, 2, "notice", "bug", "It may be.") for path in ("a.py", "a.py", "b.py"))
    effect = CheckEffect("risks", "a" * 40, "hubpipe / risks", "neutral", annotations=remarks)
    plan = Plan((effect,), chosen=(Score("bug", 0.9),))
    [written] = write(plan, Findings(digest=digest(*many(3_000))), CONTEXT).effects
    assert isinstance(written, CheckEffect)
    assert written.title == "bug: 3 remarks on 2 files"
    assert "**Found:** `bug` (0.90)" in written.summary
    assert len(written.summary) <= 65_535
    assert "<!--" not in written.summary
    [nothing] = write(Plan((replace(effect, annotations=()),)), Findings(), CONTEXT).effects
    assert isinstance(nothing, CheckEffect)
    assert nothing.title == "Nothing found"


def test_a_line_that_is_too_long_ends_at_a_word_and_in_no_code() -> None:
    said = "adds " + ", ".join(f"`name_{number}`" for number in range(60))
    shown = body(digest(file("src/a.py"), lines={"src/a.py": said}))
    [row] = [line for line in shown.splitlines() if line.startswith("| `src/a.py`")]
    assert "… |" in row
    assert row.count("`") % 2 == 0
    assert re.search(r"`name_\d+`,?… \|", row), row
