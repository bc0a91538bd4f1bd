"""Turn text into text of which neither a terminal nor the runner of a workflow takes anything for a command.

Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

import re

from hubpipe.text import visible

# The runner trims a line before it looks for the first, and finds the second anywhere in it.
AT_START, ANYWHERE = re.compile(r"^(\s*):(?=:)", re.MULTILINE), "##["


def inert(text: str) -> str:
    """Part what begins a workflow command, and drop what moves a terminal's cursor or turns letters around."""
    return AT_START.sub(r"\1: ", visible(text)).replace(ANYWHERE, "## [")


def inert_json(text: str) -> str:
    """Write JSON of the same meaning without what begins a workflow command; no line of JSON begins with a colon."""
    return text.replace(ANYWHERE, "##\\u005b")
