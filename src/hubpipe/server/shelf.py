"""Turn the models of this process into those of a run on one repository.

Whoever installs a public App brings a configuration of their own. What costs or opens something on the server (a
folder on its disk, a download from the Hub, an address that it asks, the operator's keys) is for those whom the
operator trusts.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from hubpipe import world
from hubpipe.config import Flow, Step
from hubpipe.config.steps import AUTO, LEARNED, ZERO_DAY
from hubpipe.errors import ConstraintError
from hubpipe.models import embedded, hub
from hubpipe.models.base import MediaModel, Model, Places, Terms
from hubpipe.models.learned import index
from hubpipe.models.learned.folder import SETTINGS
from hubpipe.server.reach import Reach
from hubpipe.server.warm import WarmShelf, warm_up
from hubpipe.server.warmth import Warmth

if TYPE_CHECKING:
    from hubpipe.github import GitHub


OWN = (embedded.NAME, AUTO, LEARNED, ZERO_DAY)
FAKE = "fake:"

UNTRUSTED = (
    "this bot runs {own} for everybody, and {wanted} only for owners whom its operator trusts (hubpipe serve --trust "
    "{owner}): name one of the former"
)
AT_AN_ENDPOINT = "a model at an endpoint"
LEARNED_OVER = "a model that was learned over {encoder}"
ENCODERS = (embedded.NAME, embedded.REPO)


@dataclass(frozen=True)
class Trust:
    """Whose configurations may use what is the operator's; `owners` of repositories, None for everybody."""

    owners: frozenset[str] | None = frozenset()

    def includes(self, repo: str) -> bool:
        """Tell whether a repository's owner is trusted; GitHub ignores the case of names."""
        return self.owners is None or repo.partition("/")[0].casefold() in self.owners


EVERYBODY = Trust(None)


@dataclass(frozen=True)
class Warm:
    """The models of this process; `reach` is what configurations may name of this machine's and its network's."""

    places: Places
    trust: Trust = EVERYBODY
    reach: Reach = field(default_factory=Reach)
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
        # A folder that the environment names would be every repository's.
        places = replace(self.warm.places, learned=None)
        if not self.warm.trust.includes(self.repo):
            places = replace(places, token=None, endpoint_key=None, indexes=None)
        learned = world.with_learned(places, self.flows, self.repo, self.github, keeps=True)
        places = self.stack.enter_context(learned)
        self._check_learned(places.learned)
        return WarmShelf(places, self.warm.warmth)

    def resolve(self, flow: Flow) -> Flow:
        """Give a flow whose steps' tasks are all known.

        Raises ConstraintError where it wants what is for trusted owners only, or for nobody.
        """
        if not self.warm.trust.includes(self.repo):
            self._check(flow)
        return self._shelf.resolve(self.warm.reach.check(flow))

    def _check(self, flow: Flow) -> None:
        for step in flow.pipeline:
            own = step.model in OWN or step.model.startswith(FAKE)
            if step.endpoint is not None or not own:
                raise self._untrusted(AT_AN_ENDPOINT if step.endpoint is not None else step.model)

    def _check_learned(self, place: Path | None) -> None:
        """Refuse what was learned over another encoder: its name, or a folder's, is as the repository wrote it."""
        if place is None or self.warm.trust.includes(self.repo) or index.alone(place):
            return
        encoder = hub.read_json(LEARNED, place / SETTINGS).get("encoder")
        name = encoder.get("model") if isinstance(encoder, dict) else None
        if name not in ENCODERS:
            raise self._untrusted(LEARNED_OVER.format(encoder=name))

    def _untrusted(self, wanted: str) -> ConstraintError:
        owner = self.repo.partition("/")[0]
        return ConstraintError(UNTRUSTED.format(own=", ".join(OWN), wanted=wanted, owner=owner))

    def load(self, step: Step, labels: Mapping[str, str], terms: Terms) -> Model:
        """Load the model that reads text for a step."""
        return self._shelf.load(step, labels, terms)

    def again(self, model: Model, step: Step, terms: Terms) -> Model:
        """Give a loaded model asked as another step asks."""
        return self._shelf.again(model, step, terms)

    def load_media(self, step: Step, labels: Mapping[str, str], terms: Terms) -> MediaModel:
        """Load the model that looks at images or listens to sounds for a step."""
        return self._shelf.load_media(step, labels, terms)
