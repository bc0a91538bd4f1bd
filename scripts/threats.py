"""Turn the counts of a test run into the table of docs/threat-model.md.

.venv/bin/python -m pytest --tally=counts.json
.venv/bin/python -m scripts.threats counts.json [MORE.json ...]

A run in several parts has a file of each.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, TypeAlias, get_args

PAGE = Path(__file__).parents[1] / "docs" / "threat-model.md"
BEGIN, END = "<!-- tried: begin -->\n", "<!-- tried: end -->\n"

Kind = Literal["attack", "fault", "payload"]
# threat -> kind -> how many held, how many escaped
Counts: TypeAlias = dict[str, dict[str, dict[str, int]]]

THREATS = {
    "output": "what a model or a stranger wrote acts on GitHub",
    "injection": "text tells the model what to do",
    "secrets": "a secret gets out",
    "forks": "a fork's pull request gains what it has no right to",
    "permissions": "a token may too much, or too little",
    "faults": "GitHub fails in the middle",
    "fetching": "hubpipe is made to fetch, or to send, elsewhere",
    "input": "a text, a file or a configuration exhausts the runner",
    "supply-chain": "what runs is not what was written",
}
HEAD = "| threat | attacks tried | faults injected | payloads fuzzed | escaped |\n| --- | ---: | ---: | ---: | ---: |"
NO_PLACE = "{page} has no lines {begin!r} and {end!r} to write between"


def table(counts: Counts) -> str:
    """Write one row a threat, and one of all."""
    rows = [HEAD]
    sums = dict.fromkeys((*get_args(Kind), "escaped"), 0)
    for threat, words in THREATS.items():
        found = counts.get(threat, {})
        cells = {kind: sum(found.get(kind, {}).values()) for kind in get_args(Kind)}
        cells["escaped"] = sum(one["escaped"] for one in found.values())
        sums = {name: sums[name] + cells[name] for name in sums}
        rows.append(f"| {words} | {' | '.join(f'{cell:,}' for cell in cells.values())} |")
    rows.append(f"| **all** | {' | '.join(f'**{cell:,}**' for cell in sums.values())} |")
    return "\n".join(rows) + "\n"


def total(parts: Iterable[Counts]) -> Counts:
    """Add up what the parts of a run have counted."""
    found: Counts = {threat: {} for threat in THREATS}
    for threat, kinds in (item for part in parts for item in part.items()):
        for kind, outcomes in kinds.items():
            known = found[threat].get(kind, {"held": 0, "escaped": 0})
            found[threat][kind] = {name: known[name] + outcomes.get(name, 0) for name in known}
    return found


def main() -> None:
    """Write the table into the page."""
    counts = total(json.loads(Path(name).read_text("utf-8")) for name in sys.argv[1:])
    text = PAGE.read_text("utf-8")
    if BEGIN not in text or END not in text:
        sys.exit(NO_PLACE.format(page=PAGE, begin=BEGIN.strip(), end=END.strip()))
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}{table(counts)}{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
