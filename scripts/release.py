"""Turn a tag `v1.2.3-source` into the release v1.2.3: the same commit, with the image's digest in action.yml.

    release.py check TAG               prints the version, or says what does not fit the tag
    release.py notes TAG               prints the changelog's part about the version
    release.py publish TAG IMAGE       commits action.yml with IMAGE, a name@sha256:..., and sets the release's tags

A digest is known only once the image is built, and the commit that is built cannot hold it: so the tag that is pushed
is not the one that users name. It runs on a bare Python: the job that may write loads no package of anybody's.
"""

import argparse
import json
import os
import re
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TAG = re.compile(r"v(\d+\.\d+\.\d+)-source")
VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)
IMAGE = re.compile(r"[a-z0-9.-]+(?:/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}")
BUILT = re.compile(r"^  image: Dockerfile$", re.MULTILINE)

NOT_A_TAG = "{tag!r} is no tag to release: push one like v1.2.3-source"
OTHER_VERSION = "the tag says {tag}, src/hubpipe/__init__.py says {own}: make them one"
NO_NOTES = "CHANGELOG.md has no part `## {version}`: rename `## Unreleased`"
NOT_BY_DIGEST = "{image!r} names no image by digest: give name@sha256: and 64 hexadecimal digits"
NOT_BUILT = "action.yml has not exactly one line `  image: Dockerfile` to put the image's digest into"
TAKEN = "the tag {tag} exists: a release is never moved, so raise the version"
REFUSED = "GitHub refused {method} {path}: {status} {reason}"
RELEASED = "{tag} is {commit}, and {major} is {what}"
MESSAGE = "Release {tag}\n\nThe commit before, with the image that was built of it."


class ReleaseError(Exception):
    """What stands in the way of a release, and what to change."""


def version_of(tag: str) -> str:
    """Read the version in a source tag."""
    found = TAG.fullmatch(tag)
    if found is None:
        raise ReleaseError(NOT_A_TAG.format(tag=tag))
    return found[1]


def notes(changelog: str, version: str) -> str:
    """Take the changelog's part about a version."""
    found = re.search(rf"^## {re.escape(version)}$\n(.*?)(?=^## |\Z)", changelog, re.DOTALL | re.MULTILINE)
    if found is None:
        raise ReleaseError(NO_NOTES.format(version=version))
    return found[1].strip() + "\n"


def check(tag: str, root: Path = ROOT) -> str:
    """Give the tag's version, where the code, the changelog and action.yml are ready for it."""
    version = version_of(tag)
    found = VERSION.search((root / "src/hubpipe/__init__.py").read_text("utf-8"))
    own = found[1] if found else ""
    if own != version:
        raise ReleaseError(OTHER_VERSION.format(tag=version, own=own))
    notes((root / "CHANGELOG.md").read_text("utf-8"), version)
    if len(BUILT.findall((root / "action.yml").read_text("utf-8"))) != 1:
        raise ReleaseError(NOT_BUILT)
    return version


def pin(action: str, image: str) -> str:
    """Write an image, named by its digest, into the text of action.yml."""
    if IMAGE.fullmatch(image) is None:
        raise ReleaseError(NOT_BY_DIGEST.format(image=image))
    if len(BUILT.findall(action)) != 1:
        raise ReleaseError(NOT_BUILT)
    return BUILT.sub(f"  image: docker://{image}", action)


@dataclass(frozen=True)
class GitHub:
    """One repository's Git database: https://docs.github.com/en/rest/git."""

    api: str
    repository: str
    token: str

    def ask(self, method: str, path: str, **body: object) -> Any:
        """Send one request, give the reply's JSON."""
        request = urllib.request.Request(  # noqa: S310 - the address is the runner's own
            f"{self.api}/repos/{self.repository}/git/{path}",
            method=method,
            data=json.dumps(body).encode() if body else None,
            headers={"authorization": f"Bearer {self.token}", "accept": "application/vnd.github+json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310
                return json.load(reply)
        except urllib.error.HTTPError as error:
            told = {"method": method, "path": path, "status": error.code, "reason": error.reason}
            raise ReleaseError(REFUSED.format(**told)) from error

    def tags(self, prefix: str) -> dict[str, str]:
        """List the tags that begin so, each with its object."""
        found = self.ask("GET", f"matching-refs/tags/{prefix}")
        return {ref["ref"].removeprefix("refs/tags/"): ref["object"]["sha"] for ref in found}


def publish(github: GitHub, source: str, version: str, action: str) -> str:
    """Commit action.yml on top of the source commit, tag it v1.2.3, and let v1 follow; says what was done.

    The commit is made by GitHub, which signs it. v1 stays where a later version is released already.
    """
    tag, major = f"v{version}", f"v{version.partition('.')[0]}"
    released = github.tags(major)
    if tag in released:
        raise ReleaseError(TAKEN.format(tag=tag))
    base = github.ask("GET", f"commits/{source}")["tree"]["sha"]
    entry = {"path": "action.yml", "mode": "100644", "type": "blob", "content": action}
    tree = github.ask("POST", "trees", base_tree=base, tree=[entry])["sha"]
    commit = github.ask("POST", "commits", message=MESSAGE.format(tag=tag), tree=tree, parents=[source])["sha"]
    github.ask("POST", "refs", ref=f"refs/tags/{tag}", sha=commit)
    what = _follow(github, major, tag, commit, released)
    return RELEASED.format(tag=tag, commit=commit, major=major, what=what)


def _follow(github: GitHub, major: str, tag: str, commit: str, released: dict[str, str]) -> str:
    if any(_order(other) > _order(tag) for other in released if re.fullmatch(rf"{major}\.\d+\.\d+", other)):
        return "left at a later version"
    if major in released:
        github.ask("PATCH", f"refs/tags/{major}", sha=commit, force=True)
    else:
        github.ask("POST", "refs", ref=f"refs/tags/{major}", sha=commit)
    return "the same"


def _order(tag: str) -> tuple[int, ...]:
    return tuple(int(number) for number in tag.removeprefix("v").split("."))


def main(arguments: list[str]) -> None:
    """Do what the first word says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("check", "notes", "publish"))
    parser.add_argument("tag")
    parser.add_argument("image", nargs="?", default="")
    given = parser.parse_args(arguments)
    version = check(given.tag)
    if given.step == "check":
        print(version)
    elif given.step == "notes":
        print(notes((ROOT / "CHANGELOG.md").read_text("utf-8"), version))
    else:
        github = GitHub(*(os.environ[name] for name in ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN")))
        action = pin((ROOT / "action.yml").read_text("utf-8"), given.image)
        print(publish(github, os.environ["GITHUB_SHA"], version, action))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ReleaseError as error:
        sys.exit(str(error))
