"""Turn text into the text that its readers see, and places in that into places in the text itself."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache

# A text of these alone hides nothing, and most are.
SEEN = re.compile(r"[\t-\r -~]*")
# Seen between letters of other scripts, and dropped between those that secrets are written with.
JOINERS = "\u200c\u200d\ufe0e\ufe0f"


@dataclass(frozen=True)
class Seen:
    """A text without what nobody sees; `hidden` are the places in it before which something was left out, in order."""

    text: str
    hidden: tuple[int, ...]

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Give where a stretch of it stands in the text itself."""
        return start + bisect_right(self.hidden, start), end - 1 + bisect_right(self.hidden, end - 1) + 1


def seen(text: str) -> Seen | None:
    """Leave out what nobody sees and every cleaning drops later; None where there is nothing of that."""
    if SEEN.fullmatch(text):
        return None
    hidden = _hidden()
    places = [place for place, sign in enumerate(text) if sign in hidden]
    if not places:
        return None
    bare = "".join(sign for sign in text if sign not in hidden)
    return Seen(bare, tuple(place - count for count, place in enumerate(places)))


@cache
def _hidden() -> frozenset[str]:
    from hubpipe.text.noise import PRINTABLE

    # A carriage return is the half of a line's end.
    signs = (chr(sign) for sign, stands in PRINTABLE.items() if stands is None and chr(sign) != "\r")
    return frozenset((*signs, *JOINERS))
