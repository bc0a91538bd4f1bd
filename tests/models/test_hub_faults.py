"""A Hub that refuses, lacks a model or is away: what is told, and what to do about it."""

from collections.abc import Iterator

import pytest

from hubpipe.config import Step
from hubpipe.errors import ModelError, ModelNotFoundError
from hubpipe.models import describe, load
from hubpipe.models.base import Places
from hubpipe.models.hub import Repository, fetch, locate
from tests.models.hub_server import TOKEN, LocalHub, Stored, reached, served

NAME = "octo-org/tiny-bugs"
STEP = Step(task="text-classification", model=NAME)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    files = {"model.safetensors": b"weights", "config.json": b"{}", "tokenizer.json": b"{}"}
    with reached(LocalHub({NAME: Stored(files)}), monkeypatch) as running:
        yield running


@pytest.fixture
def model(hub: LocalHub) -> Stored:
    return hub.models[NAME]


def found(places: Places) -> Repository:
    return locate(NAME, None, places)


def test_a_model_that_is_not_there_is_told_as_such(hub: LocalHub, online: Places) -> None:
    with pytest.raises(ModelNotFoundError, match="the Hub has no such model"):
        load(STEP.model_copy(update={"model": "octo-org/none"}), {}, online)


def test_a_revision_that_is_not_there_is_told_as_such(hub: LocalHub, online: Places) -> None:
    with pytest.raises(ModelNotFoundError, match="has no revision no-such-branch"):
        load(STEP.model_copy(update={"revision": "no-such-branch"}), {}, online)


def test_a_name_that_cannot_be_one_is_told_as_such(online: Places) -> None:
    with pytest.raises(ModelNotFoundError, match="no model name"):
        load(Step(task="text-classification", model="a/b/c"), {}, online)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (500, r"the Hub did not answer for .*status 500"),
        (503, r"the Hub did not answer for .*status 503"),
        (429, r"the Hub asks to wait .*hub-token"),
        (403, r"the token may not read .*hub-token"),
    ],
)
def test_a_hub_that_refuses_or_is_away_is_told_as_such(hub: LocalHub, online: Places, status: int, told: str) -> None:
    hub.status = status
    with pytest.raises(ModelError, match=told):
        load(STEP, {}, online)


@pytest.mark.usefixtures("no_waiting")
def test_a_hub_that_goes_away_between_lookup_and_download_is_told_as_such(hub: LocalHub, online: Places) -> None:
    repository = found(online)
    hub.status = 503
    with pytest.raises(ModelError, match=r"the Hub did not answer for .*status 503"):
        fetch(repository, online)


def test_a_hub_that_nobody_hears_is_told_as_such(hub: LocalHub, online: Places) -> None:
    repository = found(online)
    with served(LocalHub({})) as gone:
        url = gone.url
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("huggingface_hub.constants.ENDPOINT", url)
        with pytest.raises(ModelError, match=r"the Hub did not answer for .*ConnectError"):
            locate(repository.name, None, online)


def test_what_is_no_hub_is_told_as_such(hub: LocalHub, online: Places) -> None:
    hub.answer = lambda path, headers: (200, {}, b"<html>Log in to the wireless network</html>")  # type: ignore[method-assign]
    with pytest.raises(ModelError, match=r"what answers for .* is no Hub.*HF_ENDPOINT"):
        load(STEP, {}, online)


def test_a_gated_model_says_how_to_get_in_and_comes_with_a_token(hub: LocalHub, model: Stored, online: Places) -> None:
    model.gated = True
    with pytest.raises(
        ModelNotFoundError, match=rf"is gated: accept its terms at https://.*/{NAME}, and set hub-token"
    ):
        load(STEP, {}, online)
    assert hub.downloaded == []
    inside = Places(cache=online.cache, token=TOKEN)
    assert describe(STEP, inside).gated
    assert fetch(found(inside), inside).name == NAME


def test_a_token_that_the_hub_does_not_know_is_told_without_repeating_it(hub: LocalHub, online: Places) -> None:
    wrong = Places(cache=online.cache, token="hf_of_yesterday")
    with pytest.raises(ModelError, match=r"does not accept the token .*hub-token") as caught:
        load(STEP, {}, wrong)
    assert "yesterday" not in str(caught.value)
