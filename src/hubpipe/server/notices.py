"""Turn the addresses that a bot's owner gives to repositories into what a run on one of them may notify with.

A workflow has its own repository's secrets. The bot has its owner's environment, and whoever may write to one of its
repositories writes a configuration, in which he could name any variable: he gets those alone that the owner gave him.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hubpipe.errors import NotifyError, UsageError
from hubpipe.sinks import Notifier
from hubpipe.sinks.addresses import address_of, secrets_of

NOTIFY = "HUBPIPE_NOTIFY"
GIVEN = re.compile(r"(?P<whose>[A-Za-z0-9_-]{1,39}(/[A-Za-z0-9_.-]{1,100})?)=(?P<name>[A-Z][A-Z0-9_]{0,99})")

NO_GIFT = (
    f"{NOTIFY}: write OWNER/NAME=VARIABLE, or OWNER=VARIABLE for all of an owner's repositories, with commas or spaces "
    "between them"
)
UNSET = f"{NOTIFY} names {{name}}, which is not set, or empty: put the webhook's address there"
NOT_AN_ADDRESS = f"{NOTIFY}: {{reason}}"
NOT_GIVEN = (
    f"this bot has no {{variable}} for this repository: whoever runs it gives it by OWNER/NAME={{variable}} in {NOTIFY}"
)


@dataclass(frozen=True)
class Notices:
    """Which addresses whose configurations may notify: by owner, or by `owner/name`, in lower case."""

    of: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)

    def notifier(self, repo: str, left: Callable[[], float]) -> Notifier:
        """Give what a run on a repository notifies with."""
        name = repo.casefold()
        held = {**self.of.get(name.partition("/")[0], {}), **self.of.get(name, {})}
        return Notifier(held, unset=NOT_GIVEN, left=left)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must stand in no log and no database."""
        return tuple(secret for held in self.of.values() for secret in secrets_of(held))


def notices(environ: Mapping[str, str], value_of: Callable[[Mapping[str, str], str], str]) -> Notices:
    """Read who may notify whom; raises UsageError for what is not to be read, or not set, or no webhook's address."""
    found: dict[str, dict[str, str]] = {}
    for words in filter(None, re.split(r"[\s,]+", environ.get(NOTIFY, ""))):
        gift = GIVEN.fullmatch(words)
        if gift is None:
            raise UsageError(NO_GIFT)
        name = gift["name"]
        value = value_of(environ, name)
        if not value:
            raise UsageError(UNSET.format(name=name))
        try:
            address_of(name, value)
        except NotifyError as fault:
            raise UsageError(NOT_AN_ADDRESS.format(reason=fault)) from None
        found.setdefault(gift["whose"].casefold(), {})[name] = value
    return Notices(found)
