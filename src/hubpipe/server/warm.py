"""Turn the places where models may be found into models that are loaded once and kept for the runs to come."""

import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hubpipe import config, run
from hubpipe.choices import USUAL_LABELS
from hubpipe.config import Config, Flow, Step
from hubpipe.config.steps import AUTO, LEARNED
from hubpipe.event import Event, Subject
from hubpipe.models import automatic
from hubpipe.models.base import MediaModel, Model, Places, Terms
from hubpipe.models.embedded import NAME as EMBEDDED
from hubpipe.models.hub import COMMIT, FOLDER_PREFIXES, OWN_FOLDERS
from hubpipe.models.keeping import ANEW, Keeper
from hubpipe.models.shelf import Shelf
from hubpipe.redaction import FORMS
from hubpipe.server.shared import SharedModel
from hubpipe.server.warmth import Warmth, written
from hubpipe.sinks import dry_run

# So long a branch of a model stays the commit that it was, and a task what the Hub's metadata told.
FRESH_SECONDS = 3_600.0
# Their files come with hubpipe, or are told apart by what they hold.
NEVER_STALE = (EMBEDDED, AUTO, *OWN_FOLDERS)

WARMING = "hubpipe/warm-up"
ANY_LABELS = Step(task="zero-shot-classification")
# One word of it looks like a secret, so that the rules that find them are loaded, too.
FIRST_ISSUE = Subject(
    "issue",
    1,
    "Saving a large file fails",
    "Since the last update `save()` raises an error.\n\n    key = 0a1B2c3D4e5F6g7H8i9J0kLm\n\nIs this a known problem?",
)


@dataclass(frozen=True)
class WarmShelf:
    """The models of one run, at its own places, out of what its process keeps for all of them.

    What was learned of a repository is read from the run's own folder each time, over an encoder that is kept: it
    cannot reach another repository. A model at an endpoint is the run's own, since it spends from the run's budget.
    """

    places: Places
    warmth: Warmth

    def resolve(self, flow: Flow) -> Flow:
        """Give a flow whose steps' tasks are all known; see `models.resolve_flow`."""
        known = all(step.task is not None and step.model != AUTO for step in flow.pipeline)
        if known or any(step.model.startswith(FOLDER_PREFIXES) for step in flow.pipeline):
            return self._shelf(ANEW).resolve(flow)
        key = (flow.model_dump_json(), *(self._found(step) for step in flow.pipeline), self._machine)
        return self.warmth.flow(key, lambda: self._shelf(ANEW).resolve(flow))

    def load(self, step: Step, labels: Mapping[str, str], terms: Terms) -> Model:
        """Give the model that reads text for a step; see `models.load`."""
        if _own(step):
            return self.warmth.anew(lambda keeper: self._shelf(keeper).load(step, labels, terms))
        model: Model = self.warmth.model(
            self._key(step, labels, terms),
            lambda keeper: self._shelf(keeper).load(step, labels, terms),
            # What writes a text takes seconds for each: nobody is to wait for another's.
            alone=step.gives == "text",
        )
        return model

    def again(self, model: Model, step: Step, terms: Terms) -> Model:
        """Give a loaded model asked as another step asks."""
        told = model.told(step) if isinstance(model, SharedModel) else None
        return told or self.load(step, {}, terms)

    def load_media(self, step: Step, labels: Mapping[str, str], terms: Terms) -> MediaModel:
        """Give the model that looks at images or listens to sounds for a step; see `models.load_media`."""
        if _own(step):
            return self.warmth.anew(lambda keeper: self._shelf(keeper).load_media(step, labels, terms))
        model: MediaModel = self.warmth.model(
            self._key(step, labels, terms), lambda keeper: self._shelf(keeper).load_media(step, labels, terms)
        )
        return model

    def _shelf(self, keeper: Keeper) -> Shelf:
        return Shelf(replace(self.places, keeper=keeper))

    @property
    def _machine(self) -> Hashable:
        """What all runs of a process have in common, as a rule: the places that are no repository's own."""
        return replace(self.places, learned=None, keeps=False, index=None)

    def _key(self, step: Step, labels: Mapping[str, str], terms: Terms) -> Hashable:
        """Name all that makes a model: nothing of a run's meter is in it."""
        asked = (step.model_dump_json(), tuple(labels.items()), terms.rules.model_dump_json())
        return ("model", *asked, self._found(step), self._machine)

    def _found(self, step: Step) -> Hashable:
        """Tell what a step's model is found to be where its name does not say it all."""
        if step.model == AUTO:
            reason = automatic.reason_against(step, self.places)
            # What is seen from one repository's texts is no other's.
            return automatic.settle(step, self.places).model, reason, automatic.index_of(self.places)
        if step.model.startswith(FOLDER_PREFIXES):
            return written(Path(step.model))
        pinned = step.model in NEVER_STALE or COMMIT.fullmatch(step.revision or "")
        return None if pinned else int(time.monotonic() // FRESH_SECONDS)


def _own(step: Step) -> bool:
    """Tell whether a step's model is one run's own: it spends from its budget, or is of its repository."""
    return step.endpoint is not None or step.model == LEARNED or step.against is not None


def warm_up(warmth: Warmth, places: Places, settings: Config | None = None) -> None:
    """Load what the first issue needs, by one run that is nobody's: the models of the settings, the rules for secrets.

    Without settings those of a repository that has none; the embedded model comes in any case, with what it needs to
    know for any labels. Raises what a flow failed with.
    """
    shelf = WarmShelf(places, warmth)
    shelf.load(ANY_LABELS, {label.name: label.description for label in USUAL_LABELS}, Terms())
    event = Event("issues", "opened", WARMING, FIRST_ISSUE)
    report = run.handle(event, settings or config.default(), None, shelf, dry_run.publish, FORMS)
    for flow in report.flows:
        if flow.error is not None:
            raise flow.error
