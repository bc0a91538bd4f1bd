"""Every fuzz target, on every attack's text and on what once was found: `make fuzz` looks further."""

import json
from pathlib import Path

import pytest

from tests.attacks.corpus import attacks
from tests.fuzz.targets import TARGETS

ATTACKS = [text.encode("utf-8", "surrogatepass") for one in attacks() for text in (one.text, one.says)]
FOUND = {
    name: [bytes.fromhex(one) for one in found]
    for name, found in json.loads((Path(__file__).parent / "found.json").read_text("utf-8")).items()
}


@pytest.mark.threat("payload", "output", cases=270)
@pytest.mark.parametrize("name", TARGETS)
def test_no_text_of_an_attack_gets_through_a_reader_or_a_writer(name: str) -> None:
    for data in (*ATTACKS, b"\0".join(ATTACKS[:20]), b"\xff".join(ATTACKS[:9]), *FOUND.get(name, ())):
        for first in (b"", b"\1", b"\7"):
            TARGETS[name](first + data)


def test_what_was_found_belongs_to_a_target() -> None:
    assert set(FOUND) <= set(TARGETS)
