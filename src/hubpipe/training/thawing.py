"""Turn a loaded encoder into one whose upper weights can be learned."""

from torch import nn
from transformers import PreTrainedModel

from hubpipe.models.inner import layers_of

# Half of a small encoder is the table of its tokens: left as it is, what changed is small enough to commit. So is the
# lower half of its layers, which costs a third of the time and gains nothing that can be measured.
FROZEN = "embeddings."
LOWER = 1 / 2
ATTENTION = "attention.self."


def thaw(model: nn.Module) -> None:
    """Let the upper half of a model's layers learn, and nothing else, as fast as a processor can."""
    layers = layers_of(model)
    lower = {id(weight) for layer in layers[: int(len(layers) * LOWER)] for weight in layer.parameters()}
    for name, weight in model.named_parameters():
        weight.requires_grad = FROZEN not in name and id(weight) not in lower
    for name, module in model.named_modules():
        # torch's own fused attention takes longer on its way back than the plain one.
        if isinstance(module, PreTrainedModel):
            module.set_attn_implementation("eager")
        # With dropout inside of attention, torch on a processor computes it the slow way: five times slower.
        if isinstance(module, nn.Dropout) and ATTENTION in name:
            module.p = 0.0
