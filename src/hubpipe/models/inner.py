"""Turn a Sentence Transformers model into one that tells, beside a text's embedding, what an inner layer made of it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor, nn

from hubpipe.errors import ModelError

# Where an encoder knows best how a text speaks: a layer as far along as this. Nearer its end it knows what of.
DEPTH = 2 / 3
# Pairs of texts of more than two tokens, one more in the second pair: numbers in another order, or filled up inside of
# the model to an even number, have another shape in one of them.
PROBES = (("a bug", "how to turn this off"), ("a bug", "how to turn this off now"))

CHANGED = (
    "an inner layer of the encoder gives one vector for each token of some texts and not of others: use another one"
)

Features = dict[str, Tensor]


class Inner:
    """A model whose embeddings have `width` more numbers: the mean of a layer's vectors of a text's tokens."""

    def __init__(self, model: SentenceTransformer, layer: nn.Module, normal: bool):
        self.width = 0
        self._layer = layer
        self._last = _Beside(normal, model.truncate_dim)
        self._model = SentenceTransformer(
            modules=[*model, self._last],
            device="cpu",
            prompts={name: prompt or "" for name, prompt in model.prompts.items()},
            default_prompt_name=model.default_prompt_name,
        )

    @contextmanager
    def listening(self) -> Iterator[SentenceTransformer]:
        """Listen to the layer; outside of this, it is as if nobody did."""
        hook = self._layer.register_forward_hook(self._last.take)
        try:
            yield self._model
        finally:
            hook.remove()
            self._last.forget()

    def probe(self) -> bool:
        """Find the width; tell whether the layer runs once and gives one vector for each token."""
        self._last.strict = False
        widths = set()
        with self.listening() as model:
            for probe in PROBES:
                model.encode(list(probe), show_progress_bar=False)
                widths.add(self._last.width)
        self._last.strict = True
        self.width = min(widths)
        return self.width > 0


def inner(model: SentenceTransformer, normal: bool) -> Inner | None:
    """Find a model's inner layer; None where it has none that gives one vector for each token."""
    layers = layers_of(model)
    # The one layer of those that run it several times is their last one, too.
    if len(layers) < 2:
        return None
    found = Inner(model, layers[round(DEPTH * len(layers)) - 1], normal)
    return found if found.probe() else None


def layers_of(model: nn.Module) -> nn.ModuleList:
    """Give a model's layers, the list of modules that holds most of its weights; none where there is no list."""
    lists = (module for module in model.modules() if isinstance(module, nn.ModuleList))
    return max(lists, key=lambda one: sum(weight.numel() for weight in one.parameters()), default=nn.ModuleList())


class _Beside(nn.Module):
    """The last part of a model: puts the mean of what a layer gave for a text's tokens beside its embedding."""

    def __init__(self, normal: bool, most: int | None):
        super().__init__()
        self.strict = True
        self.width = 0
        self._normal = normal
        self._most = most
        self._found: list[Tensor] = []

    def forward(self, features: Features) -> Features:
        """Widen `sentence_embedding`, which is cut and scaled before."""
        found, self._found = self._found, []
        vector = features["sentence_embedding"].float()[:, : self._most]
        own = nn.functional.normalize(vector, dim=1) if self._normal else vector
        mask = features["attention_mask"]
        if len(found) != 1 or found[0].ndim != 3 or found[0].shape[:2] != mask.shape:
            if self.strict:
                raise ModelError(CHANGED)
            self.width = 0
            return {**features, "sentence_embedding": own}
        weight = mask.unsqueeze(-1).float()
        mean = (found[0].float() * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)
        self.width = mean.shape[1]
        return {**features, "sentence_embedding": torch.cat([own, mean], dim=1)}

    def take(self, _layer: nn.Module, _given: object, found: object) -> None:
        """Keep what the layer gave: many give their vectors as the first of several things."""
        first = found[0] if isinstance(found, tuple) else found
        self._found.append(first if isinstance(first, Tensor) else torch.zeros(0))

    def forget(self) -> None:
        """Let go of what nobody read."""
        self._found = []
