"""Turn what the Hub's library raises into a ModelError that says what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from hubpipe.errors import ConstraintError, HubError, ModelError, ModelNotFoundError

NO_SUCH_MODEL = "{model}: the Hub has no such model, or the token may not see it: check the name, or set hub-token"
NO_SUCH_REVISION = "{model} has no revision {revision}: name a branch, a tag or a commit of it"
GATED = (
    "{model} is gated: accept its terms at https://huggingface.co/{model}, and set hub-token (HF_TOKEN) to a token "
    "of that account that may read gated repositories"
)
NOT_IN_CACHE = "{model} is not in the local cache, and hubpipe is offline: run once online, or use model: embedded"
NO_NAME = "{model} is no model name: write OWNER/NAME, ./FOLDER or embedded"
HUB_SILENT = "the Hub did not answer for {model} ({reason}): try again, or use model: embedded"
REFUSED = (
    "the Hub does not accept the token that it was sent for {model}: check hub-token (HF_TOKEN); it may be mistyped, "
    "expired or revoked"
)
TOO_WEAK = "the token may not read {model}: give hub-token (HF_TOKEN) a token with read access to it"
ASKED_TOO_OFTEN = "the Hub asks to wait before {model}: run again later, or set hub-token, which raises the limit"
DISK_FULL = "{model}: the disk is full: free some space, or set HF_HOME to a folder on a larger disk"
NOT_WRITTEN = (
    "the files of {model} did not come in whole ({reason}): run again; whole files are kept and not fetched twice"
)
NO_ANSWER = "what answers for {model} is no Hub ({reason}): check HF_ENDPOINT, and proxies on the way"
TOKEN_FAULTS = {401: REFUSED, 403: TOO_WEAK}
TOO_MANY_REQUESTS = 429


@contextmanager
def hub_errors(model: str, revision: str | None = None) -> Iterator[None]:
    """Map the faults of a lookup or a download to the error tree.

    Raises ModelNotFoundError, ConstraintError for a full disk, ModelError for a token, else HubError.
    """
    import httpx2

    try:
        yield
    except (httpx2.HTTPError, OSError, ValueError, KeyError, TypeError) as fault:
        raise _told(fault, model, revision) from fault


def _told(fault: BaseException, model: str, revision: str | None) -> ModelError:
    import httpx2
    from huggingface_hub import errors

    if isinstance(fault, errors.LocalEntryNotFoundError) and isinstance(fault.__cause__, httpx2.HTTPError):
        # Its own words speak of the cache; why the Hub was of no help stands behind them.
        fault = fault.__cause__
    for kind, message in _missing():
        if isinstance(fault, kind):
            return ModelNotFoundError(message.format(model=model, revision=revision))
    if isinstance(fault, errors.HfHubHTTPError):
        return _refused(fault.response.status_code, model)
    if isinstance(fault, httpx2.RemoteProtocolError | httpx2.ReadError):
        return HubError(_broken(fault, model))
    if isinstance(fault, httpx2.HTTPError):
        return HubError(HUB_SILENT.format(model=model, reason=type(fault).__name__))
    if isinstance(fault, OSError):
        full = fault.errno == errno.ENOSPC
        return ConstraintError(DISK_FULL.format(model=model)) if full else HubError(_broken(fault, model))
    return HubError(NO_ANSWER.format(model=model, reason=type(fault).__name__))


def _missing() -> tuple[tuple[type[Exception], str], ...]:
    """Give what the Hub's library raises for what is not there; the first kind that fits counts."""
    from huggingface_hub import errors

    return (
        (errors.GatedRepoError, GATED),
        (errors.RevisionNotFoundError, NO_SUCH_REVISION),
        (errors.RepositoryNotFoundError, NO_SUCH_MODEL),
        (errors.HFValidationError, NO_NAME),
        (errors.LocalEntryNotFoundError, NOT_IN_CACHE),
        (errors.OfflineModeIsEnabled, NOT_IN_CACHE),
    )


def _refused(status: int, model: str) -> ModelError:
    if status in TOKEN_FAULTS:
        return ModelError(TOKEN_FAULTS[status].format(model=model))
    message = ASKED_TOO_OFTEN if status == TOO_MANY_REQUESTS else HUB_SILENT
    return HubError(message.format(model=model, reason=f"status {status}"))


def _broken(fault: Exception, model: str) -> str:
    return NOT_WRITTEN.format(model=model, reason=str(fault).partition("\n")[0])
