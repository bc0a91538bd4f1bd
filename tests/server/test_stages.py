"""Where a retry begins: with what GitHub refused, else with the configuration."""

import pytest

from hubpipe.server.journal import PAUSE
from hubpipe.server.stages import Stage, again_at

REFUSED = {"error": {"kind": "ForbiddenError", "words": "the token may not", "until": None}}


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ("", 0),
        ("read infer", 0),
        ("read -infer", 1),
        ("read -infer . infer -decide", 4),
        ("-read . -read . read -infer . -infer . -infer", 5),
        # Another flow goes on behind the one that failed.
        ("-read read infer -infer", 0),
        ("read -labels . -labels comment -comment", 1),
        # Its worker was ended again and again.
        ("read -infer .", 1),
    ],
)
def test_a_retry_begins_with_the_first_try_of_the_first_stage_that_failed_for_good(told: str, place: int) -> None:
    stages = [
        Stage(PAUSE, None, None, 1.0)
        if word == "."
        else Stage(word.lstrip("-"), REFUSED if word.startswith("-") else {"value": ""}, None, 0.0)
        for word in told.split()
    ]
    assert again_at(stages) == place


@pytest.mark.parametrize(
    "error",
    [{"kind": "ModelNotFoundError"}, {"kind": "TaskError"}, {"kind": "EndpointError"}, {"kind": "Unknown"}, "KeyError"],
)
def test_what_may_lie_in_the_configuration_is_done_anew_with_the_configuration(error: object) -> None:
    stages = [
        Stage("configuration", {"value": "{}"}, None, 0.0),
        Stage("kind: resolve", {"error": error}, None, 0.0),
    ]
    assert again_at(stages) == 0
