"""What the environment's variables say is taken, or refused with what to write."""

from pathlib import Path

import pytest

from hubpipe import config, world
from hubpipe.errors import UsageError
from hubpipe.models.base import Places


@pytest.mark.parametrize("value", ["soon", "nan", "inf", "-1"])
def test_a_number_of_seconds_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match=f"HUBPIPE_WRITE_PACING must be a number of seconds, not '{value}'"):
        world.connect("token", {"HUBPIPE_WRITE_PACING": value})


def test_a_model_is_found_where_a_training_ended_in_the_middle_of_replacing_it(tmp_path: Path) -> None:
    (tmp_path / "model.old").mkdir()
    named = Places(learned=tmp_path / "model")
    with world.with_learned(named, config.default().flows.values(), "octo-org/octo-repo", None, keeps=False) as found:
        assert found.learned == tmp_path / "model.old"
