"""Turn a folder of a repository's default branch into the bytes of its files."""

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from hubpipe.errors import GitHubError, MissingError
from hubpipe.github.calls import Access, Deed

READ_CONTENTS = "`contents: read`"
MB = 1024 * 1024
FILE_LIMIT = 100 * MB  # GitHub's: https://docs.github.com/en/rest/git/blobs#get-a-blob
FOLDER_LIMIT = 150 * MB  # ours: more than a learned model takes

TOO_LARGE = "{path} of {repo} takes {size} MB and may take {limit}: remove what is not needed there."


def folder(access: Access, path: str) -> dict[str, bytes] | None:
    """Read the files of a folder and of those in it, by their paths below it; None where there is no such folder.

    Links, submodules and what lies deeper are left out. Raises GitHubError where it is too large.
    """
    listed = _listed(access, path)
    if listed is None:
        return None
    files = dict(_files(listed, ""))
    for one in listed:
        if one["type"] == "dir":
            files |= _files(_listed(access, f"{path}/{one['name']}") or [], f"{one['name']}/")
    _check(access, path, files)
    deed = Deed(f"read {path} of {access.name}", READ_CONTENTS)
    return {
        name: base64.b64decode(access.ask(deed, "GET", f"/git/blobs/{file['sha']}")["content"])
        for name, file in files.items()
    }


def _listed(access: Access, path: str) -> list[dict[str, Any]] | None:
    """List a folder; None where it is none."""
    url = f"{access.repo.url}/contents/{quote(path)}"

    def send() -> list[dict[str, Any]] | None:
        _, data = access.repo.requester.requestJsonAndCheck("GET", url)
        return data if isinstance(data, list) else None

    try:
        return access.call(Deed(f"read {path} of {access.name}", READ_CONTENTS), send)
    except MissingError:
        return None


def _files(listed: list[dict[str, Any]], before: str) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((before + one["name"], one) for one in listed if one["type"] == "file")


def _check(access: Access, path: str, files: dict[str, dict[str, Any]]) -> None:
    sizes = {f"{path}/{name}": (int(file.get("size") or 0), FILE_LIMIT) for name, file in files.items()}
    sizes[path] = (sum(size for size, _ in sizes.values()), FOLDER_LIMIT)
    for name, (size, limit) in sizes.items():
        if size > limit:
            words = {"path": name, "repo": access.name, "size": f"{size / MB:,.0f}", "limit": f"{limit // MB}"}
            raise GitHubError(TOO_LARGE.format(**words))
