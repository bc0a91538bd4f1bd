"""What is the operator's: who may use it, and what everybody else is told."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from hubpipe.config import Flow, parse
from hubpipe.errors import ConstraintError
from hubpipe.models import embedded
from hubpipe.models.base import Places
from hubpipe.models.learned.folder import SETTINGS
from hubpipe.server.shelf import EVERYBODY, Lent, Trust, Warm

NOBODY = Trust()
OCTO = Trust(frozenset({"octo-org"}))
KEYS = Places(token="hf_secret", endpoint_key="secret", learned=Path("/somebodys"), offline=True, indexes=Path("/kept"))


class NoModel:
    """A GitHub where nothing was learned."""

    def folder(self, repo: str, path: str) -> None:
        return None


def flow(pipeline: str) -> Flow:
    text = f"version: 1\nflows:\n  one:\n    on: issues\n    pipeline: {pipeline}\n    publish: summary\n"
    found = parse(text).flows["one"]
    assert found is not None
    return found


@contextmanager
def lent(trust: Trust, wanted: Flow, repo: str = "octo-org/octo-repo") -> Iterator[Lent]:
    with Warm(KEYS, trust).lent(repo, [wanted], cast("Any", NoModel())) as found:
        yield found


@pytest.mark.threat("attack", "input")
@pytest.mark.parametrize(
    ("pipeline", "wanted"),
    [
        ("{task: text-classification, model: /etc}", "/etc"),
        ("{task: text-classification, model: ./models}", "./models"),
        ("{task: text-classification, model: octo-org/large}", "octo-org/large"),
        ("octo-org/large", "octo-org/large"),
        ("{task: text-generation, model: any, endpoint: 'https://169.254.169.254/v1'}", "an endpoint"),
        ("[{task: translation, model: octo-org/x, target_language: en}, {model: auto}]", "octo-org/x"),
    ],
)
def test_a_strangers_configuration_reaches_nothing_of_the_operators(pipeline: str, wanted: str) -> None:
    asked = flow(pipeline)
    with lent(NOBODY, asked) as models, pytest.raises(ConstraintError, match=wanted) as told:
        models.resolve(asked)
    assert "hubpipe serve --trust octo-org" in str(told.value)


@pytest.mark.parametrize(
    ("model", "task"),
    [
        *((model, "zero-shot-classification") for model in ("embedded", "auto", "fake:label=bug")),
        ("zero-day", "text-classification"),
    ],
)
def test_what_comes_with_hubpipe_is_for_everybody(model: str, task: str) -> None:
    asked = flow(f'{{task: {task}, model: "{model}", labels: [bug, question]}}')
    with lent(NOBODY, asked) as models:
        assert models.resolve(asked).pipeline[0].model


def test_a_trusted_owners_name_may_be_written_in_any_case() -> None:
    assert OCTO.includes("Octo-Org/x")
    assert not OCTO.includes("octo-organisation/octo-org")
    assert EVERYBODY.includes("anybody/x")


@pytest.mark.threat("attack", "secrets")
def test_the_operators_keys_and_folder_are_not_lent_to_strangers() -> None:
    asked = flow("{task: zero-shot-classification, model: embedded, labels: [bug, question]}")
    with lent(NOBODY, asked) as models:
        places = models._shelf.places
    assert (places.token, places.endpoint_key, places.learned, places.indexes) == (None, None, None, None)
    with lent(OCTO, asked) as models:
        places = models._shelf.places
    assert (places.token, places.endpoint_key, places.learned) == ("hf_secret", "secret", None)
    assert places.indexes == Path("/kept")


class Learned:
    """A GitHub where somebody has written a learned model into a repository, over an encoder of their choice."""

    def __init__(self, encoder: object):
        self._settings = json.dumps({"encoder": {"model": encoder, "revision": None}}).encode()

    def folder(self, repo: str, path: str) -> dict[str, bytes]:
        return {SETTINGS: self._settings}


@pytest.mark.threat("attack", "input")
@pytest.mark.parametrize("encoder", ["/", "./models", "octo-org/large", None])
def test_a_strangers_learned_model_names_no_encoder_but_our_own(encoder: object) -> None:
    asked = flow("{task: zero-shot-classification, model: auto, labels: [bug, question]}")
    with ExitStack() as stack:
        github = cast("Any", Learned(encoder))
        models = stack.enter_context(Warm(KEYS, NOBODY).lent("octo-org/octo-repo", [asked], github))
        with pytest.raises(ConstraintError, match="--trust octo-org"):
            models.resolve(asked)
        own = stack.enter_context(Warm(KEYS, NOBODY).lent("a/b", [asked], cast("Any", Learned(embedded.REPO))))
        # What else is wrong with it is told by whoever reads it: the zero-day model speaks.
        assert own.resolve(asked).pipeline[0].model == "auto"
