"""Turn the models of this process into those of a run on one repository."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from hubpipe import world
from hubpipe.config import Flow, Step
from hubpipe.models.base import MediaModel, Model, Places, Terms
from hubpipe.server.warm import WarmShelf, warm_up
from hubpipe.server.warmth import Warmth

if TYPE_CHECKING:
    from hubpipe.github import GitHub


@dataclass(frozen=True)
class Warm:
    """The models of this process."""

    places: Places
    warmth: Warmth = field(default_factory=Warmth)

    def up(self) -> None:
        """Load what the first issue needs."""
        warm_up(self.warmth, self.places)

    @contextmanager
    def lent(self, repo: str, flows: Iterable[Flow], github: "GitHub") -> Iterator["Lent"]:
        """Lend models to a run on a repository; what was learned of it is fetched in the stage that needs it first."""
        with ExitStack() as stack:
            yield Lent(self, tuple(flows), repo, github, stack)


@dataclass(frozen=True)
class Lent:
    """Models for one run."""

    warm: Warm
    flows: tuple[Flow, ...]
    repo: str
    github: "GitHub" = field(repr=False)
    stack: ExitStack = field(repr=False)

    @cached_property
    def _shelf(self) -> WarmShelf:
        learned = world.with_learned(self.warm.places, self.flows, self.repo, self.github)
        return WarmShelf(self.stack.enter_context(learned), self.warm.warmth)

    def resolve(self, flow: Flow) -> Flow:
        """Give a flow whose steps' tasks are all known."""
        return self._shelf.resolve(flow)

    def load(self, step: Step, labels: Mapping[str, str], terms: Terms) -> Model:
        """Load the model that reads text for a step."""
        return self._shelf.load(step, labels, terms)

    def again(self, model: Model, step: Step, terms: Terms) -> Model:
        """Give a loaded model asked as another step asks."""
        return self._shelf.again(model, step, terms)

    def load_media(self, step: Step, labels: Mapping[str, str], terms: Terms) -> MediaModel:
        """Load the model that looks at images or listens to sounds for a step."""
        return self._shelf.load_media(step, labels, terms)
