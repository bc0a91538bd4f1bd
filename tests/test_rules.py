"""Labels by paths, branches and size: what a flow's rules give a pull request, without a model."""

from typing import Any

import pytest

from hubpipe import change as changes
from hubpipe.config import LabelsTarget, Rules
from hubpipe.decide import LabelsEffect, LabelState, ruled
from hubpipe.event import ChangedFile, Label, LabelChange, Subject

BOT = "github-actions[bot]"
PULL = Subject("pull_request", 1, "Title", "", base_ref="main", head_ref="feature/x")
NAMES = ("documentation", "tests", "only docs", "backport", "size/XS", "size/S", "size/L")
EXISTING = tuple(map(Label, NAMES))


def decided(
    rules: dict[str, Any], files: tuple[ChangedFile, ...], *, complete: bool = True, **given: Any
) -> tuple[LabelsEffect, list[str], tuple[str, ...]]:
    target = LabelsTarget(**given.pop("target", {}))
    state = LabelState(existing=EXISTING, me=BOT, **given)
    change = changes.read(files, "")
    effect, chosen, notes = ruled(Rules.model_validate(rules), target, change, PULL, state, complete=complete)
    return effect, [score.label for score in chosen], notes


def changed(path: str, lines: int = 1) -> ChangedFile:
    patch = f"@@ -0,0 +1,{lines} @@\n" + "\n".join(f"+line {number}" for number in range(lines))
    return ChangedFile(path, "added", lines, 0, patch)


def test_a_label_is_given_where_any_file_is_among_its_paths() -> None:
    rules = {"paths": {"documentation": ["docs/**", "**.md"], "tests": "tests/**"}}
    effect, labels, notes = decided(rules, (changed("src/a.py"), changed("docs/b/c.md")))
    assert (effect.add, labels, notes) == (("documentation",), ["documentation"], ())


def test_a_later_negation_takes_a_path_out() -> None:
    effect, *_ = decided({"paths": {"documentation": ["docs/**", "!docs/api/**"]}}, (changed("docs/api/x.md"),))
    assert effect.add == ()


@pytest.mark.parametrize(("paths", "given"), [(("docs/a.md",), True), (("docs/a.md", "src/a.py"), False)])
def test_all_means_every_file(paths: tuple[str, ...], given: bool) -> None:
    effect, *_ = decided({"paths": {"only docs": {"all": "docs/**"}}}, tuple(map(changed, paths)))
    assert effect.add == (("only docs",) if given else ())


def test_a_rule_about_all_files_says_nothing_where_not_all_could_be_listed() -> None:
    rules = {"paths": {"only docs": {"all": "docs/**"}, "tests": "tests/**", "documentation": "docs/**"}}
    _, labels, notes = decided(rules, (changed("docs/a.md"),), complete=False)
    assert labels == ["documentation"]
    assert len(notes) == 2 and all("not all files" in note for note in notes)


@pytest.mark.parametrize(("rule", "given"), [({"base": "main"}, True), ({"base": "release/*"}, False)])
def test_the_branches_count(rule: dict[str, str], given: bool) -> None:
    effect, *_ = decided({"paths": {"backport": {**rule, "head": "feature/**"}}}, (changed("a.py"),))
    assert effect.add == (("backport",) if given else ())


@pytest.mark.parametrize(
    ("lines", "label"), [(1, "size/XS"), (9, "size/XS"), (10, "size/S"), (99, None), (120, "size/L")]
)
def test_one_size_holds_by_the_lines_that_people_changed(lines: int, label: str | None) -> None:
    effect, labels, _ = decided({"size": True}, (changed("src/a.py", lines), changed("package-lock.json", 9_000)))
    assert effect.add == ((label,) if label else ())
    assert labels == [label or "size/M"]


def test_a_size_of_hubpipes_own_gives_way_to_the_new_one() -> None:
    history = (LabelChange("size/L", True, BOT),)
    effect, *_ = decided({"size": True}, (changed("a.py"),), present=("size/L",), history=history)
    assert (effect.add, effect.remove) == (("size/XS",), ("size/L",))


def test_a_size_that_a_person_set_stays_alone() -> None:
    history = (LabelChange("size/L", True, "octocat"), LabelChange("size/XS", True, BOT))
    effect, _, notes = decided({"size": True}, (changed("a.py"),), present=("size/L", "size/XS"), history=history)
    assert (effect.add, effect.remove) == ((), ("size/XS",))
    assert notes == ("the size is left as people set it: size/L",)


def test_the_size_of_what_could_not_all_be_listed_is_left_as_it_is() -> None:
    history = (LabelChange("size/L", True, BOT),)
    effect, _, notes = decided({"size": True}, (changed("a.py"),), present=("size/L",), history=history, complete=False)
    assert (effect.add, effect.remove) == ((), ())
    assert "not all files" in notes[0]


def test_a_label_that_a_person_took_off_stays_away() -> None:
    history = (LabelChange("tests", True, BOT), LabelChange("tests", False, "octocat"))
    effect, _, notes = decided({"paths": {"tests": "tests/**"}}, (changed("tests/a.py"),), history=history)
    assert effect.add == ()
    assert "removed by a person" in notes[0]


@pytest.mark.parametrize("stale", [False, True])
def test_a_label_by_paths_is_taken_back_only_where_asked(stale: bool) -> None:
    history = (LabelChange("tests", True, BOT),)
    effect, *_ = decided(
        {"paths": {"tests": "tests/**"}},
        (changed("src/a.py"),),
        present=("tests",),
        history=history,
        target={"remove_stale": stale},
    )
    assert effect.remove == (("tests",) if stale else ())


def test_a_label_that_the_repository_lacks_is_made_only_where_asked() -> None:
    effect, _, notes = decided({"size": {"big": 0}}, (changed("a.py"),))
    assert (effect.add, notes[0].startswith("the repository has no label 'big'")) == ((), True)
    effect, *_ = decided({"size": {"big": 0}}, (changed("a.py"),), target={"create": True})
    assert effect.create == (Label("big", "0 changed lines or more"),)
