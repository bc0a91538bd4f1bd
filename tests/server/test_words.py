"""Lines of the log: JSON, with the delivery they are about, and without a secret."""

import json
import logging
from typing import Any

import pytest

from hubpipe.redaction import Redaction
from hubpipe.server.words import _Lines
from tests.leaked import LEAKED, holds

OWN = "a-secret-of-ours-0815"
GUID = "72d3162e-cc78-11e3-81ab-4c9367dc0958"


def line(message: str, *given: object, delivery: str | None = None, fault: Exception | None = None) -> Any:
    told = (type(fault), fault, None) if fault else None
    record = logging.LogRecord("hubpipe", logging.INFO, __file__, 1, message, given, told)
    if delivery is not None:
        record.delivery = delivery
    return json.loads(_Lines(Redaction((OWN,))).format(record))


def test_a_line_is_json_with_the_delivery_it_is_about() -> None:
    found = line('it said "%s"\nand more', "x", delivery=GUID)
    assert {
        "level": "INFO",
        "name": "hubpipe",
        "message": 'it said "x"\nand more',
        "delivery": GUID,
    }.items() <= found.items()
    assert "delivery" not in line("nothing")


@pytest.mark.parametrize("secret", [OWN, *LEAKED.values()], ids=["own", *LEAKED])
def test_no_secret_stands_in_a_line(secret: str) -> None:
    fault = ValueError(f"it got {secret} .")
    found = line("it got %s .", secret, delivery=GUID, fault=fault)
    assert not holds(json.dumps(found), secret)
    assert "[redacted]" in found["message"]
    assert found["delivery"] == GUID


def test_a_delivery_that_is_no_guid_is_looked_at_too() -> None:
    assert line("x", delivery='a "quoted" name')["delivery"] == 'a "quoted" name'
    assert line("x", delivery=f"deliver-{OWN}")["delivery"] == "deliver-[redacted]"
