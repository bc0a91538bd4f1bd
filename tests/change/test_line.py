"""What is said of a file without a model, and which file matters more."""

import pytest

from hubpipe import change
from hubpipe.change import Change, FileChange, Kind, Symbols
from hubpipe.event import ChangedFile

SUBMODULE = "@@ -1 +1 @@\n-Subproject commit abc1234ffffff\n+Subproject commit def5678ffffff\n"


def changed(
    path: str = "a.py",
    status: str = "modified",
    lines: tuple[int, int] = (12, 3),
    kind: Kind = "source",
    symbols: Symbols | None = None,
    previous_path: str | None = None,
) -> FileChange:
    return FileChange(ChangedFile(path, status, *lines, previous_path=previous_path), kind, (), symbols or Symbols())


@pytest.mark.parametrize(
    ("file", "line"),
    [
        (changed(), "+12 −3 lines"),
        (changed(lines=(0, 0)), "no line changed"),
        (changed(status="added", lines=(120, 0)), "new file, 120 lines"),
        (changed(status="added", lines=(1, 0)), "new file, 1 line"),
        (changed(status="added", lines=(0, 0)), "new empty file"),
        (changed(status="removed"), "deleted"),
        (changed(status="renamed", previous_path="old/b.py", lines=(0, 0)), "moved from `old/b.py`, no other change"),
        (changed(status="renamed", previous_path="old/b.py"), "renamed from `old/b.py`; +12 −3 lines"),
        (changed(status="copied", previous_path="b.py"), "copied from `b.py`; +12 −3 lines"),
        (changed(status="copied", previous_path="b.py", lines=(0, 0)), "copied from `b.py`"),
        (changed(kind="binary", status="copied", previous_path="b.png"), "copied from `b.png`"),
        (changed(kind="binary"), "binary file changed"),
        (changed(kind="binary", status="added"), "binary file added"),
        (changed(kind="binary", status="removed"), "binary file deleted"),
        (changed(kind="binary", status="renamed", previous_path="b.png"), "renamed from `b.png`"),
        (
            changed(symbols=Symbols(("Reader.close", "parse_row"), ("read",), ("old",))),
            "adds `Reader.close`, `parse_row`; changes `read`; removes `old`",
        ),
        (changed(status="added", symbols=Symbols(("A", "A.b"))), "new file, 12 lines; adds `A`"),
        (changed(symbols=Symbols(tuple("abcdefgh"))), "adds `a`, `b`, `c`, `d` and 4 more"),
        (changed(status="renamed", previous_path="a`\n@b\u202e", lines=(0, 0)), "moved from `a' @b`, no other change"),
    ],
)
def test_a_line_says_what_happens_to_a_file(file: FileChange, line: str) -> None:
    assert change.line(file) == line


@pytest.mark.parametrize(
    ("patch", "line"),
    [
        (SUBMODULE, "submodule moved from abc1234 to def5678"),
        ("@@ -0,0 +1 @@\n+Subproject commit def5678ffffff\n", "submodule added at def5678"),
        ("@@ -1 +0,0 @@\n-Subproject commit abc1234ffffff\n", "submodule removed, it was at abc1234"),
    ],
)
def test_a_submodule_says_where_it_moves(patch: str, line: str) -> None:
    file = change.read([ChangedFile("lib", "modified", 1, 1, patch=patch)], "").files[0]
    assert change.line(file) == line


def test_source_comes_before_tests_and_what_nobody_wrote_comes_last() -> None:
    kinds: tuple[Kind, ...] = ("generated", "tests", "configuration", "source")
    files = tuple(changed(kind, kind=kind) for kind in kinds)
    assert [file.path for file in change.ordered(Change(files))] == ["source", "configuration", "tests", "generated"]


def test_more_lines_and_new_symbols_weigh_more_with_diminishing_returns() -> None:
    small, large, huge = (change.weight(changed(lines=(count, 0))) for count in (10, 100, 1000))
    assert small < large < huge < 10 * large
    assert change.weight(changed(symbols=Symbols(("a",)))) > change.weight(changed())
    assert change.weight(changed(status="added")) > change.weight(changed())


def test_equal_files_stay_in_githubs_order() -> None:
    files = tuple(changed(name) for name in ("b", "a", "c"))
    assert change.ordered(Change(files)) == files


def test_the_size_counts_what_people_wrote() -> None:
    kinds: tuple[Kind, ...] = ("source", "tests", "generated", "vendored", "dependencies", "binary", "submodule")
    assert change.changed_lines(Change(tuple(changed(kind, kind=kind) for kind in kinds))) == 30


@pytest.mark.parametrize("status", ["modified", "changed"])
def test_another_mode_is_no_binary_change(status: str) -> None:
    [script, image] = change.read([ChangedFile("run.sh", status, 0, 0), ChangedFile("a.png", status, 0, 0)]).files
    assert change.line(script) == "no line changed"
    assert change.line(image) == "binary file changed"
