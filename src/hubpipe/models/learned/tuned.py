"""Turn an encoder and the weights that tuning changed into the tuned encoder."""

import torch

from hubpipe.errors import ModelError
from hubpipe.models.learned.parts import Arrays
from hubpipe.models.repository import Source
from hubpipe.models.sentence_encoder import Encoder

NOT_ITS_OWN = (
    "{model} has no weights {name} of shape {shape}: the learned model was tuned on another encoder. Train it again"
)


def load(source: Source, tensors: Arrays) -> Encoder:
    """Load an encoder with changed weights laid over its own; in memory all are float32.

    Raises ModelError for weights that are none of the encoder's, and what Encoder raises.
    """
    encoder = Encoder(source)
    if tensors:
        lay(encoder, source.name, tensors)
    return encoder


def lay(encoder: Encoder, name: str, tensors: Arrays) -> None:
    """Put changed weights in the place of an encoder's own; all of them fit, or none is put."""
    own = encoder.model.state_dict()
    for key, changed in tensors.items():
        if key not in own or tuple(own[key].shape) != changed.shape:
            raise ModelError(NOT_ITS_OWN.format(model=name, name=key, shape=changed.shape))
    with torch.no_grad():
        for key, changed in tensors.items():
            own[key].copy_(torch.from_numpy(changed.astype("float32")))
