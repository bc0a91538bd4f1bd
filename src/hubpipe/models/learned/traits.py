"""Turn a title and a body into the traits that tell kinds of issues apart, whatever the issue is about."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Reading more of a text says no more, and a text may have any length.
MOST_TITLE, MOST_BODY, MOST_START = 500, 20_000, 300

FENCE = re.compile(r"^ {0,3}(?:```|~~~)[^\n]*\n(.*?)(?:^ {0,3}(?:```|~~~)|\Z)", re.MULTILINE | re.DOTALL)

TAG = r"^\W*(?:\[[^\]]*\]\s*)?"
ASKING = r"(?:how|what|why|where|when|which|who|is|are|can|could|does|do|did|should|any|anyone|has)"
FAILING = (
    r"(?:bugs?|crash\w*|fail\w*|errors?|exceptions?|broken|breaks?|wrong\w*|incorrect\w*|hangs?|freez\w*|leak\w*|"
    r"segfault\w*|segmentation|regressions?|invalid|unexpected\w*|panics?|abort\w*|overflow\w*|corrupt\w*|undefined)"
)
DOCUMENTS = r"(?:docs?|documentation|documented|readme|typos?|tutorials?|guides?|docstrings?|manual|changelog)"
DENYING = r"(?:\b(?:not|no|never|cannot|unable|nothing|without)\b|n['’]t\b)"
# What a line may begin with: no end of a line, and nothing is given back, or many lines that begin so would be read as
# often as there are of them.
SIGNS, BLANKS = r"^[^\w\n]*+", r"^[^\S\n]*+"
# A form's answer to what kind of issue it is.
DECLARED = rf"{SIGNS}(?:issue |report )?(?:type|kind|category)(?=[^\w\s]*+\s)\W++"

# What a title says by its form, or by a word that people of every project use. Each is one trait, in this order.
TITLE_SAYS = {
    "asks": r"\?",
    "begins as a question": rf"{TAG}{ASKING}\b",
    "how to": r"\bhow (?:to|do|can|should|does)\b",
    "begins with a wish": rf"{TAG}(?:add|allow|support|provide|implement|enable|expose|introduce|make|include|consider|"
    r"option|extend|use|replace|remove|move|improve|update|create|show|change|let|better|ability|new|more)\b",
    "proposes": r"\b(?:feature|request|proposal|suggestion|rfc|support for|options?|enhancement|idea|wish|improve\w*|"
    r"should|would|could|ability|configurable)\b",
    "fails": rf"\b{FAILING}\b",
    "misses": r"\b(?:missing|lost|disappear\w*|blank|empty|stuck|slow|duplicate\w*|instead|still|after|when|while)\b",
    "denies": DENYING,
    "fixes": r"\bfix(?:e[sd]|ing)?\b",
    "documents": rf"\b(?:{DOCUMENTS}|examples?|comments?|links?)\b",
    "names an error": r"\b\w+(?:Error|Exception|Warning)\b",
    "tagged": r"^\s*(?:\[[^\]]+\]|[\w-]{2,20}(?:\([^)]*\))?:)",
    "code": r"`|\w\(\)|\w_\w|\w\.\w+\(|::|\w--?\w|\.\w{2,4}\b",
    "version": r"\bv?\d+\.\d+",
    "help": r"\b(?:help|questions?|problems?|issues?|trouble|understand\w*|difference|possible|confus\w+)\b",
    "first person": r"\b(?:i|my|we|our)\b",
    "sentence": r"\.\s*$",
    "lower case": r"^[^A-Z]*$",
}
# What a body says outside of its code: how often.
BODY_SAYS = {
    "asks": r"\?(?:\s|$)",
    "begins as a question": rf"(?:^|[.!?]\s+){ASKING}\b[^.!\n]*\?",
    "how to": r"\bhow (?:to|do|can|should|does|would)\b",
    "wonders": r"\b(?:questions?|wondering|confus\w+|understand\w*|clarif\w+|explain\w*|advice|help|forum|"
    r"stack ?overflow|know if|ideas?|why|what|difference)\b",
    "thanks": r"\b(?:thanks?|thank you|thx|appreciat\w+|please|hello|hi|hey|dear|sorry|regards)\b",
    "asks what is possible": r"\b(?:is it possible|is there (?:a|any)|can i|could i|should i|am i|what is|what's|"
    r"is this|anyone)\b",
    "tries": r"\bi(?:'m| am|'ve| have)? (?:tr(?:y|ied|ying)|want\w*|need\w*|use|using|follow\w*|"
    r"check\w*|search\w*|found|read)\b",
    "wishes": r"\b(?:would be (?:nice|great|good|useful|helpful|cool|better)|would like|i(?:'d| would) (?:like|love)|"
    r"it'd be|could be|suggest\w*|propos\w+|i wish|should be able|useful|ideally|prefer\w*)\b",
    "features": r"\b(?:features?|requests?|enhancements?|improvements?|use[- ]cases?|motivation|alternatives?)\b",
    "would build": r"\b(?:implement\w*|support for|add(?:s|ed|ing)?|allow\w*|ability|options?|configur\w+|provide\w*|"
    r"consider|currently|introduc\w+)\b",
    "form of a wish": r"\b(?:describe the (?:solution|feature)|proposed|solution you|feature you|alternatives you|"
    r"related to a problem|additional context|who will benefit|willing to contribute)\b",
    "form of a failure": r"\b(?:steps? to reproduce|repro\w*|to reproduce|minimal example|every time|how often)\b",
    "expects": r"\b(?:expected|actual|current) (?:behaviou?r|results?|output)\b|\bexpect\w*\b|\binstead\b",
    "fails": rf"\b(?:{FAILING}|stack ?trace|traceback|warnings?)\b",
    "does not work": r"(?:n['’]t|not) work\w*|\bstopped working\b|\bno longer\b|\bstill\b|\bstuck\b",
    "earlier": r"\b(?:used to|previous(?:ly)?|worked (?:in|with|before|fine)|since (?:version|v?\d)|regression|"
    r"after (?:upgrad|updat)\w+|latest|nightly|insiders?)\b",
    "declares a bug": rf"{DECLARED}bug",
    "declares a feature": rf"{DECLARED}(?:feature|enhancement|request|improvement)",
    "declares a question": rf"{DECLARED}(?:question|support|help|others?)\b",
    "declares documents": rf"{DECLARED}doc",
    "versions": r"\bv?\d+\.\d+(?:\.\d+)?\b",
    "platforms": r"\b(?:windows|linux|ubuntu|macos|mac os|debian|android|ios|chrome|firefox|safari|x64|x86_64|arm64)\b",
    "builds": r"\b(?:build\w*|compil\w+|install\w*|cmake|make|pip|npm|docker|ci|tests?|commit|branch|master|main)\b",
    "changes": r"\b(?:this (?:pr|pull request|change|patch|commit)|pull request|fix(?:es|ed)?|resolves?|closes?|"
    r"refactor\w*|checklist|follow[- ]up|merged?)\b",
    "documents": rf"\b(?:{DOCUMENTS}|page|link|sentence|paragraph)\b",
    "first person": r"\b(?:i|i'm|i've|my|me)\b",
    "we": r"\b(?:we|our|us)\b",
    "you": r"\b(?:you|your)\b",
    "modal": r"\b(?:should|could|would|may|might)\b",
    "denies": DENYING,
    "trace": rf"{BLANKS}(?:at |File \"|#\d+ |Traceback|Caused by)|\b\w+(?:Error|Exception)\b",
    "headings": r"^#{1,6} |^\*\*[^*\n]+\*\*:?\s*$",
    "items": rf"{BLANKS}(?:[-*+]|\d+[.)]) ",
    "tables": r"^\|",
    "links": r"https?://",
    "references": r"(?<!\w)#\d+\b",
    "mentions": r"(?<!\w)@\w",
    "inline code": r"`[^`\n]+`",
    "quotes": r"^>",
    "images": r"^!?(?:image|screenshot|img)\b|\bscreenshots?\b|\bgif\b|\bvideo\b",
    "to do": rf"{BLANKS}[-*] \[[xX]\]",
    "exclaims": r"!(?:\s|$)",
}
# What the first lines of a body say.
START_SAYS = {
    "asks": r"\?(?:\s|$)",
    "fails": rf"\b{FAILING}\b",
    "wishes": r"\b(?:would|should|could|feature|add|support|allow|suggest\w*|propos\w+)\b",
    "first person": r"\b(?:i|i'm|i've|my)\b",
    "heading": r"\A\s*(?:#|\*\*)",
    "greets": r"\A\W*(?:hi|hello|hey|dear)\b",
    "steps": r"^\s*1[.)] ",
    "refers": r"(?<!\w)#\d+\b|https?://",
}


def _compiled(says: dict[str, str]) -> tuple[re.Pattern[str], ...]:
    # A title's lower case is the one trait that the case matters for.
    return tuple(
        re.compile(pattern, re.MULTILINE | (0 if name == "lower case" else re.IGNORECASE))
        for name, pattern in says.items()
    )


TITLE, BODY, START = _compiled(TITLE_SAYS), _compiled(BODY_SAYS), _compiled(START_SAYS)
TRACE = BODY[list(BODY_SAYS).index("trace")]

NAMES = (
    *(f"title: {name}" for name in TITLE_SAYS),
    "title: length",
    "title: capitals",
    *(f"body: {name}" for name in BODY_SAYS),
    *(f"first lines: {name}" for name in START_SAYS),
    "body: length",
    "body: empty",
    "body: ends with a question",
    "body: blocks of code",
    "body: share of code",
    "body: trace in code",
    "body: share of letters",
    "body: length of lines",
    "body: says the title again",
)


def traits(titles: Sequence[str], bodies: Sequence[str]) -> NDArray[np.float32]:
    """Measure titles (n) and bodies (n) as traits (n × NAMES), none negative: logarithms of counts."""
    rows = [_row(title[:MOST_TITLE], body[:MOST_BODY]) for title, body in zip(titles, bodies, strict=True)]
    found: NDArray[np.float32] = np.log1p(np.asarray(rows, dtype=np.float32).reshape(len(rows), len(NAMES)))
    return found


def _row(title: str, body: str) -> list[float]:
    blocks, prose = FENCE.findall(body), FENCE.sub("\n", body)
    words = title.split()
    return [
        *(float(pattern.search(title) is not None) for pattern in TITLE),
        float(len(words)),
        sum(word[0].isupper() for word in words) / max(1, len(words)),
        *(float(sum(1 for _ in pattern.finditer(prose))) for pattern in BODY),
        *(float(pattern.search(prose[:MOST_START]) is not None) for pattern in START),
        float(len(prose.split())),
        float(not body.strip()),
        float(prose.rstrip().endswith("?")),
        float(len(blocks)),
        sum(map(len, blocks)) / max(1, len(body)),
        float(any(TRACE.search(block) for block in blocks)),
        sum(map(str.isalpha, prose)) / max(1, len(prose)),
        len(prose) / (10 * (prose.count("\n") + 1)),
        _repeated(words, prose),
    ]


def _repeated(words: Sequence[str], prose: str) -> float:
    """Give the share of a title's longer words that the body has too."""
    said = {word.casefold() for word in prose.split()}
    long = [word for word in words if len(word) > 3]
    return sum(word.casefold() in said for word in long) / max(1, len(long))
