"""Turn a change and a model into what is said of each file, and of the whole."""

from hubpipe.digest.earlier import stands_for, usable
from hubpipe.digest.lines import LINE_TOKENS, LINE_WORDS, Asker, Digested, summarise
from hubpipe.digest.things import Digest, Judged, Unit
from hubpipe.digest.units import judge, over

__all__ = [
    "LINE_TOKENS",
    "LINE_WORDS",
    "Asker",
    "Digest",
    "Digested",
    "Judged",
    "Unit",
    "judge",
    "over",
    "stands_for",
    "summarise",
    "usable",
]
