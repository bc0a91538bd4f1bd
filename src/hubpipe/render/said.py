"""Turn what was found into whether it is worth a comment: what people wrote beside it need not be said again."""

import re
from collections.abc import Iterable

from hubpipe import change as changes
from hubpipe.change import FileChange
from hubpipe.decide import CommentEffect, Findings, Plan
from hubpipe.digest import Digest
from hubpipe.event import Subject
from hubpipe.render.description import without
from hubpipe.text import clean

# Characters. So short a description, right above the comment, is read as quickly as any summary of it.
SHORT = 500

_WORD = re.compile(r"\w+")


def says_something(plan: Plan, findings: Findings, subject: Subject) -> bool:
    """Tell whether a comment on a change would say more than the title and the list of files do already.

    Nor does it by repeating a short description, or any description that it is to be a part of.
    """
    digest, there = findings.digest, in_description(plan)
    if plan.chosen or findings.spans or findings.boxes or findings.similar or (digest is None and not there):
        return bool(plan.chosen) or findings.says_something
    by_hand = [file for file in digest.files.files if file.by_hand] if digest is not None else []
    if len(by_hand) > 1 or any(_tells(file, digest) for file in by_hand if digest is not None):
        return True
    lines = findings.text.text.splitlines() if findings.text is not None else []
    above = described(subject)
    return bool(unsaid(lines, subject.title, above if there or len(above) <= SHORT else ""))


def in_description(plan: Plan) -> bool:
    """Tell whether a plan's comment is to be a part of the pull request's description."""
    return any(isinstance(effect, CommentEffect) and effect.mode == "description" for effect in plan.effects)


def described(subject: Subject) -> str:
    """Give what people wrote into a description, as a model reads it."""
    return clean(without(subject.body))


def unsaid(lines: Iterable[str], *texts: str) -> list[str]:
    """Leave out the lines that are empty, or stand in one of the texts word for word."""
    there = [_words(text) for text in texts]
    return [line for line in lines if line.strip() and not any(_stands(_words(line), text) for text in there)]


def is_same(one: str, other: str) -> bool:
    """Tell whether two texts differ in case, signs and space at most."""
    return _letters(one) == _letters(other)


def _stands(words: str, text: str) -> bool:
    return bool(words.strip()) and words in text


def _words(text: str) -> str:
    return f" {' '.join(_WORD.findall(text.casefold()))} "


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _tells(file: FileChange, digest: Digest) -> bool:
    """Tell whether more is known of a file than its counts."""
    touched = file.symbols.added or file.symbols.changed or file.symbols.removed
    by_rule = changes.line(file)
    return bool(touched) or digest.lines.get(file.path, by_rule) != by_rule
