"""Turn a label's name into what people write when they mean it."""

import re

# For the labels that many repositories share, by the name that GitHub or its users give most often.
PHRASES = {
    "bug": (
        "The application crashes with an error",
        "This does not work as expected",
        "Unexpected behaviour after upgrading",
        "An exception is thrown: stack trace",
        "The result is wrong",
        "Regression: it worked in the previous version",
        "Steps to reproduce, expected and actual behaviour",
        "It hangs or freezes",
        "Build fails with a compile error",
        "Memory leak or segmentation fault",
        "Broken rendering",
        "Fix a bug",
    ),
    "enhancement": (
        "Add support for a new option",
        "Feature request: it would be nice to have",
        "Allow users to configure this",
        "Please provide a way to do this",
        "Proposal for a new API",
        "Suggestion to improve the behaviour",
        "Implement a new command",
        "Make it possible to customize",
        "Extend the interface with a setting",
        "I would like to be able to",
        "Support for another platform or format",
        "Describe the solution you'd like and the alternatives you considered",
    ),
    "question": (
        "How do I do this?",
        "What is the correct way to use this?",
        "Is it possible to do this?",
        "Why does this happen?",
        "Question about the usage",
        "I do not understand the documentation, can someone explain?",
        "What is the difference between these two?",
        "Need help with configuration",
        "Is there an example or tutorial?",
        "Can I use this together with that?",
        "Where can I find this setting?",
        "Any advice would be appreciated, thanks",
    ),
    "documentation": (
        "Fix a typo in the documentation",
        "Update the README",
        "The documentation of this function is missing",
        "Improve the installation guide",
        "Broken link on the documentation page",
        "The example in the docs is out of date",
        "Add a docstring that explains the parameters",
        "Clarify the tutorial",
    ),
    "dependencies": (
        "Bump a dependency to a newer version",
        "Update the pinned packages",
        "Upgrade the lock file",
        "Drop an unmaintained library",
    ),
    "performance": (
        "This is very slow",
        "Speed up this function",
        "It takes too long and uses too much memory",
        "Optimize the hot loop",
        "Reduce the time to start",
    ),
    "security": (
        "A vulnerability lets an attacker execute code",
        "Secrets are leaked in the log",
        "Cross-site scripting in the comment field",
        "Upgrade because of a CVE",
        "Passwords are stored without hashing",
    ),
}
# The words that a name may stand for an entry by; each also with an -s.
WORDS = {
    "bug": ("bug", "bugfix", "defect", "fix"),
    "enhancement": ("enhancement", "feat", "feature", "improvement"),
    "question": ("question", "support"),
    "documentation": ("doc", "documentation"),
    "dependencies": ("dep", "dependency", "dependencies"),
    "performance": ("perf", "performance"),
    "security": ("security", "vulnerability", "vulnerabilities"),
}
ENTRIES = {word: entry for entry, words in WORDS.items() for word in words}

# Said ahead of what a label is about: `type: bug`, `kind/feature`, `[area] docs`.
KINDS = frozenset({"area", "category", "component", "kind", "topic", "type"})
# Change nothing of what a label is about: `feature request`, `bug report`.
FILLERS = KINDS | {"issue", "new", "report", "request"}

SEPARATORS = re.compile(r"[\s:/_()\[\]-]+")
WORD = re.compile(r"[^\W_]+")
# GitHub's way to write an emoji (`:bug: bug`), and the letter of a kind (`C-bug`, `T: bug`).
DECORATION = re.compile(r"(?<!\S):[\w+-]+:(?!\S)|^\s*[a-z]\s?[:/-]")


def entry(name: str) -> str | None:
    """Give the key of PHRASES that a label's name stands for; None where there is none, or more than one.

    Every word counts, so that `not a bug`, `needs bug report` and `wontfix: bug` are no bugs, and a narrower
    label (`regression`, `dark mode feature`) is not taken for the whole.
    """
    words = [_singular(word) for word in WORD.findall(DECORATION.sub(" ", name.casefold()))]
    meanings = {ENTRIES.get(word) for word in words if word not in FILLERS}
    return meanings.pop() if len(meanings) == 1 else None


def phrases(name: str, description: str) -> tuple[str, ...]:
    """Say a label in several ways: its name, its description, and what people write who mean it."""
    key = entry(name)
    own = tuple(text for text in (_spoken(name), description.strip()) if text)
    return own + (PHRASES[key] if key else ())


def _singular(word: str) -> str:
    return word if word in ENTRIES else word.removesuffix("s")


def _spoken(name: str) -> str:
    """Write a name in words, without the kind of label that it begins with."""
    words = SEPARATORS.sub(" ", name).split()
    while len(words) > 1 and words[0].casefold() in KINDS:
        words = words[1:]
    return " ".join(words) or name
