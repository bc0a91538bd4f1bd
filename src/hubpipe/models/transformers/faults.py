"""Turn what a model raises while it predicts into an error that names the model."""

from collections.abc import Iterator
from contextlib import contextmanager

from hubpipe.errors import ModelError

NOT_ANSWERED = "{model} does not take what its own processor makes ({reason}): choose another model of this task"


@contextmanager
def answering(model: str) -> Iterator[None]:
    """Raise ModelError where the parts of a repository do not fit together, which shows no earlier than here."""
    try:
        yield
    except (ValueError, TypeError, LookupError, RuntimeError) as fault:
        raise ModelError(NOT_ANSWERED.format(model=model, reason=str(fault).partition("\n")[0])) from fault
