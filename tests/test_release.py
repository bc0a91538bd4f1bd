"""A release is the tagged commit with the image's digest in action.yml, and its tag is never moved."""

import base64
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

from hubpipe import __version__
from scripts import release
from scripts.release import GitHub, ReleaseError
from tests.standin.branches import Branch
from tests.standin.standin import StandIn

ROOT = Path(__file__).parents[1]
ACTION = (ROOT / "action.yml").read_text("utf-8")
IMAGE = f"ghcr.io/hubpipe/hubpipe@sha256:{'ab' * 32}"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The files that a release is checked by, ready for version 1.2.3."""
    package = tmp_path / "src" / "hubpipe"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('"""hubpipe."""\n\n__version__ = "1.2.3"\n', "utf-8")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.2.3\n\n- New.\n\n## 1.2.2\n\n- Old.\n", "utf-8")
    (tmp_path / "action.yml").write_text(ACTION, "utf-8")
    return tmp_path


def test_a_release_of_this_repository_has_one_place_for_the_digest() -> None:
    pinned = release.pin(ACTION, IMAGE)
    assert yaml.safe_load(pinned)["runs"] == {"using": "docker", "image": f"docker://{IMAGE}"}
    assert pinned.replace(f"docker://{IMAGE}", "Dockerfile") == ACTION


@pytest.mark.threat("attack", "supply-chain")
@pytest.mark.parametrize(
    "image",
    [
        "ghcr.io/hubpipe/hubpipe",
        "ghcr.io/hubpipe/hubpipe:1.2.3",
        "ghcr.io/hubpipe/hubpipe@sha256:abc",
        f"ghcr.io/hubpipe/hubpipe:1.2.3@sha1:{'ab' * 20}",
        f"{IMAGE}\n  entrypoint: /bin/sh",
        f"{IMAGE} # x",
    ],
)
def test_an_image_that_is_not_named_by_digest_alone_is_not_released(image: str) -> None:
    with pytest.raises(ReleaseError, match="names no image by digest"):
        release.pin(ACTION, image)


def test_an_action_that_already_names_an_image_is_not_pinned_again() -> None:
    with pytest.raises(ReleaseError, match="not exactly one line"):
        release.pin(release.pin(ACTION, IMAGE), IMAGE)


def test_a_tag_that_fits_the_code_and_the_changelog_can_be_released(tree: Path) -> None:
    assert release.check("v1.2.3-source", tree) == "1.2.3"
    assert release.notes((tree / "CHANGELOG.md").read_text("utf-8"), "1.2.3") == "- New.\n"


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ("v1.2.3", "push one like v1.2.3-source"),
        ("v1.2.3-source; id", "push one like v1.2.3-source"),
        ("v1.2.4-source", "the tag says 1.2.4"),
    ],
)
def test_a_tag_that_does_not_fit_is_refused(tree: Path, tag: str, why: str) -> None:
    with pytest.raises(ReleaseError, match=why):
        release.check(tag, tree)


def test_a_version_that_the_changelog_does_not_tell_of_is_refused(tree: Path) -> None:
    (tree / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n", "utf-8")
    with pytest.raises(ReleaseError, match="rename `## Unreleased`"):
        release.check("v1.2.3-source", tree)


def test_the_script_runs_without_any_package_and_says_what_is_wrong() -> None:
    command = [sys.executable, "-I", "-S", str(ROOT / "scripts" / "release.py"), "check", "v99.0.0-source"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr == f"the tag says 99.0.0, src/hubpipe/__init__.py says {__version__}: make them one\n"


def commit_of(standin: StandIn, tag: str) -> str:
    return str(standin.api.ask("GET", f"/repos/{standin.repo}/git/ref/tags/{tag}")["object"]["sha"])


@pytest.fixture
def publish(standin: StandIn) -> Callable[[str], str]:
    """Release a version of a repository that has an action.yml and another file."""
    source = Branch(standin.api, standin.repo, "main").commit({"action.yml": ACTION, "src/code.py": "1\n"}, "The code")
    github = GitHub(standin.url, standin.repo, standin.token)
    return lambda version: release.publish(github, source, version, release.pin(ACTION, IMAGE))


@pytest.mark.e2e
def test_the_releases_commit_has_the_digest_and_else_what_was_built(
    standin: StandIn, publish: Callable[[str], str]
) -> None:
    told = publish("1.2.3")
    commit = commit_of(standin, "v1.2.3")
    assert told == f"v1.2.3 is {commit}, and v1 is the same"
    assert commit_of(standin, "v1") == commit
    [parent] = standin.api.ask("GET", f"/repos/{standin.repo}/git/commits/{commit}")["parents"]
    [changed] = standin.api.ask("GET", f"/repos/{standin.repo}/compare/{parent['sha']}...{commit}")["files"]
    assert changed["filename"] == "action.yml"
    content = standin.api.ask("GET", f"/repos/{standin.repo}/contents/action.yml?ref=v1")["content"]
    assert f"image: docker://{IMAGE}\n" in base64.b64decode(content).decode()


@pytest.mark.e2e
@pytest.mark.threat("attack", "supply-chain")
def test_a_released_tag_is_never_moved(standin: StandIn, publish: Callable[[str], str]) -> None:
    publish("1.2.3")
    before = commit_of(standin, "v1.2.3")
    with pytest.raises(ReleaseError, match=r"the tag v1\.2\.3 exists"):
        publish("1.2.3")
    assert commit_of(standin, "v1.2.3") == before


@pytest.mark.e2e
def test_the_major_tag_follows_forward_only(standin: StandIn, publish: Callable[[str], str]) -> None:
    publish("1.2.3")
    publish("1.10.0")
    publish("10.0.0")
    assert "v1 is left at a later version" in publish("1.9.1")
    assert commit_of(standin, "v1") == commit_of(standin, "v1.10.0")
    assert commit_of(standin, "v10") == commit_of(standin, "v10.0.0")


def build(place: Path, touched: int) -> dict[str, bytes]:
    """Build the repository's tracked files from a folder of their own, each last written at `touched`."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, place / name)
        os.utime(place / name, (touched, touched))
    command = [sys.executable, "-m", "hatchling", "build", "--directory", "dist"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in (place / "dist").iterdir()}


def test_the_packages_built_twice_in_two_places_are_the_same_bytes(tmp_path: Path) -> None:
    first, second = build(tmp_path / "first", 1_600_000_000), build(tmp_path / "second" / "deeper", 1_700_000_000)
    assert set(first) == {f"hubpipe-{__version__}-py3-none-any.whl", f"hubpipe-{__version__}.tar.gz"}
    assert first == second
    with ZipFile(io.BytesIO(first[f"hubpipe-{__version__}-py3-none-any.whl"])) as wheel:
        assert "hubpipe/models/zero_day/model.safetensors" in wheel.namelist()
