"""The path filters of GitHub's workflows: its own cheat sheet, faults in words, and hostile patterns."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubpipe.config import globs

# https://docs.github.com/en/actions/reference/workflow-syntax-for-github-actions#filter-pattern-cheat-sheet
CHEAT_SHEET = {
    "feature/*": ["feature/my-branch", "feature/your-branch"],
    "feature/**": ["feature/beta-a/my-branch", "feature/your-branch", "feature/mona/the/octocat"],
    "main": ["main"],
    "releases/mona-the-octocat": ["releases/mona-the-octocat"],
    "*": ["main", "releases", "README.md", "server.rb"],
    "**": ["all/the/branches", "every/tag", "all/the/files.md"],
    "*feature": ["mona-feature", "feature", "ver-10-feature"],
    "v2*": ["v2", "v2.0", "v2.9"],
    "v[12].[0-9]+.[0-9]+": ["v1.10.1", "v2.0.0"],
    "*.jsx?": ["page.js", "page.jsx"],
    "*.js": ["app.js", "index.js"],
    "**.js": ["index.js", "js/index.js", "src/js/app.js"],
    "docs/*": ["docs/README.md", "docs/file.txt"],
    "docs/**": ["docs/README.md", "docs/mona/octocat.txt"],
    "docs/**/*.md": ["docs/README.md", "docs/mona/hello-world.md", "docs/a/markdown/file.md"],
    "**/docs/**": ["docs/hello.md", "dir/docs/my-file.txt", "space/docs/plan/space.doc"],
    "**/README.md": ["README.md", "js/README.md"],
    "**/*src/**": ["a/src/app.js", "my-src/code/js/app.js"],
    "**/*-post.md": ["my-post.md", "path/their-post.md"],
    "**/migrate-*.sql": ["migrate-10909.sql", "db/migrate-v1.0.sql", "db/sept/migrate-v1.sql"],
    "Octo*": ["Octocat"],
    "[CB]at": ["Cat", "Bat"],
    "[1-2]00": ["100", "200"],
}
NOT_MATCHED = {
    "feature/*": ["feature/a/b", "feature", "a/feature/b"],
    "*": ["a/b"],
    "*.jsx?": ["page.jsxx", "page.j", "a/page.js"],
    "*.js": ["js/app.js", "app.jsx"],
    "docs/*": ["docs/a/b.md", "docs"],
    "docs/**/*.md": ["docs.md", "docsx/a.md", "docs/a.mdx"],
    "**/docs/**": ["mydocs/a.md", "docs"],
    "**/README.md": ["MYREADME.md", "readme.md"],
    "v[12].[0-9]+.[0-9]+": ["v3.0.0", "v1.10", "v1.a.1"],
    "[CB]at": ["at", "CBat", "cat"],
    "": ["a"],
}


@pytest.mark.parametrize(
    ("pattern", "path"), [(pattern, path) for pattern in CHEAT_SHEET for path in CHEAT_SHEET[pattern]]
)
def test_every_example_of_the_cheat_sheet_is_chosen(pattern: str, path: str) -> None:
    assert globs.chosen(path, [pattern])
    assert globs.ignored(path, [pattern])
    assert globs.problem(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "path"), [(pattern, path) for pattern in NOT_MATCHED for path in NOT_MATCHED[pattern]]
)
def test_a_pattern_matches_the_whole_path_and_no_more(pattern: str, path: str) -> None:
    assert not globs.chosen(path, [pattern])


def test_a_later_pattern_wins_over_an_earlier_one() -> None:
    assert not globs.chosen("README.md", ["*.md", "!README.md"])
    assert not globs.chosen("docs/hello.md", ["*.md", "!README.md"])
    assert globs.chosen("hello.md", ["*.md", "!README.md"])
    paths = ("hello.md", "README.md", "README.doc")
    assert [globs.chosen(path, ["*.md", "!README.md", "README*"]) for path in paths] == [True, True, True]


def test_negative_patterns_alone_choose_nothing() -> None:
    assert not globs.chosen("src/app.py", ["!docs/**"])
    assert not globs.chosen("src/app.py", [])


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("", globs.EMPTY),
        ("  ", globs.EMPTY),
        ("!", globs.ONLY_NOT),
        ("!!a", globs.ONLY_NEGATIVE),
        ("src\\app", globs.BACKSLASH),
        ("/src/**", globs.NEVER_ROOT),
        ("!./src/**", globs.NEVER_HERE),
        ("a[bc", globs.UNCLOSED),
        ("a[]", globs.EMPTY_CLASS),
        ("v[9-1]", globs.BAD_RANGE.format(range="9-1")),
        ("?a", globs.NOTHING_BEFORE.format(sign="?")),
        ("a**+", globs.NOTHING_BEFORE.format(sign="+")),
    ],
)
def test_a_pattern_that_cannot_be_meant_so_is_told_in_words(pattern: str, fault: str) -> None:
    assert globs.problem(pattern) == fault


@pytest.mark.parametrize("pattern", ["**/" * 200 + "b", "a+" * 200 + "b", "a?" * 200 + "b", "*a" * 200 + "b"])
def test_no_pattern_takes_long(pattern: str) -> None:
    start = time.perf_counter()
    assert not globs.chosen("a" * 4096, [pattern])
    assert not globs.chosen("a/" * 2048, [pattern])
    assert time.perf_counter() - start < 2


def test_three_thousand_paths_meet_twenty_patterns_in_a_moment() -> None:
    patterns = [f"**/folder{index}/**/*.py" for index in range(20)]
    start = time.perf_counter()
    found = sum(globs.chosen(f"src/folder{index % 30}/deep/er/module{index}.py", patterns) for index in range(3000))
    assert found == 2000
    assert time.perf_counter() - start < 5


@given(st.text(), st.text())
def test_any_text_is_a_pattern_that_answers(path: str, pattern: str) -> None:
    assert globs.chosen(path, [pattern]) in {True, False}
    assert globs.problem(pattern) is None or isinstance(globs.problem(pattern), str)


@given(st.text(alphabet="abc/._-9"))
def test_a_path_without_signs_matches_itself_and_everything_does(path: str) -> None:
    assert globs.chosen(path, [path])
    assert globs.chosen(path, ["**"])
    assert not globs.chosen(path, ["**", f"!{path}"])
