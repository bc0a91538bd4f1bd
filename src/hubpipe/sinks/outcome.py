"""What became of an Effect."""

from dataclasses import dataclass

from hubpipe.decide import News


@dataclass(frozen=True)
class Target:
    """The issue or pull request that a Plan is about; a release, which has no number, is 0."""

    repo: str
    number: int


@dataclass(frozen=True)
class Outcome:
    """What became of one Effect.

    `done` is True when GitHub is as the Effect wants it (also when it was before),
    False when it could not be done or was not meant to be. `detail` says it in words.
    `forbidden` tells that it failed because the token may not write there, or has no secrets to notify with.
    `news` tells what changed by it: something that was not there is `new`.
    """

    kind: str
    done: bool
    detail: str
    url: str = ""
    failed: bool = False
    forbidden: bool = False
    news: News = ""
