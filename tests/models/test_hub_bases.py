"""A model that brings a second one: the second is found, held against the rules and reported before any download."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hubpipe.check import text
from hubpipe.config import ModelRules, Step
from hubpipe.errors import ConstraintError, ModelError, ModelNotFoundError, TaskError, UnsafeModelError
from hubpipe.models import describe, load
from hubpipe.models.base import Places, Terms
from tests.models.hub_server import COMMIT, LocalHub, Stored, reached
from tests.test_check import checked, flow_of

TOPICS, ENCODER = "octo-org/topics", "octo-org/encoder"
STEP = Step(task="text-classification", model=TOPICS, revision=COMMIT)
ANY = ModelRules()
PINNED = STEP.model_copy(update={"base_revision": COMMIT})


@pytest.fixture
def hub(specimen: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """A Hub with topics and, in a repository of its own, the encoder that they were embedded with."""
    folder = specimen("bertopic", "text-classification")
    topics = Stored.of(folder, metadata={"library_name": "bertopic", "cardData": {"license": "mit"}})
    settings = json.loads(topics.files["config.json"])
    encoder = Stored.of(Path(settings["embedding_model"]), metadata={"cardData": {"license": "gpl-3.0"}})
    topics.files["config.json"] = json.dumps({**settings, "embedding_model": ENCODER}).encode()
    with reached(LocalHub({TOPICS: topics, ENCODER: encoder}), monkeypatch) as running:
        yield running


def refused(
    hub: LocalHub, places: Places, told: str, kind: type[ModelError] = ConstraintError, rules: ModelRules = ANY
) -> None:
    """Hold that loading the topics is refused before a weight is downloaded."""
    with pytest.raises(kind, match=told):
        load(STEP, {}, places, Terms(rules))
    assert not [name for name in hub.downloaded if name.endswith(".safetensors")]


def test_the_encoder_of_topics_is_told_with_its_commit_and_licence(hub: LocalHub, online: Places) -> None:
    needs = describe(STEP, online)
    assert (needs.base_model, needs.base_revision) == (ENCODER, COMMIT)
    assert (needs.license, needs.base_license) == ("mit", "gpl-3.0")
    assert (needs.pinned, needs.base_pinned, needs.limit) == (True, False, 62)
    assert describe(PINNED, online).base_pinned
    [flow] = [checked(flow_of({"model": TOPICS, "task": "text-classification"}), online)]
    assert (
        f"  base model   {ENCODER}@{COMMIT[:12]}, licence gpl-3.0, may change: pin it with base_revision: {COMMIT}\n"
    ) in text((flow,))
    loaded = load(STEP, {}, online)
    assert (loaded.info.repo, loaded.info.base) == (TOPICS, f"{ENCODER}@{COMMIT}")


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"require_pinned": True}, f"{ENCODER}: models.require_pinned is set.*write base_revision: {COMMIT}"),
        ({"licenses": ["mit"]}, f"{ENCODER} has the licence gpl-3.0"),
        ({"max_memory": 2_000}, "needs about 9,430 MB of memory"),
    ],
    ids=str,
)
def test_the_encoder_of_topics_keeps_to_the_rules(
    hub: LocalHub, online: Places, rules: dict[str, object], told: str
) -> None:
    hub.models[ENCODER].sizes["model.safetensors"] = 9_000_000_000
    strict = ModelRules.model_validate({"max_memory": 20_000, **rules})
    assert describe(STEP, online, Terms(strict)).problems
    refused(hub, online, told, rules=strict)


def test_a_pinned_encoder_loads_under_strict_rules(hub: LocalHub, online: Places) -> None:
    rules = ModelRules(require_pinned=True, licenses=("mit", "gpl-3.0"))
    assert load(PINNED, {}, online, Terms(rules)).info.library == "bertopic"


def test_an_encoder_that_cannot_be_had_is_told_before_the_topics_are_downloaded(hub: LocalHub, online: Places) -> None:
    hub.models[ENCODER].gated = True
    refused(hub, online, "octo-org/encoder is gated", ModelNotFoundError)
    del hub.models[ENCODER]
    refused(hub, online, "octo-org/encoder: the Hub has no such model", ModelNotFoundError)


@pytest.mark.threat("attack", "supply-chain")
def test_an_encoder_that_is_a_pickle_is_refused(hub: LocalHub, online: Places) -> None:
    files = hub.models[ENCODER].files
    files["pytorch_model.bin"] = files.pop("model.safetensors")
    refused(hub, online, "octo-org/encoder has its weights only in pytorch_model.bin", UnsafeModelError)


def test_topics_of_the_hub_name_no_folder_of_this_machine(hub: LocalHub, online: Places, tmp_path: Path) -> None:
    hub.models[TOPICS].files["config.json"] = json.dumps({"embedding_model": str(tmp_path)}).encode()
    refused(hub, online, "names none of the Hub", TaskError)
