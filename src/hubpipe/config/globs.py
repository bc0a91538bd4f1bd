"""Turn the path filters of workflows into which paths they choose."""


def problem(pattern: str) -> str | None:
    """Say what is wrong with a pattern; None where nothing is."""
    return None if pattern else "write a pattern"
