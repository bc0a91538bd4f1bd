"""What the added lines of a file say themselves."""

import pytest

from hubpipe import change
from hubpipe.event import ChangedFile


def sayings(path: str, *lines: str) -> tuple[str, ...]:
    patch = f"@@ -0,0 +1,{len(lines)} @@\n" + "\n".join(f"+{line}" for line in lines)
    return change.sayings(change.read([ChangedFile(path, "added", len(lines), 0, patch=patch)], "").files[0])


@pytest.mark.parametrize(
    ("path", "lines", "said"),
    [
        ("a.py", ('"""Read rows of a large file."""', "x = 1"), ("Read rows of a large file.",)),
        (
            "a.py",
            ("def a():", '    """', "    Give the rows one by one.", "", "    It holds no more.", '    """'),
            ("Give the rows one by one.", "It holds no more."),
        ),
        ("a.py", ("x = 1  # as many as there is room for",), ("as many as there is room for",)),
        ("a.js", ("/**", " * Adds an item to the cart.", " * @param item", " */", "x();"),
         ("Adds an item to the cart.",)),
        ("a.go", ("// Close closes the reader,", "// and frees what it holds.", "func a() {}"),
         ("Close closes the reader, and frees what it holds.",)),
        ("a.rs", ("/// Gives the number of rows.", "fn a() {}"), ("Gives the number of rows.",)),
        ("a.rb", ("# Reads all of the rows.", "x"), ("Reads all of the rows.",)),
        ("a.sh", ("# Build all of the images", "make"), ("Build all of the images",)),
        ("a.md", ("# How to read it", "Rows come one by one. None is lost on the way."),
         ("Rows come one by one.", "None is lost on the way.")),
        ("a.md", ("# How to read it", "", "## Where all rows go"), ("How to read it", "Where all rows go")),
        ("a.md", ("Rows come one by one.", "# How to read it"), ("Rows come one by one.",)),
        ("a.md", ("```", "This is code, not what is said.", "```"), ()),
    ],
)  # fmt: skip
def test_comments_docstrings_and_prose_are_cleaned_sentences(
    path: str, lines: tuple[str, ...], said: tuple[str, ...]
) -> None:
    assert sayings(path, *lines) == said


@pytest.mark.parametrize(
    "line",
    [
        "# Copyright 2026 the authors of this file. All rights are theirs.",
        "# SPDX-License-Identifier: Apache-2.0 or what you will",
        "# TODO: do this in another way",
        "x = 1  # noqa: E501 because it is long",
        "# type: ignore what comes after this",
        "# x = read(the, rows) of all",
        "# return the_rows(of, it);",
        "# too short here",
        "# ---- ---- ---- ---- ----",
        "# " + "long " * 41,
        'x = "this is a string and no remark"',
    ],
)
def test_what_is_no_remark_about_the_change_is_left_out(line: str) -> None:
    assert sayings("a.py", line, "y = 2") == ()


def test_only_added_lines_say_something() -> None:
    lines = (" # This stood here before, too.", "-# This one is gone from here.", "+# This one is here from now on.")
    patch = "\n".join(("@@ -1,2 +1,2 @@", *lines))
    file = change.read([ChangedFile("a.py", "modified", 1, 1, patch=patch)], "").files[0]
    assert change.sayings(file) == ("This one is here from now on.",)


def test_at_most_twenty_are_given_and_each_once() -> None:
    assert (
        len(sayings("a.py", *(line for i in range(50) for line in (f"# Remark number {i} about it.", "x = 1")))) == 20
    )
    assert sayings("a.md", "This is said twice.", "", "This is said twice.") == ("This is said twice.",)
