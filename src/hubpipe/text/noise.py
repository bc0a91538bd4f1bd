"""Turn any string into text without the characters and blobs that say nothing to a reader."""

import re

DATA = "[data]"

# What a reader cannot see, or what makes them see another text than the model reads: controls, lone surrogates,
# zero-width spaces, bidirectional overrides (CVE-2021-42574), fillers, tag characters. Zero-width joiners stay: emoji
# and several scripts are written with them.
INVISIBLE = [
    *range(0x20),
    *range(0x7F, 0xA0),
    0x00AD,
    0x061C,
    0x200B,
    0x115F,
    0x1160,
    0x17B4,
    0x17B5,
    0x180E,
    *range(0x200E, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
    *range(0xD800, 0xE000),
    0x3164,
    0xFEFF,
    0xFFA0,
    *range(0xFFF9, 0xFFFC),
    *range(0xE0000, 0xE1000),
]
LINE_ENDS = "\v\f\x85\u2028\u2029"
PRINTABLE: dict[int, str | None] = dict.fromkeys(INVISIBLE) | dict.fromkeys(map(ord, LINE_ENDS), "\n")
del PRINTABLE[ord("\t")], PRINTABLE[ord("\n")]

DATA_URI = r"data:[\w.+-]{1,80}/[\w.+-]{1,80}(?:;[\w=.-]{1,80}){0,3},[\w%+/=-]*"
LONG_RUN = r"[\w+/-]{120,}={0,2}"
SUSPECT = re.compile(f"{DATA_URI}|{LONG_RUN}", re.ASCII)


def visible(text: str) -> str:
    """Drop invisible characters, end every line with one newline."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(PRINTABLE)


def plain(text: str) -> str:
    """Drop what `visible` drops, put `[data]` for base64."""
    lines = visible(text)
    return SUSPECT.sub(lambda run: DATA if _is_data(run.group()) else run.group(), lines)


def _is_data(run: str) -> bool:
    # An unbroken run can also be a deep path, a rule of dashes or a hash: base64 mixes cases and digits, and has
    # one slash in 64 characters, not one in ten.
    if run.startswith("data:"):
        return True
    kinds = (str.isupper, str.islower, str.isdigit)
    return all(any(map(kind, run)) for kind in kinds) and run.count("/") * 16 < len(run)
