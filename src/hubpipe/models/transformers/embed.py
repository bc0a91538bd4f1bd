"""Turn texts into vectors: the mean of an encoder's last layer."""

from collections.abc import Mapping, Sequence

import numpy as np

from hubpipe.config import Step
from hubpipe.models.base import Prediction, Vector
from hubpipe.models.transformers.adapter import Adapter, pipe, pipeable
from hubpipe.models.transformers.opening import Loaded


class FeatureExtraction(Adapter):
    """feature-extraction: the mean of the last layer's tokens, as a unit vector."""

    head = "AutoModel"

    def _prepare(self, step: Step, labels: Mapping[str, str], loaded: Loaded, name: str) -> None:
        self._pipe = pipe(step, loaded)

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Embed each text."""
        # One at a time: padding would count in the mean.
        answers = self._pipe(pipeable(texts), truncation=True, return_tensors=True)
        means = [answer[0].float().mean(dim=0).numpy() for answer in answers]
        return [Vector(tuple(map(float, mean / max(np.linalg.norm(mean), 1e-12)))) for mean in means]
