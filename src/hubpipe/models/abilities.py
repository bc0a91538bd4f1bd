"""What some loaded models can do beside their task: whoever needs it asks whether a model can."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from hubpipe.config import Step
from hubpipe.event import KnownIssue
from hubpipe.models.base import Limits, Model, Why

if TYPE_CHECKING:
    from hubpipe.models.similarity import Array


@runtime_checkable
class Tellable(Protocol):
    """A loaded model that can be asked in another way without being loaded again."""

    def told(self, step: Step) -> Model:
        """Give the same weights, asked as another step of this task without labels asks."""
        ...


@runtime_checkable
class Certain(Protocol):
    """A loaded model that knows from issues of the past how often each label is right."""

    def limits(self, precision: float) -> Limits | None:
        """Give each label's cutoff for a precision between 0 and 1; None where nothing is known of this repository."""
        ...


@runtime_checkable
class Searching(Protocol):
    """A loaded model that finds issues of the repository in an index that it keeps."""

    @property
    def since(self) -> str | None:
        """When the index was brought up to date last (ISO 8601); None where nobody knows."""
        ...

    @property
    def keeps(self) -> bool:
        """Whether later runs find what the index learns."""
        ...

    def learn(self, issues: Sequence[KnownIssue], texts: Sequence[str], until: str | None) -> None:
        """Take issues (n) and what a model reads of each (n) into the index.

        It is kept for later runs where it can be, unless it has a gap: `until` is when it is brought up to date to,
        None where it is not.
        """
        ...


@runtime_checkable
class Centring(Protocol):
    """A loaded model without a history that can see labels from the repository's own texts."""

    def centre(self, texts: "Array") -> bool:
        """Take unit embeddings of the repository's texts (n × d) for the centre; say whether that changes a thing."""
        ...


@runtime_checkable
class Explaining(Protocol):
    """A loaded model that can say why it gives a text a label."""

    def explain(self, text: str, labels: Sequence[str]) -> tuple[Why, ...]:
        """Say of each of some labels why the text may have it."""
        ...
