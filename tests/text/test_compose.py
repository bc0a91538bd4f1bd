"""Composing a document from a subject, its material and the inputs."""

import pytest
from markdown_it import MarkdownIt

from hubpipe.config import InputName
from hubpipe.event import ChangedFile, Comment, Commit, Material, Subject
from hubpipe.text import Document, Part, compose

PULL = Subject("pull_request", 7, "Decode  rows\n incrementally", "<!-- why? -->\n\nA chunk may **end** anywhere.")
FILES = (
    ChangedFile("src/app.py", "modified", 3, 1, patch="@@ -1 +1 @@\n-a\n+b\n", contents="b\n"),
    ChangedFile("docs/new.md", "renamed", 0, 0, previous_path="docs/old.md"),
    ChangedFile("notes.md", "added", 3, 0, patch="@@ -0,0 +1,3 @@\n+```\n+x\n+```", contents="```\nx\n```\n"),
)


def document(*inputs: InputName, subject: Subject = PULL, material: Material | None = None) -> Document:
    return compose(subject, material or Material(), inputs)


def commits(*messages: str) -> Material:
    return Material(commits=tuple(Commit(f"{index:040x}", message) for index, message in enumerate(messages)))


def test_the_parts_stand_in_the_order_of_the_inputs_with_the_title_first() -> None:
    parts = document("files", "body", "title", "body", material=Material(files=FILES[:1])).parts
    assert [part.name for part in parts] == ["title", "files", "body"]


def test_the_title_is_one_line_and_the_body_is_cleaned() -> None:
    read = document("title", "body")
    assert read.text == "Decode rows incrementally\n\nA chunk may **end** anywhere."


def test_what_yields_nothing_is_no_part() -> None:
    empty = Subject("issue", 1, " ", "<!-- template -->\n- [ ] box")
    every: tuple[InputName, ...] = ("title", "body", "comments", "commits", "files", "patch", "contents")
    assert document(*every, subject=empty) == Document(())
    assert Document(()).text == ""


def test_each_comment_is_a_part_that_names_its_author() -> None:
    comments = (Comment(1, "mona", "Same *here*."), Comment(2, None, "- [ ] box"), Comment(3, None, "On 1.2."))
    assert document("comments", material=Material(comments=comments)).parts == (
        Part("comment by mona", "Same *here*."),
        Part("comment by ghost", "On 1.2."),
    )


def test_the_comment_of_the_event_is_read_once_and_only_with_the_comments() -> None:
    old, new = Comment(1, "mona", "Old."), Comment(2, "hubot", "New.")
    read = [compose(PULL, Material(comments=known), ["comments"], new).text for known in ((old,), (old, new))]
    assert read == ["Old.\n\nNew."] * 2
    assert compose(PULL, Material(), ["title"], new).text == "Decode rows incrementally"


def test_commits_lose_their_trailers_and_merges_are_left_out() -> None:
    messages = (
        "Fix it\n\nBecause.\n\nFixes: #12\nSigned-off-by: Mona <m@x.org>\nCo-authored-by: Hubot <h@x.org>\n",
        "Merge branch 'main' into fix",
        "Merge pull request #3 from mona/fix",
        "Merge sorted runs in place",
        "Pick it\n\n(cherry picked from commit 1234)",
    )
    said = "Fix it\n\nBecause.\n\nFixes: #12\n\nMerge sorted runs in place\n\nPick it"
    assert document("commits", material=commits(*messages)).parts == (Part("commits", said),)


@pytest.mark.parametrize("message", ["Reviewed-by: a new command", "Add\n\nDone by: hand", "Add\n\nA line.\nby-by: "])
def test_a_line_that_only_looks_like_a_trailer_stays(message: str) -> None:
    assert document("commits", material=commits(message)).text == message.strip()


def test_windows_line_ends_hide_no_trailer() -> None:
    assert document("commits", material=commits("Add\r\n\r\nSigned-off-by: Mona <m@x.org>\r\n")).text == "Add"


def test_a_push_brings_its_own_commits() -> None:
    push = Subject("push", None, "Add", "", commits=(Commit("a" * 40, "Add\n\nMore."),))
    assert document("commits", subject=push).text == "Add\n\nMore."


def test_files_are_one_line_each() -> None:
    assert document("files", material=Material(files=FILES)).text.split("\n") == [
        "modified src/app.py (+3 -1)",
        "renamed docs/old.md to docs/new.md (+0 -0)",
        "added notes.md (+3 -0)",
    ]


def test_patches_and_contents_are_fenced_blocks_that_nothing_inside_closes() -> None:
    read = document("patch", "contents", material=Material(files=FILES))
    fences = [(token.info, token.content) for token in MarkdownIt().parse(read.text)]
    assert fences == [
        ("diff", "--- src/app.py\n+++ src/app.py\n@@ -1 +1 @@\n-a\n+b\n"),
        ("diff", "--- notes.md\n+++ notes.md\n@@ -0,0 +1,3 @@\n+```\n+x\n+```\n"),
        ("src/app.py", "b\n"),
        ("notes.md", "```\nx\n```\n"),
    ]


def test_no_input_lets_unreadable_characters_through() -> None:
    bad = "a\ud800\x00\u202eb"
    file = ChangedFile(f"{bad}\n```", "added", 1, 0, patch=f"+{bad}", contents=bad)
    material = Material((Comment(1, bad, bad),), (Commit("a" * 40, bad),), (file,))
    read = compose(
        Subject("issue", 1, bad, bad),
        material,
        ["title", "body", "comments", "commits", "files", "patch", "contents"],
    )
    names = ["title", "body", "comment by ab", "commits", "files", "patch", "contents"]
    assert [part.name for part in read.parts] == names
    assert read.text.encode()
    assert not {"\ud800", "\x00", "\u202e"} & set(read.text)
    assert read.text.count("ab") == 10
