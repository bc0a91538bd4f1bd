"""The bot's numbers: by kinds that hubpipe knows, whatever a configuration or a command names its stages."""

import pytest
from prometheus_client import REGISTRY

from hubpipe.server import metrics


@pytest.mark.parametrize("name", ["kind: reaction", "a: stranger's: flow: reaction", "/hubpipe undo: reaction 17"])
def test_an_effect_is_counted_by_its_kind_alone(name: str) -> None:
    def count() -> float:
        return REGISTRY.get_sample_value("hubpipe_effects_total", {"kind": "reaction"}) or 0.0

    before = count()
    with metrics.stage(name):
        pass
    assert count() == before + 1
    stages = {sample.labels.get("stage") for one in metrics.STAGES.collect() for sample in one.samples}
    assert not {stage for stage in stages if stage and not stage.isalpha()}
