"""Turn a change, or the changes of a release, and a model into what is said of each, and of the whole."""

from hubpipe.digest.earlier import stands_for, usable
from hubpipe.digest.lines import LINE_TOKENS, LINE_WORDS, Asker, Digested, summarise
from hubpipe.digest.notes import Note, Noted, NoteGroup, note
from hubpipe.digest.things import Digest, Judged, Unit
from hubpipe.digest.units import judge, over
from hubpipe.digest.voices import voices

__all__ = [
    "LINE_TOKENS",
    "LINE_WORDS",
    "Asker",
    "Digest",
    "Digested",
    "Judged",
    "Note",
    "NoteGroup",
    "Noted",
    "Unit",
    "judge",
    "note",
    "over",
    "stands_for",
    "summarise",
    "usable",
    "voices",
]
