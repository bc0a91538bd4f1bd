import pytest

from hubpipe.models.phrases import PHRASES, WORDS, entry, phrases


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("bug", "bug"),
        ("Bug", "bug"),
        ("bugs", "bug"),
        ("type: bug", "bug"),
        ("Type/Bug", "bug"),
        ("type:bug", "bug"),
        ("kind/bug", "bug"),
        ("[type] bug", "bug"),
        ("C-bug", "bug"),
        ("T: bug", "bug"),
        ("bug 🐛", "bug"),
        ("🐛bug", "bug"),
        (":bug: bug", "bug"),
        ("bug report", "bug"),
        ("issue: bug report", "bug"),
        ("enhancement", "enhancement"),
        ("feature", "enhancement"),
        ("feature request", "enhancement"),
        ("feature-request", "enhancement"),
        ("Feature Requests", "enhancement"),
        ("kind/feature", "enhancement"),
        ("type:feature", "enhancement"),
        ("new feature :sparkles:", "enhancement"),
        ("feature / enhancement", "enhancement"),
        ("docs", "documentation"),
        ("area/docs", "documentation"),
        ("A-docs", "documentation"),
        ("type: question", "question"),
        ("questions ❓", "question"),
        ("support", "question"),
        ("dependencies", "dependencies"),
        ("topic: performance", "performance"),
        ("vulnerabilities", "security"),
    ],
)
def test_common_ways_to_write_a_label_stand_for_one_entry(name: str, key: str) -> None:
    assert entry(name) == key
    assert set(PHRASES[key]) < set(phrases(name, ""))


@pytest.mark.parametrize(
    "name",
    [
        "not a bug",
        "wontfix: bug",
        "needs-bug-report",
        "debug",
        "P1 bug",
        "C++ bug",
        "no bug 不是",
        "bug or feature",
        "documentation improvement",
        "regression",
        "help wanted",
        "good first issue",
        "new",
        "type: request",
        "🐛",
        "",
    ],
)
def test_a_word_that_is_not_known_or_means_another_makes_a_name_unknown(name: str) -> None:
    assert entry(name) is None


def test_every_entry_has_phrases_and_stands_for_itself() -> None:
    assert list(WORDS) == list(PHRASES)
    assert all(entry(key) == key for key in PHRASES)


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ("area: network", "network"),
        ("[component] C++ parser", "C++ parser"),
        ("good-first_issue", "good first issue"),
        ("wontfix: bug", "wontfix bug"),
        ("topic-C-API", "C API"),
        ("type", "type"),
        ("---", "---"),
    ],
)
def test_an_unknown_name_is_said_in_words_without_its_kind(name: str, spoken: str) -> None:
    assert phrases(name, "") == (spoken,)


def test_a_description_is_one_of_the_ways_to_say_a_label() -> None:
    assert phrases("area-1", " Sockets and proxies ") == ("1", "Sockets and proxies")
