"""Turn what a pull request changes into labels by a flow's rules, without a model; people win over the rules."""

from collections.abc import Iterator, Mapping, Sequence

from hubpipe import change as changes
from hubpipe.change import Change
from hubpipe.config import LabelsTarget, PathRule, Rules, globs
from hubpipe.decide.labels import NO_SUCH_LABEL, PERSON_REMOVED, UNDONE, LabelsEffect, LabelState
from hubpipe.event import Label, Subject
from hubpipe.models.base import Score

NOT_ALL_FILES = "{label} is left as it is: not all files of the pull request could be listed"
NOT_ALL_LINES = "the size is left as it is: not all files of the pull request could be listed"
SIZE_OF_PEOPLE = "the size is left as people set it: {labels}"
DESCRIBED_SIZE = "{least} changed lines or more"


def ruled(
    rules: Rules, target: LabelsTarget, change: Change, subject: Subject, state: LabelState, *, complete: bool
) -> tuple[LabelsEffect, tuple[Score, ...], tuple[str, ...]]:
    """Decide which labels the rules give a pull request; also give them as sure scores, and notes.

    `complete` tells whether `change` holds all files: a rule about all of them says nothing otherwise. Of the size
    labels one holds, and hubpipe takes back its own former one; a label by paths is only taken back with
    `remove_stale`.
    """
    held, notes = _held(rules, change, subject, complete=complete)
    size, reason = _size(rules.size or {}, change, state, complete=complete)
    wanted = [*(label for label, holds in held.items() if holds), *([size] if size else [])]
    # Of an unknown size nothing is outlived.
    outlived = [label for label in rules.size or () if label != size] if complete else []
    if target.remove_stale:
        outlived += [label for label, holds in held.items() if holds is False]
    add, create, more = _additions(wanted, target, rules, state)
    remove = tuple(
        name for name in state.present if _is_among(name, outlived) and state.set_by_me(name) and name not in add
    )
    effect = LabelsEffect(tuple(add), remove, tuple(create))
    return effect, tuple(Score(label, 1.0) for label in wanted), (*notes, *reason, *more)


def _held(
    rules: Rules, change: Change, subject: Subject, *, complete: bool
) -> tuple[Mapping[str, bool | None], tuple[str, ...]]:
    """Tell which labels by paths hold; None where nobody can know."""
    paths = [file.path for file in change.files]
    held: dict[str, bool | None] = {}
    for label, rule in rules.paths.items():
        unknown = not complete and (rule.all is not None or (rule.any is not None and not _any(rule, paths)))
        held[label] = None if unknown else _holds(rule, paths, subject)
    return held, tuple(NOT_ALL_FILES.format(label=label) for label, holds in held.items() if holds is None)


def _holds(rule: PathRule, paths: Sequence[str], subject: Subject) -> bool:
    return all(
        (
            rule.any is None or _any(rule, paths),
            rule.all is None or (bool(paths) and all(globs.chosen(path, rule.all) for path in paths)),
            rule.base is None or globs.chosen(subject.base_ref, rule.base),
            rule.head is None or globs.chosen(subject.head_ref, rule.head),
        )
    )


def _any(rule: PathRule, paths: Sequence[str]) -> bool:
    return any(globs.chosen(path, rule.any or ()) for path in paths)


def _size(
    sizes: Mapping[str, int], change: Change, state: LabelState, *, complete: bool
) -> tuple[str | None, tuple[str, ...]]:
    """Give the label with the highest least number of lines that is reached, or why there is none."""
    by_people = [name for name in state.present if _is_among(name, list(sizes)) and not state.set_by_me(name)]
    if by_people:
        return None, (SIZE_OF_PEOPLE.format(labels=", ".join(by_people)),)
    if sizes and not complete:
        return None, (NOT_ALL_LINES,)
    lines = changes.changed_lines(change)
    reached = [(least, label) for label, least in sizes.items() if lines >= least]
    return (max(reached)[1] if reached else None), ()


def _additions(
    wanted: Sequence[str], target: LabelsTarget, rules: Rules, state: LabelState
) -> tuple[list[str], list[Label], list[str]]:
    add: list[str] = []
    create: list[Label] = []
    notes: list[str] = []
    for label in wanted:
        existing = state.name_in_repository(label)
        if state.is_present(label):
            continue
        if state.removed_by_person(label):
            notes.append(PERSON_REMOVED.format(label=label))
        elif label not in (rules.size or {}) and state.undone(label):
            notes.append(UNDONE.format(label=label))
        elif existing is None and not target.create:
            notes.append(NO_SUCH_LABEL.format(label=label))
        else:
            add.append(existing or label)
            if existing is None:
                create.append(Label(label, "".join(_described(label, rules))))
    return add, create, notes


def _described(label: str, rules: Rules) -> Iterator[str]:
    if rules.size is not None and label in rules.size:
        yield DESCRIBED_SIZE.format(least=rules.size[label])


def _is_among(name: str, labels: Sequence[str]) -> bool:
    return any(name.casefold() == label.casefold() for label in labels)
