"""Turn texts into calibrated scores of the labels that a repository taught."""

from collections.abc import Sequence

import numpy as np

from hubpipe.models.learned.head import Head, head, shares
from hubpipe.models.learned.parts import Parts
from hubpipe.models.learned.views import Array, Encodes, Views, look
from hubpipe.models.similarity import unit


class Scorer:
    """A learned model at work: an encoder, the same one tuned where it was, and the head that was learned over them."""

    def __init__(self, encoder: Encodes, parts: Parts, tuned: Encodes | None = None):
        self.labels = parts.labels
        self.head: Head = head(parts.spec, parts.arrays)
        self._encoder = encoder
        self._tuned = tuned

    @property
    def exclusive(self) -> bool:
        """Tell whether scores share 1.0 among the labels."""
        return self.head.exclusive

    def look(self, texts: Sequence[str], quick: bool = False) -> Views:
        """Look at texts ("title, blank line, body") as the head does; many of them `quick`, as in learning."""
        return look(self._encoder, texts, quick, self._tuned, self.head.reads_deep)

    def score(self, texts: Sequence[str], quick: bool = False) -> Array:
        """Score texts for every label (n × labels): probabilities, which share 1.0 where labels exclude each other.

        With `quick`, many texts are read in bfloat16 where the processor has it: scores differ by about 0.001.
        """
        if not texts:
            return np.zeros((0, len(self.labels)), dtype=np.float32)
        return shares(self.head.logits(self.look(texts, quick)), self.head.exclusive)

    def embed(self, texts: Sequence[str], quick: bool = False) -> Array:
        """Embed texts (n) as unit vectors (n × d) in which title and body count the same; many of them `quick`.

        By the encoder as it came: a tuned one tells labels apart, and holds what shares a label for much the same.
        """
        views = look(self._encoder, texts, quick, deep=False)
        return unit(views.title + views.body)
