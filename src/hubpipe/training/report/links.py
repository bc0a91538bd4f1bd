"""Turn an address that a stranger may have written into one that is safe to link; empty where it is not."""

import re

# Nothing that could end an attribute, a Markdown link or a line; and no scheme but the web's.
_SAFE = re.compile(r"https://[a-z0-9.-]+(?::\d{1,5})?(?:/[\w./~%?=&+#-]*)?", re.IGNORECASE | re.ASCII)
MOST = 500


def safe(url: str) -> str:
    """Give an address back if it is a plain web address; empty else."""
    return url if len(url) <= MOST and _SAFE.fullmatch(url) else ""
