"""What a run can write, each kind as a scene on which every fault is tried."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import ClassVar

from tests.e2e.step import Prepared, prepared
from tests.faults.scene import PATIENT
from tests.standin.servers import BOT
from tests.standin.standin import StandIn

# Named by an input: a repository without the usual file has the default configuration.
PATH = ".github/pipe.yml"
BRANCHES = count(1)


@dataclass(frozen=True)
class Case:
    """One subject in a repository of its own; `number` is an issue's or a pull request's, or a release's id."""

    repo: StandIn
    folder: Path
    number: int


class Scene(ABC):
    """A run that writes, and how it is told whether all of it is written.

    `requests` is how many it sends that nothing happens to, `writes` tells which of them change something. `ends_well`
    are the words of a run that is green without having done all, since GitHub said that there is nothing to do it on.
    """

    requests: ClassVar[int]
    writes: ClassVar[tuple[int, ...]]
    config: ClassVar[str]
    ends_well: ClassVar[tuple[str, ...]] = ()

    def __str__(self) -> str:
        return type(self).__name__.lower()

    def begin(self, repo: StandIn, folder: Path) -> Case:
        """Furnish a new repository, with a subject that the run is about."""
        repo.put_file(PATH, self.config)
        case = Case(repo, folder, self.subject(repo))
        self.before(case)
        repo.server.recorder.forget()
        return case

    @abstractmethod
    def subject(self, repo: StandIn) -> int:
        """Make what the run is about, and give its number."""

    def before(self, case: Case) -> None:  # noqa: B027 - most scenes have no past
        """Do what was done before the run."""

    @abstractmethod
    def step(self, case: Case, name: str) -> Prepared:
        """Prepare a run; each has a name of its own."""

    @abstractmethod
    def is_whole(self, case: Case) -> bool:
        """Tell whether all is written; whatever is, it is asserted that nothing is there twice or half."""


def patient(case: Case, name: str, kind: str, payload: object, **inputs: str) -> Prepared:
    """Prepare a run that loses its patience soon."""
    return prepared(case.repo, case.folder / name, kind, payload, PATIENT, **{"config": PATH, "timeout": "3m"} | inputs)


def of_the_bot(case: Case) -> list[str]:
    """Give our comments' texts."""
    return [one["body"] for one in case.repo.comments_of(case.number) if one["user"]["login"] == BOT]


def of_people(case: Case) -> list[str]:
    """Give people's comments' texts."""
    return [one["body"] for one in case.repo.comments_of(case.number) if one["user"]["login"] != BOT]


def branch() -> str:
    """Name a new branch."""
    return f"topic-{next(BRANCHES)}"
