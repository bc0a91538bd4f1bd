"""Turn a repository into one issue that a run has everything to do on: add, remove and leave labels, and comment."""

from pathlib import Path

from tests.e2e.step import Prepared, Step, prepared
from tests.standin.servers import BOT
from tests.standin.standin import Server, StandIn

CONFIG = """\
version: 1
flows:
  kind:
    on: {issues: [opened, edited]}
    pipeline: {task: zero-shot-classification, model: "fake:label=bug", labels: [bug, question]}
    publish: [comment, {labels: {remove_stale: true}}]
  crash:
    on: {issues: [opened, edited]}
    pipeline: {task: zero-shot-classification, model: "fake:label=crash", labels: [crash, hang]}
    publish: labels
"""
PATH = ".github/pipe.yml"
MARKER = "<!-- hubpipe: flow=kind -->"
PEOPLES = f"{MARKER} is what hubpipe writes first."
LABELS = ("bug", "question", "crash", "hang", "area")
# As many as a run on the issue sends that nothing happens to, and which of them change something: labels added and
# removed, a comment written.
REQUESTS = 15
WRITES = (7, 8, 10)
PATIENT = {"HUBPIPE_PATIENCE": "0.2", "HUBPIPE_REQUEST_TIMEOUT": "2"}
BEFORE, AFTER = {"area", "question"}, {"area", "bug"}


def furnished(server: Server, name: str) -> StandIn:
    """A repository with labels and a configuration."""
    repo = server.repository(name)
    for label in LABELS:
        repo.add_label(label)
    repo.put_file(PATH, CONFIG)
    return repo


def issue(repo: StandIn) -> int:
    """An issue with a label of hubpipe's that no longer holds, one of a person's, and one that a person took off."""
    number = repo.open_issue("It crashes", "Every time.")
    repo.label_as_bot(number, "question")
    repo.label_as_bot(number, "crash")
    repo.remove_label_as("maintainer", number, "crash")
    repo.add_label_as("maintainer", number, "area")
    repo.comment_as("maintainer", number, PEOPLES)
    return number


def step(repo: StandIn, folder: Path, number: int, **inputs: str) -> Prepared:
    """A run on the issue that loses its patience soon."""
    payload = repo.event("issues", "opened", number)
    return prepared(repo, folder, "issues", payload, PATIENT, **{"config": PATH, "timeout": "30s"} | inputs)


def own(repo: StandIn, number: int) -> list[str]:
    """Our comments; a person's is left as it was."""
    comments = repo.comments_of(number)
    assert [one["body"] for one in comments if one["user"]["login"] == "maintainer"] == [PEOPLES]
    return [one["body"] for one in comments if one["user"]["login"] == BOT]


def is_whole(repo: StandIn, number: int) -> bool:
    """Tell whether all is done; whatever is, there is no second comment, and people's labels are as they left them."""
    comments, labels = own(repo, number), set(repo.labels_of(number))
    assert len(comments) <= 1
    assert "area" in labels
    assert "crash" not in labels
    return labels == AFTER and len(comments) == 1


def is_untouched(repo: StandIn, number: int) -> bool:
    """Tell whether nothing is done."""
    return own(repo, number) == [] and set(repo.labels_of(number)) == BEFORE


def is_mended(repo: StandIn, number: int, folder: Path) -> Step:
    """Run again in good weather: then all is done."""
    repo.server.recorder.forget()
    again = step(repo, folder, number).here()
    assert (again.status, again.outputs["published"]) == (0, "true"), again.log
    assert is_whole(repo, number), again.log
    return again
