"""What the environment's variables say is taken, or refused with what to write."""

import pytest

from hubpipe import world
from hubpipe.errors import UsageError


@pytest.mark.parametrize("value", ["soon", "nan", "inf", "-1"])
def test_a_number_of_seconds_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match=f"HUBPIPE_WRITE_PACING must be a number of seconds, not '{value}'"):
        world.connect("token", {"HUBPIPE_WRITE_PACING": value})
