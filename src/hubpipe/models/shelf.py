"""Turn the places where models may be found into the models of a run."""

from collections.abc import Mapping
from dataclasses import dataclass

from hubpipe import models
from hubpipe.config import Flow, Step
from hubpipe.models.abilities import Tellable
from hubpipe.models.base import MediaModel, Model, Places, Terms


@dataclass(frozen=True)
class Shelf:
    """The models that a run may use: those that can be found at its places."""

    places: Places

    def resolve(self, flow: Flow) -> Flow:
        """Give a flow whose steps' tasks are all known; see `models.resolve_flow`."""
        return models.resolve_flow(flow, self.places)

    def load(self, step: Step, labels: Mapping[str, str], terms: Terms) -> Model:
        """Load the model that reads text for a step; see `models.load`."""
        return models.load(step, labels, self.places, terms)

    def again(self, model: Model, step: Step, terms: Terms) -> Model:
        """Give a loaded model asked as another step asks, without its weights twice where that can be."""
        return model.told(step) if isinstance(model, Tellable) else self.load(step, {}, terms)

    def load_media(self, step: Step, labels: Mapping[str, str], terms: Terms) -> MediaModel:
        """Load the model that looks at images or listens to sounds for a step; see `models.load_media`."""
        return models.load_media(step, labels, self.places, terms)
