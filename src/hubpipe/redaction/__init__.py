"""Turn any value into one without secrets: our own by their values, anybody's by their forms."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeVar, cast

from hubpipe.errors import HubpipeError
from hubpipe.redaction.forms import REDACTED, may_hold_some, without_known_forms
from hubpipe.redaction.own import may_hold_own, without_own

__all__ = ["FORMS", "REDACTED", "SECRETS", "Redaction", "redaction_for"]

Value = TypeVar("Value")

# The variables of the environment whose values are hubpipe's own secrets, in the Action those of the job's, too.
SECRETS = (
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "HUBPIPE_ENDPOINT_KEY",
    "HUBPIPE_WEBHOOK_SECRET",
    "HUBPIPE_PRIVATE_KEY",
    "HUBPIPE_PAGE_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
)


@dataclass(frozen=True)
class Redaction:
    """Takes secrets out of texts, and out of values that hold texts; `own` are those that hubpipe was given.

    `found` is told each secret of somebody else's, before the text without it is given.
    """

    own: tuple[str, ...] = field(default=(), repr=False)
    found: Callable[[str], None] | None = field(default=None, repr=False, compare=False)

    def knowing(self, secrets: Iterable[str]) -> "Redaction":
        """Give one that knows more secrets of our own."""
        return replace(self, own=tuple(dict.fromkeys((*self.own, *secrets))))

    def text(self, text: str) -> str:
        """Put `[redacted]` for each secret; line ends stay where they are."""
        return without_known_forms(without_own(text, self.own), self.found)

    def all(self, value: Value) -> Value:
        """Take the secrets out of every string in a value: of dataclasses, mappings, lists, errors of any depth.

        What is none of these, such as bytes or a number, stays as it is, and so does a value without secrets. Nothing
        is changed in place.
        """
        # Most values hold no secret. One look at all of their texts is a fifth of the work of a look at each: a line's
        # end between two stops no pattern that the end of a text would not stop.
        text = "\n".join(_texts(value))
        return cast("Value", self._clean(value)) if may_hold_own(text, self.own) or may_hold_some(text) else value

    def _clean(self, value: Any) -> Any:
        # Not its subclasses: an enumeration's member or Markdown that is written already is no stranger's text.
        if type(value) is str:
            return self.text(value)
        if type(value) in (tuple, list):
            return type(value)(self._clean(item) for item in value)
        if isinstance(value, Mapping):
            return {self._clean(key): self._clean(item) for key, item in value.items()}
        if is_dataclass(value) and not isinstance(value, type):
            given = {name: getattr(value, name) for name in _fields(type(value))}
            cleaned = {name: self._clean(item) for name, item in given.items()}
            changed = {name: item for name, item in cleaned.items() if item != given[name]}
            return replace(value, **changed) if changed else value
        return self._error(value) if isinstance(value, HubpipeError) else value

    def _error(self, error: HubpipeError) -> HubpipeError:
        """Make an error of the same kind anew: its constructor may want more than its words."""
        clean = type(error).__new__(type(error))
        clean.args = self._clean(error.args)
        vars(clean).update(self._clean(vars(error)))
        return clean


def _texts(value: Any) -> Iterator[str]:
    """Give every string that a value holds, as `Redaction.all` goes through it."""
    if type(value) is str:
        yield value
    elif type(value) in (tuple, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, HubpipeError):
        yield from _texts(value.args)
        yield from _texts(vars(value))
    elif is_dataclass(value) and not isinstance(value, type):
        for name in _fields(type(value)):
            yield from _texts(getattr(value, name))


@cache
def _fields(kind: Any) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind) if one.init)


FORMS = Redaction()
"""Takes out what is known by its form alone."""


def redaction_for(environ: Mapping[str, str], *given: str | None) -> Redaction:
    """Give the redaction that knows the secrets of an environment, and others that were given."""
    values = [environ.get(name, "").strip() for name in SECRETS] + [(one or "").strip() for one in given]
    return Redaction(tuple(dict.fromkeys(filter(None, values))))
