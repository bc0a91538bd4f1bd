"""Turn a change into a line a file and a summary of the whole: the model reads each file, then what it said of all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hubpipe import change as changes
from hubpipe.change import Change, FileChange, Known, Memory
from hubpipe.config import Step
from hubpipe.digest.things import Digest
from hubpipe.event import Material, Subject
from hubpipe.infer import Answer, ask, ask_head
from hubpipe.models.base import Model, Text
from hubpipe.text import Document, Part, compose

LINE_WORDS = 24
LINE_TOKENS = 120  # of a model on the runner that would write on
# Each costs an answer of a model that writes, which takes seconds; choosing a sentence takes milliseconds.
MOST_WRITTEN = 40
MOST_CHOSEN = 300
# A line is one sentence, whatever a model makes of it.
LONGEST_LINE = 300
MORE_FILES = "patches of {rest} of {total} files: the {most} that matter most are read by the model"
READ_HEAD = "all but the beginning of the patches of {count} files, which are longer than the model reads"
WITH_SAYING = "{line}: “{saying}”"


@dataclass(frozen=True)
class Asker:
    """A model about the whole of a change, and the same model about one file of it; `step` is the one of the whole."""

    whole: Model
    file: Model
    step: Step

    @property
    def chooses(self) -> bool:
        """Tell whether the summary is made of the text's own sentences: such a model reads any length."""
        return self.step.known_task == "summarization" and self.whole.info.limit is None


@dataclass(frozen=True)
class Digested:
    """The answer about the whole, and the digest of its files."""

    answer: Answer
    digest: Digest


@dataclass
class _Reading:
    """What is found on the way through the files: by key what the model said, and what of it may be said."""

    found: dict[str, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    inferred: int = 0
    remembered: int = 0
    cut: int = 0


def summarise(asker: Asker, subject: Subject, document: Document, change: Change, earlier: Memory | None) -> Digested:
    """Say a line of each file that people wrote, and sum up the whole.

    `document` is what people wrote about the change. `earlier` holds what equal files were said before, under the
    head and time of this run. What names a file or symbol that neither the change nor people name is dropped.
    """
    known = changes.known(change, document.text)
    files = [file for file in changes.ordered(change) if file.by_hand]
    most = MOST_CHOSEN if asker.chooses else MOST_WRITTEN
    reading = _Reading()
    before: Mapping[str, object] = earlier.found if earlier is not None else {}
    for file in files[:most]:
        _read(asker, subject, file, before, known, reading)
    lines = {file.path: _line(asker, file, reading.said.get(file.key, "")) for file in files}
    answer, dropped = _whole(asker, document, files, lines, known)
    unread = (*answer.unread, *_unread(len(files), most, reading.cut))
    digest = Digest(
        files=change,
        lines=lines,
        inferred=reading.inferred,
        remembered=reading.remembered,
        dropped=(*dropped, *reading.dropped),
        memory=replace(earlier, found=reading.found) if earlier is not None else None,
    )
    return Digested(replace(answer, unread=unread), digest)


def _read(
    asker: Asker,
    subject: Subject,
    file: FileChange,
    before: Mapping[str, object],
    known: Known,
    reading: _Reading,
) -> None:
    """Find out what the model says of a file, where an earlier run did not, and what of it may be said."""
    remembered = before.get(file.key)
    if isinstance(remembered, str):
        line = remembered
        reading.remembered += 1
    else:
        said, cut = (_choose if asker.chooses else _write)(asker.file, subject, file)
        if said is None:
            return
        line = " ".join(said.split())[:LONGEST_LINE]
        reading.inferred += 1
        reading.cut += cut
    # What an earlier run kept, too: a file that it names may be gone from the change.
    kept, dropped = changes.checked(line, known)
    reading.found[file.key], reading.said[file.key] = line, " ".join(kept.split())
    reading.dropped += dropped


def _choose(model: Model, subject: Subject, file: FileChange) -> tuple[str | None, bool]:
    """Let the model choose the sentence of the added lines that is nearest to the title; None where there is none."""
    sayings = changes.sayings(file)
    if not sayings:
        return None, False
    [chosen] = model.predict(["\n\n".join([subject.title, *sayings])])
    return (chosen.text.partition("\n")[0] if isinstance(chosen, Text) else ""), False


def _write(model: Model, subject: Subject, file: FileChange) -> tuple[str | None, bool]:
    """Let the model write a line about a file's patch; None where GitHub gives no patch."""
    if not file.file.patch:
        return None, False
    document = compose(subject, Material(files=(file.file,)), ("path", "patch"))
    answer = ask_head(model, document)
    first = next((line for line in _texts(answer.prediction) if line.strip()), "")
    return first.strip().strip("-*# "), bool(answer.fitted and answer.fitted.cut)


def _texts(prediction: object) -> list[str]:
    return prediction.text.splitlines() if isinstance(prediction, Text) else []


def _line(asker: Asker, file: FileChange, said: str) -> str:
    """Say what a file's change is: by rule, in the model's words, or by rule with the sentence that it chose."""
    by_rule = changes.line(file)
    if not said:
        return by_rule
    return WITH_SAYING.format(line=by_rule, saying=said) if asker.chooses else said


def _whole(
    asker: Asker,
    document: Document,
    files: Sequence[FileChange],
    lines: Mapping[str, str],
    known: Known,
) -> tuple[Answer, tuple[str, ...]]:
    """Sum up the whole, from what people wrote and, where the model writes, from what it said of each file."""
    if not asker.chooses:
        listed = "\n".join(f"{file.path}: {lines[file.path]}" for file in files[:MOST_WRITTEN])
        document = Document((*document.parts, *([Part("files", listed)] if listed else [])))
    answer = ask(asker.whole, asker.step, document)
    if asker.chooses or not isinstance(answer.prediction, Text):
        return answer, ()
    kept, dropped = changes.checked(answer.prediction.text, known)
    return replace(answer, prediction=replace(answer.prediction, text=kept)), dropped


def _unread(total: int, most: int, cut: int) -> Iterator[str]:
    if total > most:
        yield MORE_FILES.format(rest=total - most, total=total, most=most)
    if cut:
        yield READ_HEAD.format(count=cut)
