"""A model's text keeps what it may say of a change, and loses what names the unknown."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubpipe import change
from hubpipe.change import Change
from hubpipe.event import ChangedFile

PATCH = "@@ -1,2 +1,3 @@ class Reader:\n def read_row(self):\n+    return self.parseLine(config.max_rows)\n     pass\n"
FILES = [
    ChangedFile("src/pkg/reader.py", "modified", 1, 0, patch=PATCH),
    ChangedFile("docs/new guide.md", "renamed", 0, 0, previous_path="docs/old.md"),
]
SAID = "Fix the crash in `other/place.ts` when SlowWriter meets v1.2; see README.md, and pass --fast"
KNOWN = change.known(change.read(FILES, ""), SAID)


@pytest.mark.parametrize(
    "sentence",
    [
        "It reads the rows one by one.",
        "`Reader` reads rows, and/or drops them; e.g. empty ones (see 1.2.3).",
        "Changes `read_row()` in src/pkg/reader.py.",
        "Changes `src/pkg/reader.py` and pkg/reader.py, reader.py too.",
        "Renames docs/old.md.",
        "Uses self.parseLine and config.max_rows, parseLine() twice.",
        "Mends other/place.ts for SlowWriter.",
        "It runs on GitHub with JavaScript, and gives `None` or `true`.",
        "Changes `read_row(self, path: Path) -> int`.",
        "Adds the `--fast` flag that `parseLine` wants.",
        "Gives `int | None`, in an `if` statement.",
        "Calls self.parseLine, and `this.parseLine`.",
        "Handles KeyError, ValueError and NullPointerException; KeyError/ValueError.",
        "It knows OAuth2, IPv6, WiFi and eBay, an iPhone's own.",
        "It reads the rows.It stops.",
        "Follows the README.",
        "Takes I/O and client/server and 3.14 into account.",
        "",
    ],
)
def test_what_is_known_stays(sentence: str) -> None:
    assert change.checked(sentence, KNOWN) == (sentence, ())


@pytest.mark.parametrize(
    "sentence",
    [
        "Adds `FastWriter`.",
        "Adds write_row to it.",
        "Adds a method writeRow.",
        "Adds the class FastWriter.",
        "Calls frobnicate() at the end.",
        "Changes src/pkg/writer.py.",
        "Changes docs/reader.py.",
        "Changes writer.py.",
        "Changes reader.js too.",
        "Uses Reader::writes now.",
        "Uses reader.writes.all now.",
        "Uses `reader --slow` now.",
        "Adds write\u200b_row to it.",
        "Adds <b>write_row</b>.",
        "Adds [write_row](x).",
        "Adds write\\_row.",
        "Changes Makefile.",
        "Changes the Dockerfile.",
        "Adds class Writer.",
        "Adds the @writer decorator.",
        "Calls Writer#flush.",
        "Calls self.write_row.",
        "Adds `write_row(path: str)`.",
    ],
)
def test_what_is_unknown_is_dropped(sentence: str) -> None:
    assert change.checked(sentence, KNOWN) == ("", (sentence,))


def test_only_the_sentence_goes_and_the_lines_stay() -> None:
    items = "- `Reader` is faster.\n- `Writer2` is new.\n- `Reader` waits. `Nothing` does."
    text = f"It reads rows. It calls write_row().\n\n{items}"
    kept, dropped = change.checked(text, KNOWN)
    assert kept == "It reads rows.\n\n- `Reader` is faster.\n- `Reader` waits."
    assert dropped == ("It calls write_row().", "`Writer2` is new.", "`Nothing` does.")


def test_what_was_dropped_is_told_short() -> None:
    [dropped] = change.checked("Adds `Unknown` " + "and more " * 50, KNOWN)[1]
    assert len(dropped) <= 80
    assert dropped.startswith("Adds `Unknown` and more")


def test_large_texts_are_checked_in_linear_time() -> None:
    start = time.perf_counter()
    many = change.read([ChangedFile("a/" * 100_000 + "b.py", "added", 1, 0, patch="+a" * 500_000)], "")
    known = change.known(many, "word " * 200_000)
    for text in (
        "a/" * 200_000,
        "`a` " * 100_000,
        "a." * 200_000,
        "a_" * 200_000,
        " " * 400_000,
        "A" * 400_000,
        "aA" * 200_000,
        "<a " * 150_000,
        "`a(" * 150_000,
        "\\_" * 200_000,
        "class  " * 60_000,
        "self." * 80_000,
    ):
        change.checked(text, known)
    assert time.perf_counter() - start < 10


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_loses_only_sentences(text: str) -> None:
    kept, dropped = change.checked(text, KNOWN)
    assert len(kept) <= len(text)
    assert dropped or kept == text
    assert change.checked(kept, KNOWN) == (kept, ()) or dropped


@given(st.text(alphabet="abAB_./`() \n:-"))
def test_what_people_said_themselves_is_never_dropped(text: str) -> None:
    assert change.checked(text, change.known(Change(), text)) == (text, ())
