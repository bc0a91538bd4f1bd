"""Turn any string into text without the characters and blobs that say nothing to a reader."""

import re

DATA = "[data]"

# What a reader cannot see, or what makes them see another text than the model reads: controls, lone surrogates,
# zero-width spaces, bidirectional overrides (CVE-2021-42574), fillers, tag characters, what is no character at all.
# Joiners and the variation selectors of emoji stay where a script or an emoji is written with them.
# Source: https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt, Default_Ignorable_Code_Point
INVISIBLE = [
    *range(0x20),
    *range(0x7F, 0xA0),
    0x00AD,
    0x034F,
    0x061C,
    0x200B,
    0x115F,
    0x1160,
    0x17B4,
    0x17B5,
    *range(0x180B, 0x1810),
    *range(0x200E, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
    *range(0xD800, 0xE000),
    0x3164,
    *range(0xFDD0, 0xFDF0),
    *range(0xFE00, 0xFE0E),
    0xFEFF,
    0xFFA0,
    *range(0xFFF0, 0xFFFC),
    *range(0x13430, 0x13440),
    *range(0x1BCA0, 0x1BCA4),
    *range(0x1D173, 0x1D17B),
    *range(0xE0000, 0xE1000),
    *(plane * 0x10000 + last for plane in range(17) for last in (0xFFFE, 0xFFFF)),
]
LINE_ENDS = "\v\f\x85\u2028\u2029"
PRINTABLE: dict[int, str | None] = dict.fromkeys(INVISIBLE) | dict.fromkeys(map(ord, LINE_ENDS), "\n")
del PRINTABLE[ord("\t")], PRINTABLE[ord("\n")]

# How a sign is to look, as text or as an emoji: means something behind a sign, or a digit that becomes a key.
SIGNS = "\u203c\u2049\u20d0-\u2bff\u3030\u303d\u3297\u3299\xa9\xae\U0001f000-\U0001faff"
SELECTOR = re.compile(f"(?<![{SIGNS}])[\ufe0e\ufe0f](?!\u20e3)|(?<![{SIGNS}0-9#*])[\ufe0e\ufe0f]")
# Joiners join letters of Arabic, of India's and their neighbours' scripts, and emoji; elsewhere a row of them is a
# message in two letters.
JOINED = (
    "\u0600-\u10ff\u1700-\u1cff\u2010-\u2bff\ua800-\uaaff\ufb50-\ufdff\ufe0e\ufe0f\ufe70-\ufefc"
    "\U00010a00-\U00011fff\U0001e900-\U0001e95f\U0001f000-\U0001faff"
)
JOINER = re.compile(f"(?<![{JOINED}])[\u200c\u200d]|[\u200c\u200d](?![{JOINED}])")

DATA_URI = r"data:[\w.+-]{1,80}/[\w.+-]{1,80}(?:;[\w=.-]{1,80}){0,3},[\w%+/=-]*"
LONG_RUN = r"[\w+/-]{120,}={0,2}"
SUSPECT = re.compile(f"{DATA_URI}|{LONG_RUN}", re.ASCII)


def visible(text: str) -> str:
    """Drop invisible characters, end every line with one newline; doing it again changes nothing."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").translate(PRINTABLE)
    return lines if lines.isascii() else JOINER.sub("", SELECTOR.sub("", lines))


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
