"""What a repository's configuration may name of the bot's machine, its network and its keys: what its owner names."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from hubpipe import config, run
from hubpipe.errors import ConstraintError, UsageError
from hubpipe.event import Event, Subject
from hubpipe.models.base import Places
from hubpipe.server.reach import Reach, reach
from hubpipe.server.settings import Asked, settings
from hubpipe.server.shelf import EVERYBODY, Lent, Warm
from hubpipe.sinks import dry_run

EVENT = Event("issues", "opened", "octo-org/editor", Subject("issue", 1, "It crashes", "with an exception"))
FLOW = """version: 1
flows:
  kind:
    on: {issues: [opened]}
    pipeline: {task: zero-shot-classification, labels: [bug, question], %s}
    publish: labels
"""


def handled(step: str, allowed: Reach, **places: Any) -> Exception | None:
    """Run a flow of a stranger's configuration, and give what it failed with."""
    warm = Warm(Places(offline=True, **places), EVERYBODY, allowed)
    settings = config.parse(FLOW % step, "hubpipe.yml")
    with ExitStack() as stack:
        # Nothing of these flows is asked of GitHub.
        lent = Lent(warm, tuple(filter(None, settings.flows.values())), EVENT.repo, None, stack)  # type: ignore[arg-type]
        [flow] = run.handle(EVENT, settings, None, lent, dry_run.publish).flows
    return flow.error


@pytest.mark.threat("attack", "permissions")
@pytest.mark.parametrize(
    "place",
    [
        "https://collects-keys.example/classify",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:1/classify",
        "https://models.example.org:8443/classify",
        "http://models.example.org/classify",
        "hf-inference",
    ],
)
def test_an_endpoint_that_the_owner_has_not_named_is_not_asked(place: str) -> None:
    named = reach({"HUBPIPE_ENDPOINTS": "https://models.example.org"})
    error = handled(f"model: org/model, endpoint: '{place}'", named, endpoint_key="the owner's", token="hf_owners")
    assert isinstance(error, ConstraintError)
    assert "HUBPIPE_ENDPOINTS" in str(error)


def test_any_path_of_an_address_that_the_owner_has_named_may_be_asked_and_a_provider() -> None:
    named = reach({"HUBPIPE_ENDPOINTS": " https://MODELS.example.org/v1,\nhf-inference "})
    for place in ("https://models.example.org/other", "https://models.example.org:443/kinds", "hf-inference"):
        error = handled(f"model: org/model, endpoint: '{place}'", named)
        # It goes on to the endpoint itself, which is not asked offline.
        assert not isinstance(error, ConstraintError)
        assert error is not None


@pytest.mark.threat("attack", "permissions")
@pytest.mark.parametrize("folder", ["/", "/etc", "./models", "../models"])
def test_no_folder_of_the_bots_machine_is_looked_at(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Path] = []

    def rglob(self: Path, pattern: str) -> Iterator[Path]:
        looked.append(self)
        return iter(())

    monkeypatch.setattr(Path, "rglob", rglob)
    error = handled(f"model: {folder}", Reach())
    assert isinstance(error, ConstraintError)
    assert folder in str(error)
    assert looked == []


@pytest.mark.parametrize(
    "named", ["https://", "ftp://models.example.org", "https://user:word@models.example.org", "A B!"]
)
def test_what_is_no_endpoint_ends_the_bot_before_it_begins(named: str) -> None:
    environ = {"HUBPIPE_WEBHOOK_SECRET": "x", "GITHUB_TOKEN": "y", "HUBPIPE_ENDPOINTS": named}
    with pytest.raises(UsageError, match="HUBPIPE_ENDPOINTS"):
        settings(Asked(), environ)


def test_the_bot_asks_what_its_environment_names_and_nothing_by_itself() -> None:
    environ = {"HUBPIPE_WEBHOOK_SECRET": "x", "GITHUB_TOKEN": "y"}
    assert settings(Asked(), environ).reach == Reach()
    assert settings(Asked(), environ | {"HUBPIPE_ENDPOINTS": "together"}).reach == Reach(frozenset({"together"}))
