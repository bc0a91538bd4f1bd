"""What is said of each file of a change and of the whole: lines, scores over files, what an earlier run leaves."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from hubpipe import change as changes
from hubpipe.change import Change, Memory
from hubpipe.config import Flow, Step
from hubpipe.digest import Asker, Digested, Judged, Unit, judge, over, stands_for, summarise, usable
from hubpipe.digest.units import MOST_UNITS
from hubpipe.event import ChangedFile, Subject
from hubpipe.models.base import ModelInfo, Prediction, Score, Scores, Text
from hubpipe.text import Document, Part

PULL = Subject("pull_request", 1, "Read rows lazily", "Memory grew with the file.", head_sha="a" * 40)
SAID = Document((Part("title", PULL.title), Part("body", PULL.body)))
NOW = Memory("a" * 40, 1.0, "", {})


@dataclass
class Scripted:
    """A model that says what a test tells it to, and keeps what it was asked."""

    task: str
    says: Prediction
    limit: int | None = 512
    asked: list[str] = field(default_factory=list)

    @property
    def info(self) -> ModelInfo:
        return ModelInfo("fake", "fake:scripted", None, self.task, self.limit)

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        found, place = [], 0
        for word in text.split():
            place = text.index(word, place)
            found.append((place, place + len(word)))
            place += len(word)
        return found

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        self.asked += texts
        return [self.says for _ in texts]


def changed(path: str, *added: str, **more: str) -> ChangedFile:
    lines = added or ("value = 1",)
    patch = f"@@ -0,0 +1,{len(lines)} @@\n" + "\n".join(f"+{line}" for line in lines)
    return ChangedFile(path, "modified", len(lines), 0, patch, **more)


def change(*files: ChangedFile) -> Change:
    return changes.read(files, "")


def written(says: str, of: Change, earlier: Memory | None = NOW, whole: str = "It reads rows lazily.") -> Digested:
    asker = Asker(
        Scripted("text-generation", Text(whole)), Scripted("text-generation", Text(says)), Step(task="text-generation")
    )
    return summarise(asker, PULL, SAID, of, earlier)


def test_a_model_that_writes_says_a_line_of_each_file_and_then_reads_the_lines() -> None:
    files = change(changed("src/reader.py", "def rows():", "    yield 1"), changed("src/cli.py"))
    asker = Asker(
        whole := Scripted("text-generation", Text("Rows are read lazily.")),
        one := Scripted("text-generation", Text("It yields rows.")),
        Step(task="text-generation"),
    )
    digested = summarise(asker, PULL, SAID, files, NOW)
    assert digested.digest.lines == {"src/reader.py": "It yields rows.", "src/cli.py": "It yields rows."}
    assert (digested.digest.inferred, digested.digest.remembered) == (2, 0)
    assert len(one.asked) == 2 and any("def rows():" in text for text in one.asked)
    assert "src/reader.py: It yields rows." in whole.asked[0]
    assert "Memory grew with the file." in whole.asked[0]


def test_what_an_earlier_run_said_of_an_equal_file_is_not_asked_again() -> None:
    reader, cli = changed("src/reader.py", sha="1" * 40), changed("src/cli.py", sha="2" * 40)
    first = written("As it was.", change(reader, cli)).digest
    assert first.memory is not None and len(first.memory.found) == 2
    second = written("As it is.", change(reader, replace(cli, sha="3" * 40)), first.memory).digest
    assert second.lines == {"src/reader.py": "As it was.", "src/cli.py": "As it is."}
    assert (second.inferred, second.remembered) == (1, 1)


def test_another_model_or_other_settings_forget_what_was_said() -> None:
    info = ModelInfo("fake", "fake:", None, "summarization", None)
    by = stands_for(Step(task="summarization"), info, "line", {})
    kept = replace(NOW, by=by, found={"key": "line"})
    assert usable(kept, by) == kept
    for other in (
        stands_for(Step(task="summarization", max_words=50), info, "line", {}),
        stands_for(Step(task="summarization"), replace(info, revision="b" * 40), "line", {}),
        stands_for(Step(task="summarization"), info, "line", {"file": "Another prompt"}),
    ):
        forgotten = usable(kept, other)
        assert forgotten is not None and (forgotten.by, forgotten.found) == (other, {})


def test_claims_about_what_the_change_does_not_hold_are_dropped_and_told() -> None:
    files = change(changed("src/reader.py", "def rows():"))
    digested = written("It calls `launch_missiles()`.", files, whole="It adds `rows`.\nIt removes `src/secret.py`.")
    assert digested.answer.prediction == Text("It adds `rows`.")
    assert digested.digest.lines["src/reader.py"] == changes.line(files.files[0])
    assert len(digested.digest.dropped) == 2


def test_what_an_earlier_run_said_is_held_against_the_change_again() -> None:
    caller, helper = changed("src/a.py", "run()"), changed("src/b.py", "def helper_two():")
    first = written("It calls `helper_two`.", change(caller, helper)).digest
    assert first.lines["src/a.py"] == "It calls `helper_two`."
    second = written("Unasked.", change(caller), first.memory).digest
    assert (second.inferred, second.remembered, len(second.dropped)) == (0, 1, 1)
    assert second.lines["src/a.py"] == changes.line(change(caller).files[0])
    third = written("Unasked.", change(caller), second.memory).digest
    assert third == second


def test_what_people_did_not_write_is_not_asked_about() -> None:
    digest = written("A line.", change(changed("package-lock.json"), changed("src/a.py"))).digest
    assert list(digest.lines) == ["src/a.py"]


def test_a_model_that_chooses_takes_a_sentence_of_the_added_lines() -> None:
    files = change(changed("src/reader.py", "def rows():", '    """Read the rows one by one."""', "    yield 1"))
    asker = Asker(
        Scripted("summarization", Text("Memory grew with the file."), None),
        one := Scripted("summarization", Text("Read the rows one by one."), None),
        Step(task="summarization"),
    )
    digest = summarise(asker, PULL, SAID, files, NOW).digest
    assert digest.lines["src/reader.py"] == f"{changes.line(files.files[0])}: “Read the rows one by one.”"
    assert one.asked[0].startswith("Read rows lazily\n\n")


def test_files_that_say_nothing_are_told_by_rule_and_cost_no_inference() -> None:
    files = change(changed("src/a.py", "x = 1"))
    asker = Asker(
        Scripted("summarization", Text("."), None),
        one := Scripted("summarization", Text("."), None),
        Step(task="summarization"),
    )
    digest = summarise(asker, PULL, SAID, files, NOW).digest
    assert digest.lines == {"src/a.py": changes.line(files.files[0])}
    assert (digest.inferred, one.asked) == (0, [])


def test_of_many_files_those_that_matter_most_are_read_and_the_rest_is_told() -> None:
    files = change(*(changed(f"src/m{number}.py", f"x = {number}") for number in range(50)))
    digested = written("A line.", files)
    assert digested.digest.inferred == 40
    assert any("10 of 50 files" in reason for reason in digested.answer.unread)
    assert len(digested.digest.lines) == 50


def test_a_patch_that_is_longer_than_the_model_reads_is_told() -> None:
    digested = written("A line.", change(changed("src/a.py", *(f"x = {number}" for number in range(400)))))
    assert any("1 files" in reason or "1 file" in reason for reason in digested.answer.unread)


def judged(*rows: tuple[float, int]) -> list[Judged]:
    files = [changed(f"src/f{index}.py", *["x"] * lines) for index, (_, lines) in enumerate(rows)]
    return [
        Judged(Unit(file), Scores((Score("bug", score),)))
        for file, (score, _) in zip(change(*files).files, rows, strict=True)
    ]


@pytest.mark.parametrize(
    ("how", "score"), [("any", 0.9), ("all", 0.2), (0.05, 0.9), (0.1, 0.9), (0.5, 0.6), (1.0, 0.2)]
)
def test_scores_of_files_become_one_by_any_all_or_a_share_of_the_lines(how: float, score: float) -> None:
    [found] = over(judged((0.9, 10), (0.6, 60), (0.2, 30)), how).scores
    assert found == Score("bug", score)


def test_a_share_that_is_reached_exactly_counts() -> None:
    [found] = over(judged((0.9, 55), (0.2, 45)), 0.55).scores
    assert found == Score("bug", 0.9)


FLOW = {"on": {"pull_request": ["opened"]}, "publish": "labels"}
CLASSIFY = {"task": "zero-shot-classification", "labels": ["bug", "docs"]}
BUG = Scores((Score("bug", 0.75), Score("docs", 0.25)))


def test_each_file_is_asked_about_and_remembered() -> None:
    model = Scripted("zero-shot-classification", BUG)
    flow = Flow.model_validate({**FLOW, "each": "file", "pipeline": CLASSIFY})
    files = change(changed("src/a.py", "x = 1"), changed("docs/b.md", "Prose"), changed("yarn.lock"))
    verdict = judge(model, flow.pipeline[0], flow, PULL, files, NOW)
    assert [one.unit.file.path for one in verdict.digest.judged] == ["src/a.py", "docs/b.md"]
    assert "src/a.py" in model.asked[0] and "+x = 1" in model.asked[0]
    assert any("nobody wrote by hand" in reason for reason in verdict.unread)
    again = judge(model, flow.pipeline[0], flow, PULL, files, verdict.digest.memory)
    assert (again.digest.inferred, again.digest.remembered, len(model.asked)) == (0, 2, 2)
    assert again.digest.judged[0].scores == BUG


def test_each_hunk_is_asked_about_by_itself() -> None:
    patch = "@@ -1,2 +1,3 @@\n a\n+b\n c\n@@ -10,2 +11,3 @@ def f():\n d\n+e\n g"
    model = Scripted("zero-shot-classification", BUG)
    flow = Flow.model_validate({**FLOW, "each": "hunk", "pipeline": CLASSIFY})
    files = change(ChangedFile("src/a.py", "modified", 2, 0, patch))
    verdict = judge(model, flow.pipeline[0], flow, PULL, files, NOW)
    assert [(one.unit.hunk and one.unit.hunk.start) for one in verdict.digest.judged] == [1, 11]
    assert "+b" in model.asked[0] and "+e" not in model.asked[0]


def test_of_very_many_files_the_first_are_asked_about_and_the_rest_is_told() -> None:
    model = Scripted("zero-shot-classification", BUG)
    flow = Flow.model_validate({**FLOW, "each": "file", "pipeline": CLASSIFY})
    files = change(*(changed(f"src/m{number}.py") for number in range(MOST_UNITS + 5)))
    verdict = judge(model, flow.pipeline[0], flow, PULL, files, NOW)
    assert (verdict.digest.inferred, verdict.whole) == (MOST_UNITS, False)
    assert verdict.unread[0].startswith("5 of 305 files")
