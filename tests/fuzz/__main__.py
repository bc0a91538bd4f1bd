"""Fuzz one target: `python -m tests.fuzz TARGET [libFuzzer's options] CORPUS`."""

import sys

import atheris

# What is fuzzed, and the parsers that it leans on, are watched for new paths.
WATCHED = ["hubpipe", "markdown_it", "yaml", "unidiff", "pathspec"]

with atheris.instrument_imports(include=WATCHED):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Run until the time is up, or something is found."""
    target = TARGETS[sys.argv[1]]
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
