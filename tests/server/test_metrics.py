"""The bot's numbers: by kinds that hubpipe knows, whatever a configuration or a command names its stages."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY

from hubpipe.server import metrics
from hubpipe.server.ledger import Ledger
from tests.server.visitor import put


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


@pytest.mark.threat("attack", "input")
def test_however_many_ask_the_deliveries_are_counted_once_in_a_while(book: Ledger) -> None:
    put(book)
    statements: list[str] = []
    sa.event.listen(book.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    waiting = metrics.Waiting(book, seconds=3600)
    with ThreadPoolExecutor(8) as pool:
        told = set(pool.map(lambda _: b"hubpipe_queue_depth 1.0" in metrics.exposition(waiting)[0], range(32)))
    assert told == {True}
    once = len(statements)
    assert once == 2
    always = metrics.Waiting(book, seconds=0)
    assert [len(list(always.collect())) for _ in range(2)] == [3, 3]
    assert len(statements) == 3 * once
