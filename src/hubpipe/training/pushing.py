"""Turn a learned model's folder into a repository on the Hugging Face Hub."""

from pathlib import Path

from hubpipe.errors import UsageError
from hubpipe.models.hub_errors import hub_errors
from hubpipe.models.learned import folder

NO_TOKEN = "writing to the Hub needs a token with the right to write: set HF_TOKEN"  # noqa: S105 - no secret
MESSAGE = "Learned with hubpipe"
PUSHED = "{url}: use it with `model: {repository}` and `revision: {revision}`"


def push(path: Path, repository: str, token: str, *, private: bool = True) -> str:
    """Put a learned model on the Hub, in a repository that is made where there is none; tell where it is.

    Only a model's own files are sent. The bodies of what it learned from stay here; the titles, labels, addresses and
    vectors of the past issues go along, as their index is one of the files.
    Raises UsageError without a model or a token, and ModelError where the Hub refuses.
    """
    from huggingface_hub import HfApi

    if not folder.is_learned(path):
        raise UsageError(folder.NO_MODEL.format(folder=path))
    folder.read(path)  # nothing that would not load is pushed
    if not token:
        raise UsageError(NO_TOKEN)
    api = HfApi(token=token)
    with hub_errors(repository, None):
        api.create_repo(repository, private=private, exist_ok=True)
        done = api.upload_folder(
            repo_id=repository,
            folder_path=path,
            allow_patterns=list(folder.FILES),
            commit_message=MESSAGE,
        )
    return PUSHED.format(url=done.repo_url, repository=repository, revision=done.oid)
