"""Turn a subject, its material and the names of inputs into a Document."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from hubpipe.config import InputName
from hubpipe.event import ChangedFile, Comment, Commit, Material, Subject
from hubpipe.text.markdown import clean, fenced
from hubpipe.text.noise import plain

# GitHub's own name for the author of what a deleted user wrote.
DELETED_USER = "ghost"
MERGES = (
    "Merge branch ",
    "Merge branches ",
    "Merge commit ",
    "Merge pull request ",
    "Merge remote-tracking ",
    "Merge tag ",
)
CHERRY_PICK = "(cherry picked from commit "
# Trailers that name people and copies; any other (`Fixes: #12`, `BREAKING-CHANGE: ...`) tells of the change.
TRAILER_SUFFIX = "-by"
TRAILERS = frozenset({"cc", "change-id"})


@dataclass(frozen=True)
class Part:
    """One input's text: `name` is the input's name, or "comment by octocat"."""

    name: str
    text: str


@dataclass(frozen=True)
class Document:
    """What a model is to read: the parts in the order of the inputs, the title first; none is empty."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The parts, a blank line between them."""
        return "\n\n".join(part.text for part in self.parts)


@dataclass(frozen=True)
class Source:
    """All that a part can be written from."""

    subject: Subject
    material: Material
    comment: Comment | None


def of_issue(title: str, body: str) -> Document:
    """Give what a run reads of an issue of which no more is known than its title and body."""
    return compose(Subject("issue", None, title, body), Material(), ("title", "body"))


def compose(
    subject: Subject, material: Material, inputs: Sequence[InputName], comment: Comment | None = None
) -> Document:
    """Write one part for each input that has something to say.

    `comment` is the one that the event brought: it is read with the input `comments`, also where the
    material does not hold it (yet).
    """
    source = Source(subject, material, comment)
    names = sorted(dict.fromkeys(inputs), key=lambda name: name != "title")
    parts = (Part(part.name, part.text.strip()) for name in names for part in READERS[name](source))
    return Document(tuple(part for part in parts if part.text))


def _title(source: Source) -> Iterator[Part]:
    yield Part("title", _one_line(source.subject.title))


def _body(source: Source) -> Iterator[Part]:
    yield Part("body", clean(source.subject.body))


def _comments(source: Source) -> Iterator[Part]:
    comments = {comment.id: comment for comment in source.material.comments}
    if source.comment is not None:
        comments.setdefault(source.comment.id, source.comment)
    for comment in comments.values():
        yield Part(_one_line(f"comment by {comment.author or DELETED_USER}"), clean(comment.body))


def _commits(source: Source) -> Iterator[Part]:
    commits = source.material.commits or source.subject.commits
    yield Part("commits", _paragraphs(_message(commit) for commit in commits))


def _message(commit: Commit) -> str:
    """Give a commit's message without its trailers; nothing for a merge, which repeats other commits."""
    message = plain(commit.message).strip()
    if message.startswith(MERGES):
        return ""
    *before, last = message.split("\n\n")
    if not before:
        return message
    said = "\n".join(line for line in last.split("\n") if not _is_trailer(line))
    return _paragraphs([*before, said])


def _is_trailer(line: str) -> bool:
    name, colon, value = line.partition(": ")
    token = name.lower()
    return line.startswith(CHERRY_PICK) or (
        bool(colon and value) and " " not in token and (token.endswith(TRAILER_SUFFIX) or token in TRAILERS)
    )


def _linked(source: Source) -> Iterator[Part]:
    yield Part("linked", _paragraphs(_one_line(issue.title) for issue in source.material.linked))


def _pulls(source: Source) -> Iterator[Part]:
    yield Part("pulls", "\n".join(_one_line(pull.title) for pull in source.material.pulls))


def _path(source: Source) -> Iterator[Part]:
    yield Part("path", "\n".join(_one_line(file.path) for file in source.material.files))


def _files(source: Source) -> Iterator[Part]:
    yield Part("files", "\n".join(map(_change, source.material.files)))


def _change(file: ChangedFile) -> str:
    path = file.path if file.previous_path is None else f"{file.previous_path} to {file.path}"
    return _one_line(f"{file.status} {path} (+{file.additions} -{file.deletions})")


def _patch(source: Source) -> Iterator[Part]:
    yield Part("patch", _paragraphs(_diff(file, file.patch) for file in source.material.files if file.patch))


def _diff(file: ChangedFile, patch: str) -> str:
    """Write a patch as `git diff` does: GitHub's own begins only after the names."""
    names = f"--- {_one_line(file.previous_path or file.path)}\n+++ {_one_line(file.path)}"
    return fenced(f"{names}\n{plain(patch)}", "diff")


def _contents(source: Source) -> Iterator[Part]:
    files = (file for file in source.material.files if file.contents)
    yield Part("contents", _paragraphs(fenced(plain(file.contents or ""), _info(file.path)) for file in files))


def _info(path: str) -> str:
    """Make a path the info string of a fence, which may hold no backtick."""
    return _one_line(path).replace("`", "'")


def _one_line(text: str) -> str:
    return " ".join(plain(text).split())


def _paragraphs(texts: Iterable[str]) -> str:
    return "\n\n".join(filter(None, texts))


def _nothing(source: Source) -> Iterator[Part]:
    """Write nothing for what is no text: images and sounds go to the models that read them."""
    return iter(())


Reader: TypeAlias = Callable[[Source], Iterator[Part]]
READERS: dict[InputName, Reader] = {
    "title": _title,
    "body": _body,
    "comments": _comments,
    "commits": _commits,
    "linked": _linked,
    "pulls": _pulls,
    "path": _path,
    "files": _files,
    "patch": _patch,
    "contents": _contents,
    "images": _nothing,
    "audio": _nothing,
}
