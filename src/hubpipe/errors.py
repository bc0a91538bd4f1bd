"""The exception tree: every message says what is wrong and what to change.

HubpipeError                    exit 1: the run failed
├── UsageError                  exit 2: the person who started hubpipe must change something
│   ├── ConfigError             the configuration: file, line and key of every problem
│   ├── EventError              the event's payload is not what GitHub sends
│   ├── TemplateError           a comment template does not render
│   └── TooLittleError          a history is too short to learn labels from, or tells nothing apart
├── ModelError                  a model cannot be used
│   ├── ModelNotFoundError      no such repository, revision or file
│   ├── HubError                the Hub did not answer, or what it sent did not come in whole
│   ├── UnsafeModelError        it would need a pickle or remote code, or its hash is wrong
│   ├── TaskError               the model cannot do this task
│   ├── ConstraintError         the model breaks a rule of the configuration, or does not fit the machine
│   ├── MediaError              an attachment is no image or sound that can be read
│   └── EndpointError           the endpoint refused, or did not answer
│       └── BudgetError         the run may not spend more
├── ArtifactError               an analysis is not what mode: analyse wrote, or not of this run and commit
├── NotifyError                 a notification was not sent
├── DatabaseError               the bot's database does not answer: another start may help
├── StoppedError                the run was ended before it was done: its time was up, or somebody cancelled it
└── GitHubError                 GitHub refused or did not answer
    ├── ForbiddenError          the token may not do this
    │   └── TokenError          GitHub does not know the token, or not any more
    ├── LockedError             the conversation is locked: nothing to change about the token
    ├── MissingError            GitHub does not have it, or the token may not see it
    ├── MovedError              it is in another place now, where hubpipe does not follow
    ├── NoAnswerError           the answer did not come through: what was asked is done, or not
    └── RateLimitError          wait, then run again
"""

from dataclasses import dataclass
from datetime import datetime


class HubpipeError(Exception):
    """A fault that hubpipe foresaw; its message is written for the person who reads it."""

    exit_code = 1


class UsageError(HubpipeError):
    """Something the person who started hubpipe must change."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a configuration: where it stands and what to write instead."""

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class ConfigError(UsageError):
    """The configuration is wrong; all of its problems at once."""

    def __init__(self, problems: tuple[Problem, ...]):
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class EventError(UsageError):
    """The payload is not what GitHub sends for this event."""


class TemplateError(UsageError):
    """A comment template does not render."""


class TooLittleError(UsageError):
    """A history is too short to learn labels from, or tells nothing apart: more issues may mend that."""


class ModelError(HubpipeError):
    """A model cannot be used."""


class ModelNotFoundError(ModelError):
    """The Hub or the folder has no such repository, revision or file."""


class HubError(ModelError):
    """The Hub did not answer, or what it sent did not come in whole: another try may help."""


class UnsafeModelError(ModelError):
    """The model would need a pickle or remote code, or its bytes are not the expected ones."""


class TaskError(ModelError):
    """The model cannot do the task that the configuration names."""

    exit_code = 2


class ConstraintError(ModelError):
    """The model breaks a rule of the configuration, or needs more than the machine has."""

    exit_code = 2


class MediaError(ModelError):
    """An attachment is no image or sound that can be read."""


class EndpointError(ModelError):
    """The endpoint refused, or did not answer."""


class BudgetError(EndpointError):
    """The run may not spend more at endpoints."""


class ArtifactError(HubpipeError):
    """An analysis is not what mode: analyse wrote, or not of this run and commit."""


class NotifyError(HubpipeError):
    """A notification was not sent; no message holds its address."""


class DatabaseError(HubpipeError):
    """The bot's database does not answer."""


class StoppedError(HubpipeError):
    """The run was ended before it was done."""


class GitHubError(HubpipeError):
    """GitHub refused or did not answer."""


class ForbiddenError(GitHubError):
    """The token may not do this."""


class TokenError(ForbiddenError):
    """GitHub does not know the token, or not any more."""


class LockedError(GitHubError):
    """The conversation is locked: hubpipe may not write there, whatever its token may."""


class MissingError(GitHubError):
    """GitHub does not have it, or the token may not see it."""


class MovedError(GitHubError):
    """The repository was renamed, or the issue transferred: hubpipe does not follow."""


class NoAnswerError(GitHubError):
    """GitHub's answer did not come through: what was asked is done, or not."""


class RateLimitError(GitHubError):
    """GitHub asks to wait, `until` a time where it names one."""

    def __init__(self, message: str, until: datetime | None = None):
        self.until = until
        super().__init__(message)
