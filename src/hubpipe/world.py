"""Turn the environment's variables into what a run needs: GitHub, the places of models, the configuration."""

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hubpipe import config
from hubpipe.config import Config, Flow
from hubpipe.config.steps import AUTO, LEARNED
from hubpipe.deadline import Deadline
from hubpipe.errors import ConfigError, Problem, UsageError
from hubpipe.models.base import Places

if TYPE_CHECKING:
    from hubpipe.github import GitHub
    from hubpipe.github.app import App

log = logging.getLogger("hubpipe")

INDEX = "{repo}.safetensors"

NO_FILE_HERE = f"no {config.PATH} here: this is the default configuration"
NO_FILE_THERE = f"{{repo}} has no {config.PATH} on its default branch that the token can read: default configuration"
NO_FILE = "the default branch has no such file, or the token may not read it"
NOT_READABLE = "cannot be read: {reason}"
EXTENDS_NEEDS_TOKEN = "{base} can only be read through GitHub: set GITHUB_TOKEN"  # noqa: S105 - no secret


def places(environ: Mapping[str, str]) -> Places:
    """Tell where models may be found, and the keys to them.

    The Hub's own variables (HF_HOME, HF_ENDPOINT, ...) are honoured by the Hub's own library.
    """
    embedded, learned = environ.get("HUBPIPE_EMBEDDED_MODEL"), environ.get("HUBPIPE_LEARNED_MODEL")
    indexes = environ.get("HUBPIPE_INDEXES")
    return Places(
        embedded=Path(embedded) if embedded else None,
        learned=Path(learned) if learned else None,
        indexes=Path(indexes) if indexes else None,
        offline=environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"),
        token=environ.get("HF_TOKEN", "").strip() or None,
        endpoint_key=environ.get("HUBPIPE_ENDPOINT_KEY", "").strip() or None,
    )


@contextmanager
def with_learned(
    found: Places, flows: Iterable[Flow | None], repo: str, github: "GitHub | None", *, keeps: bool
) -> Iterator[Places]:
    """Add the model that was learned of a repository to the places, where one of the flows may use it.

    What is learned of the event is kept only where the run `keeps` something: one that publishes nothing does not.

    A folder that the environment names, and that is there, goes before the one on the repository's default branch;
    without GitHub the working directory's is taken, as its configuration is.
    """
    if not _uses_learned(flows):
        yield found
        return
    from hubpipe.models.learned.folder import standing

    named = standing(found.learned) if found.learned is not None else None
    if named is not None and named.is_dir():
        yield replace(found, learned=named, keeps=keeps)
        return
    if github is None:
        here = standing(Path(config.LEARNED))
        yield replace(found, learned=here) if here.is_dir() else found
        return
    files = github.folder(repo, config.LEARNED)
    if files is None:
        yield found
        return
    with TemporaryDirectory(prefix="hubpipe-learned-") as kept:
        for name, data in files.items():
            # Only names without a folder: what else lies there is nothing of a model's.
            if "/" not in name:
                (Path(kept) / name).write_bytes(data)
        index = found.indexes / INDEX.format(repo=repo.replace("/", "@").lower()) if keeps and found.indexes else None
        yield replace(found, learned=Path(kept), index=index)


def _uses_learned(flows: Iterable[Flow | None]) -> bool:
    return any(step.model in (AUTO, LEARNED) for flow in flows if flow is not None for step in flow.pipeline)


def connect(token: str | Callable[[], str], environ: Mapping[str, str], deadline: Deadline | None = None) -> "GitHub":
    """Open GitHub, at the server that the environment names; nothing is sent to it after `deadline`."""
    from hubpipe.github import DEFAULT_API_URL, GitHub

    return GitHub(
        token,
        environ.get("GITHUB_API_URL") or DEFAULT_API_URL,
        graphql_url=environ.get("GITHUB_GRAPHQL_URL") or None,
        server_url=environ.get("GITHUB_SERVER_URL") or None,
        pacing=_seconds(environ, "HUBPIPE_WRITE_PACING", 1.0),
        patience=_seconds(environ, "HUBPIPE_PATIENCE", 60.0),
        timeout=max(1, round(_seconds(environ, "HUBPIPE_REQUEST_TIMEOUT", 30.0))),
        deadline=deadline,
    )


def addresses(environ: Mapping[str, str]) -> tuple[str, str | None]:
    """Give the addresses of GitHub's API and, where the environment names it, of its pages."""
    from hubpipe.github import DEFAULT_API_URL

    return environ.get("GITHUB_API_URL") or DEFAULT_API_URL, environ.get("GITHUB_SERVER_URL") or None


def connect_app(app_id: int, private_key: str, environ: Mapping[str, str]) -> "App":
    """Open GitHub as an App, at the server that the environment names.

    Raises UsageError for a private key that is none.
    """
    from hubpipe.github import DEFAULT_API_URL
    from hubpipe.github.app import App

    return App(
        app_id,
        private_key,
        environ.get("GITHUB_API_URL") or DEFAULT_API_URL,
        patience=_seconds(environ, "HUBPIPE_PATIENCE", 60.0),
        timeout=max(1, round(_seconds(environ, "HUBPIPE_REQUEST_TIMEOUT", 30.0))),
    )


def configuration(repo: str, path: str, github: "GitHub | None") -> Config:
    """Read the configuration from the repository's default branch, never from a pull request's head.

    A repository without the usual file, or one that cannot be asked, has the default configuration.
    """
    if github is None:
        return config.default()
    text = github.file(repo, path)
    if text is not None:
        return config.resolve(text, path, lambda base: github.file(base, config.PATH))
    if path == config.PATH:
        log.info(NO_FILE_THERE.format(repo=repo))
        return config.default()
    raise ConfigError((Problem(path, None, "", NO_FILE),))


def configuration_here(path: Path | None, github: "GitHub | None") -> Config:
    """Read the configuration that a person names, or the working directory's usual one, or the default one."""
    usual = Path(config.PATH)
    if path is None and not usual.exists():
        log.info(NO_FILE_HERE)
        return config.default()
    return configuration_file(path or usual, github)


def configuration_file(path: Path, github: "GitHub | None") -> Config:
    """Read a configuration from a file on this machine."""

    def fetch(base: str) -> str | None:
        if github is None:
            raise ConfigError((Problem(str(path), None, "extends", EXTENDS_NEEDS_TOKEN.format(base=base)),))
        return github.file(base, config.PATH)

    return config.resolve(read_text(path), str(path), fetch)


def read_text(path: Path) -> str:
    """Read a file that a person named.

    Raises UsageError when it is not there or is no text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} {NOT_READABLE.format(reason=error.strerror)}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} {NOT_READABLE.format(reason='it is not UTF-8 text')}") from error


def _seconds(environ: Mapping[str, str], name: str, usual: float) -> float:
    try:
        found = float(environ.get(name) or usual)
    except ValueError:
        found = math.nan
    if not 0 <= found < math.inf:
        raise UsageError(f"{name} must be a number of seconds, not {environ[name]!r}")
    return found
