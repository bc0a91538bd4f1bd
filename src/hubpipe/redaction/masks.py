"""Turn a secret that was found in a text into masks: what a runner may hide wherever it stands, and nothing else.

Whoever wrote the text chose what was found. A mask hides its letters in all that a job says from then on, and GitHub
drops an output of the job that holds them. So only that becomes one which is a secret by itself, without a name or an
address around it: nobody can have a word, a commit, a digest or an identifier hidden. docs/adr/0015-secrets.md
"""

import re

from hubpipe.redaction.forms import KEY_BEGINS, REDACTED, without_known_forms
from hubpipe.redaction.unseen import seen

LEAST, MOST = 16, 4_000  # characters of a mask
TOKEN = re.compile(r"[!#-&(-;=?-_a-~]+")  # one word of ASCII without quotes and angle brackets
NUMBER = re.compile(r"[0-9A-Fa-f.:_-]+")
# The lines of a private key but for its last, of letters of either case and digits: no digest is written so.
KEY_LINE = re.compile(r"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=\D*\d)[A-Za-z0-9+/]{40,100}={0,2}", re.ASCII)


def masks_of(secret: str) -> tuple[str, ...]:
    """Give the masks for a secret, each of one line: without what nobody sees in it, as it can be used."""
    hidden = seen(secret)
    bare = hidden.text if hidden else secret
    if KEY_BEGINS.search(bare):
        lines = (line.lstrip("- >").strip() for line in bare.replace("\\n", "\n").splitlines())
        found = [line for each in lines for line in (each, each.removeprefix("+")) if KEY_LINE.fullmatch(line)]
        return tuple(dict.fromkeys(found))
    return (bare,) if _is_one_by_itself(bare) else ()


def _is_one_by_itself(word: str) -> bool:
    return (
        LEAST <= len(word) <= MOST
        and TOKEN.fullmatch(word) is not None
        and NUMBER.fullmatch(word) is None
        and without_known_forms(word) == REDACTED
    )
