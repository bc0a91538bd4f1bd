"""Turn a change's files, or their hunks, into scores one by one, and those into scores of the whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hubpipe.change import Change, FileChange, Memory
from hubpipe.config import Flow, Step
from hubpipe.digest.things import Digest, Judged, Unit
from hubpipe.event import ChangedFile, Material, Subject
from hubpipe.infer import ask
from hubpipe.models.base import Model, ModelInfo, Scores, ranked
from hubpipe.text import compose

# Each costs a prediction: a tenth of a second on the embedded model.
MOST_UNITS = 300
ROUNDING = 1e-6  # lines: 0.55 of 100 is a little more than 55 to a computer
MORE_UNITS = "{rest} of {total} {kind}s: the first {most} are read one by one"
READ_HEAD = "all but the beginning of {count} {kind}s, which are longer than the model reads"
NOT_BY_HAND = "{count} files that nobody wrote by hand (name them in paths to read them)"


@dataclass(frozen=True)
class Verdict:
    """What a model says of each unit, and what it did not read, in words; `whole` tells that it judged them all."""

    info: ModelInfo
    digest: Digest
    unread: tuple[str, ...]
    whole: bool


def judge(model: Model, step: Step, flow: Flow, subject: Subject, change: Change, earlier: Memory | None) -> Verdict:
    """Ask about each file or hunk by itself; what an earlier run was told of an equal one is not asked again."""
    kind = flow.each or "file"
    units = list(_units(flow, change))
    known = earlier.found if earlier is not None else {}
    judged: list[Judged] = []
    found: dict[str, Mapping[str, float]] = {}
    inferred = cut = 0
    for unit in units[:MOST_UNITS]:
        before = known.get(unit.key)
        if isinstance(before, Mapping):
            scores = ranked(before.items())
        else:
            answer = ask(model, step, compose(subject, Material(files=(_as_read(unit),)), flow.input))
            if not isinstance(answer.prediction, Scores):
                continue
            scores = answer.prediction
            inferred += 1
            cut += bool(answer.fitted and answer.fitted.cut)
        judged.append(Judged(unit, scores))
        found[unit.key] = {score.label: round(score.score, 4) for score in scores.scores}
    memory = replace(earlier, found=found) if earlier is not None else None
    digest = Digest(change, {}, tuple(judged), inferred, len(judged) - inferred, memory=memory)
    unread = tuple(_unread(kind, units, cut, _machine_written(flow, change)))
    return Verdict(model.info, digest, unread, len(judged) == len(units))


def over(judged: Sequence[Judged], how: Literal["any", "all"] | float) -> Scores:
    """Score each label over all units: the highest score, the lowest, or the one that a share of the lines reaches.

    A share of 0.3 gives the highest score that units with at least 30 % of the changed lines have. Units without
    lines (files that only moved) weigh as one line.
    """
    rows: dict[str, list[tuple[float, int]]] = {}
    for one in judged:
        for score in one.scores.scores:
            rows.setdefault(score.label, []).append((score.score, max(one.unit.lines, 1)))
    total = sum(max(one.unit.lines, 1) for one in judged)
    return ranked((label, _level(scores, how, total)) for label, scores in rows.items())


def _level(scores: list[tuple[float, int]], how: Literal["any", "all"] | float, total: int) -> float:
    if how == "any":
        return max(score for score, _ in scores)
    wanted = total if how == "all" else float(how) * total
    reached = 0
    for score, lines in sorted(scores, reverse=True):
        reached += lines
        if reached >= wanted - ROUNDING:
            return score
    return 0.0  # some units were not scored for this label at all


def _units(flow: Flow, change: Change) -> Iterator[Unit]:
    for file in change.files:
        if not _is_read(flow, file):
            continue
        if flow.each == "hunk":
            yield from (Unit(file, hunk) for hunk in file.hunks)
        else:
            yield Unit(file)


def _is_read(flow: Flow, file: FileChange) -> bool:
    """Read what people wrote; what they did not only where the flow names its files."""
    return file.by_hand or (flow.paths is not None and file.file.patch is not None)


def _machine_written(flow: Flow, change: Change) -> int:
    return sum(not _is_read(flow, file) for file in change.files)


def _as_read(unit: Unit) -> ChangedFile:
    return unit.file.file if unit.hunk is None else replace(unit.file.file, patch=unit.hunk.text)


def _unread(kind: str, units: Sequence[Unit], cut: int, machine_written: int) -> Iterator[str]:
    if len(units) > MOST_UNITS:
        yield MORE_UNITS.format(rest=len(units) - MOST_UNITS, total=len(units), kind=kind, most=MOST_UNITS)
    if cut:
        yield READ_HEAD.format(count=cut, kind=kind)
    if machine_written:
        yield NOT_BY_HAND.format(count=machine_written)
