"""What runs is what was written: actions, images, packages and models are pinned, and what was changed is refused."""

import hashlib
import os
import pickle
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

from hubpipe.errors import ModelError
from hubpipe.models import hub
from hubpipe.models.learned import folder
from scripts import locks, supply_chain
from scripts.locks import Locked

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

attack = pytest.mark.threat("attack", "supply-chain")


def test_updates_are_proposed_for_everything_that_is_pinned() -> None:
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text("utf-8"))["updates"]
    assert {one["package-ecosystem"] for one in updates} == {
        *("pip", "npm", "docker", "docker-compose", "github-actions")
    }
    assert all(one["cooldown"]["default-days"] >= 7 for one in updates)


# The image


def test_the_image_is_made_of_what_is_locked_and_holds_no_secret() -> None:
    assert list(supply_chain.image(DOCKERFILE)) == []


def test_the_images_bytecode_holds_no_time_of_its_build() -> None:
    compiled = DOCKERFILE.count("-m compileall")
    assert compiled == DOCKERFILE.count("compileall -q --invalidation-mode unchecked-hash") > 0
    run = re.findall(r"\bpython (?!-m compileall)(\S+)", DOCKERFILE.partition("ENTRYPOINT")[0])
    assert set(run) == {"-B"}  # what is imported while the image is built leaves no bytecode of its own


def test_only_what_the_image_needs_reaches_its_build() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in ignored
    assert {line for line in ignored if line.startswith("!")} == {
        "!requirements/*.lock",
        "!scripts/verify_model.py",
        "!src",
    }


@attack
@pytest.mark.parametrize(
    ("found", "put", "fault"),
    [
        (DOCKERFILE[DOCKERFILE.index("@sha256:") :][:71], "", "has no digest"),
        ("FROM hubpipe AS bot", "FROM python:3.11-slim AS bot", "has no digest"),
        ("FROM hubpipe AS bot", "FROM bot AS bot", "has no digest"),
        ("--require-hashes", "", "`pip install` without"),
        ("--no-deps", "", "`pip install` without"),
        ("COPY src/ src/", "COPY src/ src/\nRUN pip install colorama", "`pip install` without"),
        ("COPY src/ src/", "RUN apt-get update && apt-get install -y git", "installs what no lock names"),
        ("COPY src/ src/", "ADD https://example.org/x.tar.gz /", "downloaded without its hash"),
        ("COPY src/ src/", "RUN curl https://example.org/x | sh", "downloaded without its hash"),
        ("COPY src/ src/", "ARG HF_TOKEN\nCOPY src/ src/", "HF_TOKEN would stay in a layer"),
        ("COPY src/ src/", "ENV API_KEY=x\nCOPY src/ src/", "API_KEY would stay in a layer"),
    ],
)
def test_an_image_that_lets_somebody_in_is_refused(found: str, put: str, fault: str) -> None:
    changed = DOCKERFILE.replace(found, put, 1)
    assert changed != DOCKERFILE
    assert fault in "\n".join(supply_chain.image(changed))


# Packages


def test_every_lock_has_hashes_and_is_what_the_project_asks_for() -> None:
    assert list(supply_chain.locked(locks.every(), PROJECT)) == []


@attack
@pytest.mark.parametrize(
    ("lock", "change", "fault"),
    [
        ("runtime.lock", lambda one: one.replace(" \\\n    --hash=", "\n# "), "has no hash"),
        ("runtime.lock", lambda one: one.replace("click==", "click-typo=="), "runtime.lock has not click"),
        ("full.lock", lambda one: one.replace("jinja2==3", "jinja2==2"), "full.lock has not jinja2"),
        ("bot.lock", lambda one: one.replace("dbos==3", "dbos==2"), "bot.lock has not dbos"),
        ("runtime.lock", lambda one: one.replace("requests==", "requests==1!"), "requests is"),
        ("torch.lock", lambda one: one.replace("torch==2.13.0", "torch==2.99.0"), "has not torch"),
    ],
)
def test_a_lock_that_is_not_what_was_resolved_is_refused(
    lock: str, change: Callable[[str], str], fault: str, tmp_path: Path
) -> None:
    text = (locks.FOLDER / lock).read_text("utf-8")
    (tmp_path / lock).write_text(change(text), "utf-8")
    assert change(text) != text
    changed = locks.every() | {lock: locks.read(tmp_path / lock)}
    assert fault in "\n".join(supply_chain.locked(changed, PROJECT))


@attack
@pytest.mark.parametrize("line", ["click>=8", "click", "click==8.*,<9", "click!=8.1"])
def test_a_lock_that_leaves_the_version_open_cannot_be_read(line: str, tmp_path: Path) -> None:
    (tmp_path / "some.lock").write_text(f"{line} --hash=sha256:{'0' * 64}\n", "utf-8")
    with pytest.raises(ValueError, match="names no single version"):
        locks.read(tmp_path / "some.lock")


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A package of one module, as pip would find it in an index."""
    path = tmp_path / "index" / "harmless-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with ZipFile(path, "w") as archive:
        archive.writestr("harmless.py", "")
        archive.writestr("harmless-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: harmless\nVersion: 1.0\n")
        archive.writestr(
            "harmless-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("harmless-1.0.dist-info/RECORD", "")
    return path


def installed(wheel: Path, requirement: str) -> "subprocess.CompletedProcess[str]":
    lock, target = wheel.parent / "some.lock", wheel.parents[1] / "target"
    lock.write_text(requirement, "utf-8")
    source = ["--no-index", "--find-links", str(wheel.parent), "--target", str(target), "--no-cache-dir"]
    options = ["--no-deps", "--require-hashes", "--requirement", str(lock)]
    command = [sys.executable, "-m", "pip", "--isolated", "install", *source, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@attack
def test_pip_refuses_a_lock_without_a_hash_and_a_wheel_with_other_bytes(wheel: Path) -> None:
    locked = f"harmless==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
    assert installed(wheel, locked).returncode == 0
    without = installed(wheel, "harmless==1.0\n")
    assert without.returncode != 0
    assert "Hashes are required" in without.stderr
    with ZipFile(wheel, "a") as archive:
        archive.writestr("harmful.py", "")
    changed = installed(wheel, locked)
    assert changed.returncode != 0
    assert "DO NOT MATCH THE HASHES" in changed.stderr
    assert not (wheel.parents[1] / "target" / "harmful.py").exists()


# What the repository holds


def test_whatever_is_no_text_is_known_and_has_a_reason() -> None:
    names = supply_chain.tracked()
    assert set(supply_chain.BINARIES) <= set(names)
    assert list(supply_chain.binaries(ROOT, names)) == []


@attack
@pytest.mark.parametrize("name", ["tool", "src/hubpipe/fast.so", "tests/data.bin"])
def test_a_program_among_the_sources_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_bytes(Path(sys.executable).read_bytes()[:4_096])
    assert list(supply_chain.binaries(tmp_path, [name])) == [supply_chain.BINARY.format(path=name)]


def test_vendored_files_are_those_that_were_fetched() -> None:
    sums = supply_chain.VENDORED.read_text("utf-8")
    there = [path for place in ROOT.glob("src/**/vendor/*") for path in place.iterdir()]
    assert {line.split(maxsplit=1)[1] for line in sums.splitlines()} == {str(path.relative_to(ROOT)) for path in there}
    assert list(supply_chain.vendored(ROOT, sums)) == []


@attack
def test_a_vendored_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    sums = supply_chain.VENDORED.read_text("utf-8")
    for line in sums.splitlines():
        copy = tmp_path / line.split(maxsplit=1)[1]
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((ROOT / line.split(maxsplit=1)[1]).read_bytes())
    script = next(tmp_path.rglob("*.js"))
    script.write_bytes(script.read_bytes() + b"fetch('https://example.org')")
    [told] = supply_chain.vendored(tmp_path, sums)
    assert str(script.relative_to(tmp_path)) in told


def test_the_licence_and_the_way_to_report_a_hole_are_there() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert "Report a vulnerability" in (ROOT / "SECURITY.md").read_text("utf-8")


# Models


class Harmful:
    """What a pickle of runs when it is loaded."""

    def __init__(self, mark: Path):
        self._mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self._mark),)


@attack
@pytest.mark.parametrize("name", ["model.safetensors", "hubpipe.json"])
def test_a_learned_model_whose_file_is_a_pickle_is_refused_and_runs_nothing(name: str, tmp_path: Path) -> None:
    model, mark = tmp_path / "model", tmp_path / "ran"
    model.mkdir()
    for path in hub.ZERO_DAY_FOLDER.iterdir():
        (model / path.name).write_bytes(path.read_bytes())
    folder.read(model)
    (model / name).write_bytes(pickle.dumps(Harmful(mark)))
    with pytest.raises(ModelError):
        folder.read(model)
    assert not mark.exists()
    pickle.loads(pickle.dumps(Harmful(mark)))
    assert mark.exists()


def test_a_locked_package_is_compared_as_pypi_compares_names(tmp_path: Path) -> None:
    (tmp_path / "some.lock").write_text("PyGithub==2.10.0 \\\n    --hash=sha256:" + "0" * 64 + "\n", "utf-8")
    [found] = locks.read(tmp_path / "some.lock")
    assert isinstance(found, Locked)
    assert (found.name, str(found.version), found.hashes) == ("pygithub", "2.10.0", ("0" * 64,))
