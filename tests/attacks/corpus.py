"""Turn the files beside this one into attacks: what a stranger writes, where, and what a model that obeys would say.

Each line is one attack: `id`, `category`, `place` (where the text stands), `text`, `says` (the answer of a model that
obeys, in words), `labels` (its answer where it is to choose some). All of it was written for hubpipe.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

HERE = Path(__file__).parent
STRANGER, BYSTANDER = "{STRANGER}", "{BYSTANDER}"
Place = Literal["title", "body", "comment", "alt text", "file name", "diff", "branch", "commit message"]


@dataclass(frozen=True)
class Attack:
    """One attack; `{STRANGER}` stands for the address of a server that must never be asked."""

    id: str
    category: str
    place: Place
    text: str
    says: str
    labels: Sequence[str]

    def at(self, stranger: str) -> "Attack":
        """Give the attack with the address of the strange server."""
        return replace(self, text=self.text.replace(STRANGER, stranger), says=self.says.replace(STRANGER, stranger))


def attacks() -> list[Attack]:
    """Read all of them."""
    lines = (line for file in sorted(HERE.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines())
    return [Attack(**json.loads(line)) for line in lines]
