"""Turn any bytes into a try at each reader and writer of strangers' text: an exception that escapes is a find."""

import json
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from hubpipe import change, config
from hubpipe.change.memory import recalled
from hubpipe.errors import ConfigError, EventError, ModelError
from hubpipe.event import SUBJECTS, ChangedFile, Comment, Subject, command_in, parse, without_command
from hubpipe.github.diffs import patches_of
from hubpipe.models import answers, chat, safe_pickle
from hubpipe.models.base import Score, Why
from hubpipe.models.learned import archive
from hubpipe.models.learned.folder import ARCHIVE
from hubpipe.render import Answer, AnswerPart, held, marker, spliced, taken_off, without
from hubpipe.render import answer as answer_of
from hubpipe.render.neutral import at_start, code, code_in_cell, in_cell, line_of, neutralise
from hubpipe.render.pages import COMMENT_LIMIT, filled, size
from hubpipe.report.inert import inert
from hubpipe.text import clean, visible
from tests.judge import acts

Target = Callable[[bytes], None]

TABLE = ("table", "thead", "tbody", "tr", "th", "td")
LIST = ("ul", "ol", "li")
# Each is a maintainer's own Markdown; what it does without values is its own affair.
TEMPLATES = (
    "{{ a }}{{ b }}{{ c }}",
    "{{ a }} {{ b | code }}{{ c | code }}\n{{ c }}",
    "- {{ a }}\n- {{ b | code }}\n\n{{ c }}",
    "| {{ a }} | {{ b | code }} |\n| --- | --- |\n| {{ c }} | {{ a | code }} |",
    "<details><summary>{{ a }}</summary>\n\n{{ b }}\n</details>\n{{ c }}",
    '<a title="{{ a }}" name={{ b }}>x</a> <p align="{{ c }}">',
    "[x]({{ a }}) [{{ b }}](x) ![{{ c }}](x '{{ a }}')",
    "<!-- {{ a }} {{ b }} --> {{ c }}",
    "{{ [a, b, c] | join(' ') }} {{ a ~ b }} {{ (c | code) ~ a }} {{ a | upper }} {{ b | replace('x', '@') }}",
    "{% for x in [a, b, c] %}{{ x }}{% if x %}{{ x | truncate(9) }}{% endif %}\n{% endfor %}",
)
OWN = ("details", "summary", "a", "img", "h1", "h2", "hr", "blockquote", "pre", "<!--", *TABLE, *LIST)
SUBJECT = Subject("issue", 1, "Title", "Body")
LABELS = {"bug": "", "question": "How?"}
SUFFIXES = (".py", ".ts", ".go", ".rb", ".c", ".md", ".yml", "")
MOST = 20_000  # characters: what is longer is cut before


def text_of(data: bytes) -> str:
    """Read bytes as text, half characters included, or as characters of two bytes each."""
    if data[:1] == b"\0":
        return data[1:].decode("utf-16-le", "surrogatepass") if len(data) % 2 else data.decode("latin-1")
    return data.decode("utf-8", "surrogateescape")


def parts_of(data: bytes, count: int) -> list[str]:
    """Part bytes at 0xFF, which no UTF-8 holds, into texts."""
    found = [text_of(part) for part in data.split(b"\xff")[:count]]
    return found + [""] * (count - len(found))


def in_prose(data: bytes) -> None:
    """A line of prose, a paragraph's beginning, an item of a list."""
    text = text_of(data)
    for written in (neutralise(text), at_start(text)):
        _hold(written)
    _hold("- " + neutralise(text), LIST)
    _hold("before\n" + at_start(text) + "\nafter")


def in_tables(data: bytes) -> None:
    """A cell beside another."""
    one, other = parts_of(data, 2)
    _hold(f"| a | b |\n| --- | --- |\n| {in_cell(one)} | {code_in_cell(other)} |\n| {in_cell(other)} | x |", TABLE)


def in_code(data: bytes) -> None:
    """A code span, also between words."""
    text = text_of(data)
    _hold(code(text))
    _hold(f"before {code(text)} and {code(text)}, after")
    _hold(code_in_cell(text))


def in_templates(data: bytes) -> None:
    """Values of a maintainer's template."""
    template = TEMPLATES[data[0] % len(TEMPLATES) if data else 0]
    values = dict(zip("abc", parts_of(data[1:], 3), strict=True))
    written = filled(template, values, "fuzz")
    _hold(written, OWN)


def in_logs(data: bytes) -> None:
    """Lines of a log."""
    written = inert(text_of(data))
    assert not any(line.strip().startswith("::") or "##[" in line for line in written.splitlines()), written
    assert inert(written) == written


def cleaned(data: bytes) -> None:
    """Markdown that a model is to read."""
    text = clean(text_of(data))
    assert visible(text) == text
    text.encode()


def seen(data: bytes) -> None:
    """Characters that nobody sees."""
    text = visible(text_of(data))
    assert visible(text) == text
    assert line_of(line_of(text, 40), 40) == line_of(text, 40)


def payloads(data: bytes) -> None:
    """A webhook's payload."""
    kind = sorted(SUBJECTS)[data[0] % len(SUBJECTS)] if data else "issues"
    try:
        payload: Any = json.loads(text_of(data[1:]))
    except (ValueError, RecursionError):
        return
    for found in (payload, {"repository": {"full_name": "o/r"}, "issue": payload, "pull_request": payload}):
        try:
            parse(kind, found, "o/r")
        except EventError:
            continue


def configurations(data: bytes) -> None:
    """A configuration file."""
    text = text_of(data)
    for source in (text, f"version: 1\nflows:\n  x:\n    on: issues\n{text}"):
        try:
            config.parse(source)
        except ConfigError:
            continue


def archives(data: bytes) -> None:
    """The past issues beside a learned model."""
    vectors, _, listed = data.partition(b"\xff\xff")
    arrays: dict[str, Any] = {"vectors": np.zeros((1, 1), np.float16), "issues": np.frombuffer(listed, np.uint8)}
    untried = {"scores": np.zeros((0, 1), np.float32), "truth": np.zeros((0, 1), np.int8)}
    for written in (vectors, save(arrays | untried)):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / ARCHIVE).write_bytes(written)
            _tolerant(partial(archive.read, Path(folder)))


def pickles(data: bytes) -> None:
    """A pickle that is read as data."""
    _tolerant(lambda: safe_pickle.read("org/name", "x.pkl", data, frozenset({"sklearn.linear_model.X"})))


def marks(data: bytes) -> None:
    """A comment or a description with marks that may be forged."""
    text = text_of(data)
    recalled(text)
    without(text)
    held(text, "x")
    taken_off(text, "x")
    whole = spliced(text, "x", "Ours.")
    if isinstance(whole, str):
        assert size(whole) <= max(COMMENT_LIMIT, size(text))
        assert held(whole, "x") == "Ours."


def changes(data: bytes) -> None:
    """A file's patch, and a whole diff."""
    path, patch = parts_of(data, 2)
    suffix = SUFFIXES[len(data) % len(SUFFIXES)]
    file = ChangedFile(f"{path}{suffix}", "modified", 1, 1, patch=patch)
    [found] = change.read([file], patch).files
    change.line(found)
    change.sayings(found)
    change.checked(patch, change.known(change.Change((found,)), path))
    patches_of(f"diff --git a/x b/x\n--- a/x\n+++ b/x\n{patch}")


def answered(data: bytes) -> None:
    """A chat model's answer, and a text that would leave its message."""
    text = text_of(data)
    found = answers.scores(text, LABELS, multi_label=True)
    assert {score.label for score in found.scores} <= set(LABELS)
    matter = chat.defused(text, ["<|im_end|>", "</s>"])
    assert not {chat.BEGIN, chat.END, "<|im_end|>"} & set(matter.splitlines())


def commands(data: bytes) -> None:
    """A comment that may give a command, and the answer to one, which never may."""
    text = text_of(data)
    said, comment = command_in(text), Comment(1, "octocat", text)
    assert said is None or "/hubpipe" in text.lower()
    assert without_command(comment) == comment or said is not None
    told = AnswerPart(text, (text,), (Score(text, 0.5),), (text,), (Why(text, (), ((text, 0.5),)),))
    answer = f"{marker('a')}\n{answer_of(Answer(text, text, SUBJECT, (text,), (told,), {text: text}, text))}"
    assert not any(command_in(line) for line in (answer, *answer.splitlines()))
    _hold(answer, (*OWN, "strong", "sub"))


TARGETS: dict[str, Target] = {
    "neutralise": in_prose,
    "in-cell": in_tables,
    "code": in_code,
    "templates": in_templates,
    "logs": in_logs,
    "clean": cleaned,
    "visible": seen,
    "payload": payloads,
    "config": configurations,
    "archive": archives,
    "pickle": pickles,
    "marks": marks,
    "change": changes,
    "answers": answered,
    "commands": commands,
}


def _hold(markdown: str, tags: Sequence[str] = ()) -> None:
    found = acts(markdown, *tags)
    assert not found, f"{found} in {markdown!r}"
    markdown.encode()


def _tolerant(read: Callable[[], object]) -> None:
    try:
        read()
    except ModelError:
        return
