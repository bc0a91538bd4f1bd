"""Reading changed files: hunks, kinds by Git, attributes and names; whatever GitHub may send."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubpipe import change
from hubpipe.change import FileChange
from hubpipe.event import ChangedFile

EDIT = "@@ -1 +1 @@\n-a\n+b\n"


def read(
    path: str, patch: str | None = EDIT, attributes: str = "", status: str = "modified", lines: int = 1
) -> FileChange:
    return change.read([ChangedFile(path, status, lines, 0, patch=patch)], attributes).files[0]


def test_a_hunk_has_its_lines_with_their_numbers_and_its_section() -> None:
    patch = "@@ -3,4 +3,5 @@ class A:\n a\n-b\n+c\n+d\n e\n f\n@@ -20 +21,0 @@\n-gone\n\\ No newline at end of file"
    first, second = read("a.py", patch).hunks
    assert (first.start, first.end, first.section) == (3, 7, "class A:")
    assert first.added == ((4, "c"), (5, "d"))
    assert first.removed == ("b",)
    assert first.text.split("\n")[1:] == [" a", "-b", "+c", "+d", " e", " f"]
    assert (second.start, second.end, second.removed) == (21, 20, ("gone",))


def test_only_newlines_end_a_line() -> None:
    [hunk] = read("a.py", "@@ -1,2 +1,2 @@\r\n-x\x0cy\u2028z\r\n+x\0\x85\ud800\r\n same\r\n").hunks
    assert hunk.removed == ("x\x0cy\u2028z",)
    assert hunk.added == ((1, "x\0\x85\ud800"),)


@pytest.mark.parametrize(
    ("patch", "count"),
    [
        (None, 0),
        ("", 0),
        ("nothing of a patch", 0),
        (EDIT + "@@ -9,5 +9,6 @@\n cut\n+off", 1),
        ("@@ -1 +1,7 @@\n+short\n" + EDIT, 1),
        ("@@ -" + "9" * 5000 + " +1 @@\n+a\n" + EDIT, 1),
        (EDIT + "diff --git a/x b/x\n--- a/x\n+++ b/x\n" + EDIT, 1),
        ("@@ -1,2 +0,0 @@\n--- like a header\n-++ like another\n", 1),
    ],
)
def test_the_hunks_that_are_whole_are_read(patch: str | None, count: int) -> None:
    assert len(read("a.py", patch).hunks) == count


def test_a_patch_of_five_megabytes_is_read_in_a_moment() -> None:
    lines = ["+value = 1  # of many more"] * 190_000
    start = time.perf_counter()
    file = read("a.py", f"@@ -0,0 +1,{len(lines)} @@\n" + "\n".join(lines))
    assert len(file.hunks[0].added) == len(lines)
    assert not file.symbols.added
    assert read("a.txt", "@@ -0,0 +1 @@\n+" + "x" * 5_000_000).hunks[0].end == 1
    assert read("a.txt", EDIT + "diff --git " + "://" * 1_000_000).hunks[0].end == 1
    assert time.perf_counter() - start < 8


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("src/app.py", "source"),
        ("src/contest.py", "source"),
        ("vendored.py", "source"),
        ("tests/app.py", "tests"),
        ("src/app.spec.ts", "tests"),
        ("pkg/app_test.go", "tests"),
        ("src/__tests__/App.jsx", "tests"),
        ("src/ReaderTest.java", "tests"),
        ("src/Reader2Tests.cs", "tests"),
        ("src/Contest.php", "source"),
        ("src/latest.java", "source"),
        ("src/Latest.java", "source"),
        ("maps/world.map", "source"),
        ("static/app.js.map", "generated"),
        ("test_plan.md", "documentation"),
        ("tests/README.md", "tests"),
        ("env/Manifest.toml", "dependencies"),
        ("src/manifest.toml", "configuration"),
        ("docs/conf.py", "documentation"),
        ("README.md", "documentation"),
        ("LICENSE", "documentation"),
        (".github/workflows/test.yml", "configuration"),
        ("pyproject.toml", "configuration"),
        ("Dockerfile", "configuration"),
        ("web/package.json", "configuration"),
        ("web/package-lock.json", "dependencies"),
        ("Cargo.lock", "dependencies"),
        ("go.sum", "dependencies"),
        ("vendor/lib/a.go", "vendored"),
        ("web/node_modules/x/index.js", "vendored"),
        ("static/app.min.js", "generated"),
        ("api/user_pb2.py", "generated"),
        ("ui/__snapshots__/App.tsx.snap", "generated"),
    ],
)
def test_a_name_tells_the_kind(path: str, kind: str) -> None:
    assert read(path).kind == kind


@pytest.mark.parametrize(
    ("attributes", "path", "kind"),
    [
        ("*.go linguist-generated", "a/b.go", "generated"),
        ("*.go linguist-generated=true\n*.go -linguist-generated", "a/b.go", "source"),
        ("*.min.js linguist-generated=false", "app.min.js", "source"),
        ("Cargo.lock linguist-generated=false", "Cargo.lock", "source"),
        ("Cargo.lock linguist-generated", "Cargo.lock", "dependencies"),
        ("vendor/** -linguist-vendored", "vendor/a.go", "source"),
        ("ext/** linguist-vendored", "ext/deep/a.c", "vendored"),
        ("docs/** linguist-documentation=false", "docs/app.py", "source"),
        ("book/** linguist-documentation", "book/a.py", "documentation"),
        ("*.dat binary", "a.dat", "binary"),
        ("*.sql -diff", "a.sql", "generated"),
        ("*.sql -diff\n*.sql !diff", "a.sql", "source"),
        ("# *.py linguist-generated", "a.py", "source"),
        ("!*.py linguist-generated\n[bad linguist-generated\n\\ linguist-generated", "a.py", "source"),
        ('"my file.py" linguist-generated', "my file.py", "generated"),
        ("lib linguist-vendored", "lib/a.py", "source"),
        ("*a*a*a*a*a*.py linguist-generated", "a" * 400 + ".py", "generated"),
    ],
)
def test_the_repositorys_word_goes_before_a_name(attributes: str, path: str, kind: str) -> None:
    assert read(path, attributes=attributes).kind == kind


def test_a_generators_note_counts_at_the_top_of_a_file_only() -> None:
    note = "// Code generated by protoc. DO NOT EDIT."
    assert read("a.go", f"@@ -0,0 +1,2 @@\n+{note}\n+package a\n").kind == "generated"
    assert read("a.go", f"@@ -90,0 +91,1 @@\n+{note}\n").kind == "source"


@pytest.mark.parametrize(
    ("path", "note", "kind"),
    [
        ("a.go", "// Do not edit the rows by hand", "source"),
        ("README", "Please do not edit this page", "documentation"),
        ("a.md", "<!-- @generated, do not edit -->", "documentation"),
        ("a.py", "x = 'Code generated by hand'", "source"),
        ("a.py", "# This file is generated by make. DO NOT EDIT!", "generated"),
        ("a.rs", "// @generated", "generated"),
        ("a.txt", "# This file is autogenerated by a tool", "generated"),
    ],
)
def test_only_a_generator_says_that_it_generated(path: str, note: str, kind: str) -> None:
    assert read(path, f"@@ -1,2 +1,2 @@\n {note}\n-a\n+b\n").kind == kind


def test_what_git_gives_no_text_of_is_binary_and_an_empty_file_is_not() -> None:
    assert read("data.bin2", None, status="added", lines=0).kind == "binary"
    assert read("logo.png", None, status="renamed", lines=0).kind == "binary"
    assert read("moved.py", None, status="renamed", lines=0).kind == "source"
    assert read("large.py", None, lines=30_000).kind == "source"
    empty = ChangedFile("py.typed", "added", 0, 0, sha="e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
    assert change.read([empty], "").files[0].kind == "source"


def test_a_submodule_is_told_by_its_only_line() -> None:
    assert read("lib", "@@ -1 +1 @@\n-Subproject commit aaaaaaa\n+Subproject commit bbbbbbb\n").kind == "submodule"
    assert read("a.md", "@@ -1 +1 @@\n-Subproject commit aaaaaaa\n+Another line\n").kind == "documentation"


anything = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)
patches = st.one_of(
    st.none(),
    anything,
    st.lists(st.tuples(st.sampled_from(" +-\\"), anything), max_size=12).map(
        lambda lines: (
            f"@@ -1,{sum(sign in ' -' for sign, _ in lines)} +1,{sum(sign in ' +' for sign, _ in lines)} @@ def a(b):\n"
            + "\n".join(sign + text for sign, text in lines)
        )
    ),
)
ends = st.sampled_from(
    ["", ".py", ".js", ".ts", ".tsx", ".go", ".rs", ".java", ".c", ".cpp", ".cs", ".rb", ".php", ".md"]
)
files = st.builds(
    ChangedFile,
    path=st.builds("{}{}".format, anything, ends),
    status=st.sampled_from(["added", "removed", "modified", "renamed", "copied", "changed", "unchanged", "odd"]),
    additions=st.integers(0, 10**9),
    deletions=st.integers(0, 10**9),
    patch=patches,
    previous_path=st.none() | anything,
    sha=st.none() | anything,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(files, max_size=3), anything)
def test_whatever_github_sends_is_read_and_said_in_a_line(sent: list[ChangedFile], attributes: str) -> None:
    found = change.read(sent, attributes)
    assert [file.file for file in found.files] == sent
    assert [file.key for file in found.files] == [file.key for file in change.read(sent, "").files]
    for file in found.files:
        line = change.line(file)
        assert line
        assert len(line.splitlines()) == 1
        assert all(4 <= len(saying.split()) <= 40 for saying in change.sayings(file))
    assert set(change.ordered(found)) == set(found.files)
    assert change.changed_lines(found) <= sum(file.lines for file in found.files)
    assert change.known(found, attributes).words is not None


def test_what_is_not_looked_through_for_symbols_is_told() -> None:
    big = ChangedFile("src/big.py", "modified", 9_000, 0, "@@ -0,0 +1,9000 @@\n" + "+value = 'sixteen'\n" * 9_000)
    small = ChangedFile("src/small.py", "modified", 1, 0, "@@ -0,0 +1,1 @@\n+def f(): pass")
    assert change.read([small]).unread == ()
    assert change.read([big, small]).unread == ("symbols of src/big.py: too much, or no code that the parser knows",)


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ("[b-a] linguist-generated\n*.x linguist-generated", 1),
        ("[attr]made linguist-generated\n*.x made", 1),
        ("[b-a] binary\n[attr]made -diff", 2),
        ("*a*b*c*d diff\n[attr]made eol=lf\n# [attr]a diff\n*.x linguist-generated\nsrc/**/*.x diff", 0),
    ],
)
def test_rules_of_gitattributes_that_are_not_read_are_told(attributes: str, told: int) -> None:
    unread = change.read([], attributes).unread
    lines = "line" if told == 1 else "lines"
    said = f"{told} {lines} of .gitattributes: own macros, or patterns that are none"
    assert unread == ((said,) if told else ())


@pytest.mark.threat("attack", "input")
def test_a_pattern_of_many_stars_meets_a_deep_path_and_both_are_read() -> None:
    deep, stars = "a/" * 2_000, "/".join(["**/a"] * 60)
    patch = "@@ -0,0 +1,1 @@\n+x = 1"
    files = [ChangedFile(f"{deep}{name}.py", "modified", 1, 0, patch) for name in ("b", "c")]
    found = change.read(files, f"{stars}/b.py linguist-generated\n{'*a' * 200}*c linguist-generated\n")
    assert [file.kind == "generated" for file in found.files] == [True, False]
    assert found.unread == ()
