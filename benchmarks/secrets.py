"""Measure what the redaction of secrets costs, and what it takes for one, on issues that people wrote.

.venv/bin/python -m benchmarks.secrets FILE...    (labelled issues, as hubpipe train reads them)
"""

import sys
import time
from pathlib import Path

from hubpipe.redaction import FORMS, REDACTED
from hubpipe.redaction.forms import is_suspect
from hubpipe.training import files

COLUMNS = {"corefx-issues-train.tsv": {"label": "Area"}}
LENGTH = 65_536  # characters of GitHub's longest issue
ROW = "{name}: {value}"


def main() -> None:
    """Print a line a figure."""
    started = time.process_time()
    FORMS.text("a word that is long enough, g1h2i3j4k5l6m7n8o9p0, has the rules loaded")
    loading = time.process_time() - started
    # Reading a file to learn from takes the secrets out already.
    texts = [text for path in map(Path, sys.argv[1:]) for text in _texts(path)]
    found = [text for text in texts if REDACTED in text]
    started = time.process_time()
    for text in texts:
        FORMS.text(text)
    reading = time.process_time() - started
    longest = ("It crashes at 0123456789abcdef0123456789abcdef01234567 in a1b2c3d4e5f6a1b2c3d4e5f6-x.\n" * 900)[:LENGTH]
    started = time.process_time()
    FORMS.text(longest)
    one = time.process_time() - started
    figures = {
        "texts, characters": f"{len(texts):,}, {sum(map(len, texts)):,}",
        "seconds to load the rules": f"{loading:.2f}",
        "texts for which they are loaded": f"{sum(is_suspect(text) for text in texts) / len(texts):.1%}",
        "seconds to read all texts": f"{reading:.2f}",
        f"milliseconds to read {LENGTH:,} characters": f"{one * 1000:.1f}",
        "texts that were taken to hold a secret": len(found),
    }
    for name, value in figures.items():
        print(ROW.format(name=name, value=value))
    for text in found:
        print(f"  … {text[max(0, text.find(REDACTED) - 40) : text.find(REDACTED) + 40]!r}")


def _texts(path: Path) -> list[str]:
    return [f"{one.title}\n{one.body}" for one in files.read(path, COLUMNS.get(path.name))]


if __name__ == "__main__":
    main()
