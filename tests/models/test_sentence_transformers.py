from pathlib import Path

import pytest

from hubpipe.config import Step
from hubpipe.models import load
from hubpipe.models.base import Model, Places, Scores, Text, Vector

LABELS = {
    "bug": "Something isn't working",
    "enhancement": "New feature or request",
    "question": "Further information is requested",
    "documentation": "Improvements or additions to documentation",
}
PULL_REQUEST = """Retry downloads that time out

## Summary

Downloads from slow mirrors fail with a timeout when the server takes longer than ten seconds to answer.
This change retries such a download three times, and waits twice as long before every new attempt.
I like trains.

## Details

- The number of attempts can be set with the new option `retries`.
- A permanent error, e.g. a missing file, is still reported at once.
- I have read the contributing guidelines

| option | default of the option in this table |
|--------|-------------------------------------|
| retries | three attempts are made by default |

```python
# This comment in the code is not a sentence of the summary.
download(url, retries=3)
```

Checklist:

[The full discussion of this change](https://example.com/1)

Fixes #12

Signed-off-by: Ada Lovelace <ada@example.com>
"""


@pytest.fixture(scope="module")
def zero_shot(places: Places) -> Model:
    return load(Step(task="zero-shot-classification"), LABELS, places)


def best(model: Model, text: str) -> str:
    prediction = model.predict([text])[0]
    assert isinstance(prediction, Scores)
    return prediction.scores[0].label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("App crashes on startup\n\nSince 2.1 it dies with a segmentation fault when a file is opened.", "bug"),
        ("TypeError when saving an empty form\n\n```\nTraceback (most recent call last)\n```", "bug"),
        ("Support for dark mode\n\nIt would be great if the colours followed the system's theme.", "enhancement"),
        ("Add an option to export reports as CSV", "enhancement"),
        ("How do I configure a proxy?\n\nI could not find an example, thanks for any help.", "question"),
        ("Typo in the installation guide", "documentation"),
    ],
)
def test_clear_issues_get_the_label_that_people_would_give(zero_shot: Model, text: str, label: str) -> None:
    assert best(zero_shot, text) == label


def test_a_clear_bug_is_surer_than_an_empty_text(zero_shot: Model) -> None:
    clear, empty = zero_shot.predict(["App crashes with a segmentation fault", ""])
    assert isinstance(clear, Scores)
    assert isinstance(empty, Scores)
    assert clear.scores[0].score > 0.7 > 0.5 > empty.scores[0].score


def test_scores_share_one_whole_unless_several_labels_may_hold(zero_shot: Model, places: Places) -> None:
    shared = zero_shot.predict(["It crashes"])[0]
    several = load(Step(task="zero-shot-classification", multi_label=True), LABELS, places)
    alone = several.predict(["Crash, and the documentation of crashes is wrong, too"])[0]
    assert isinstance(shared, Scores)
    assert isinstance(alone, Scores)
    assert sum(item.score for item in shared.scores) == pytest.approx(1)
    assert {item.label for item in alone.scores if item.score > 0.5} == {"bug", "documentation"}


def test_a_label_of_the_users_own_is_understood_by_its_description(places: Places) -> None:
    labels = {"area-1": "Network connections, sockets and proxies", "area-2": "Fonts, colours and layout"}
    model = load(Step(task="zero-shot-classification"), labels, places)
    assert best(model, "Connection reset by peer behind a proxy") == "area-1"
    assert best(model, "Text is drawn in the wrong colour") == "area-2"


def test_a_single_label_does_not_hold_for_every_text(places: Places) -> None:
    model = load(Step(task="zero-shot-classification"), {"bug": "Something isn't working"}, places)
    crash, wish = model.predict(["App crashes with a segmentation fault", "Add an option to export reports as CSV"])
    assert isinstance(crash, Scores)
    assert isinstance(wish, Scores)
    assert crash.scores[0].score > 0.5 > wish.scores[0].score


def test_similarity_is_highest_to_the_nearest_sentence(places: Places) -> None:
    labels = {"crash": "The program crashes when it starts", "theme": "A dark colour scheme"}
    model = load(Step(task="sentence-similarity"), labels, places)
    assert best(model, "It stops at launch with an error") == "crash"
    same = model.predict(["A dark colour scheme"])[0]
    assert isinstance(same, Scores)
    assert same.scores[0].score == pytest.approx(1, abs=1e-4)


def test_features_are_unit_vectors_of_384_numbers(places: Places) -> None:
    vector = load(Step(task="feature-extraction"), {}, places).predict(["hello"])[0]
    assert isinstance(vector, Vector)
    assert len(vector.values) == 384
    assert sum(value**2 for value in vector.values) == pytest.approx(1, abs=1e-4)


def summary(text: str, places: Places, max_words: int = 60) -> list[str]:
    prediction = load(Step(task="summarization", max_words=max_words), {}, places).predict([text])[0]
    assert isinstance(prediction, Text)
    return prediction.text.splitlines()


def test_a_summary_is_whole_sentences_of_the_text_in_their_order_behind_what_the_change_does(places: Places) -> None:
    lines = summary(PULL_REQUEST, places)
    prose = " ".join(PULL_REQUEST.split())
    found = [prose.index(line) for line in lines]
    assert found[1:] == sorted(found[1:])
    assert lines[0].startswith("This change retries such a download three times")
    assert sum(len(line.split()) for line in lines) <= 60
    assert "I like trains." not in lines


def test_headings_code_tables_links_and_sign_offs_are_no_sentences(places: Places) -> None:
    everything = "\n".join(summary(PULL_REQUEST, places, max_words=2000))
    for word in ("Summary", "comment", "table", "discussion", "Signed", "Fixes", "Checklist", "guidelines"):
        assert word not in everything


def test_the_title_is_not_repeated(places: Places) -> None:
    body = "Retry downloads that time out.\n\nA slow mirror no longer ends the build with an error."
    assert summary(f"Retry downloads that time out\n\n{body}", places) == [
        "A slow mirror no longer ends the build with an error."
    ]


def test_one_sentence_is_its_own_summary_and_nothing_has_none(places: Places) -> None:
    assert summary("It crashes when it starts.", places) == ["It crashes when it starts."]
    assert summary("Fixed.", places) == ["Fixed."]
    assert summary("Only a title\n\n```\ncode\n```", places) == []
    assert summary("", places) == []
    assert summary("word " * 20_000, places) == []


def test_beside_a_title_that_says_it_all_there_is_nothing_to_say(places: Places) -> None:
    title = "Bump lodash from 4.17.20 to 4.17.21"
    assert summary(f"{title}\n\nBumps lodash from 4.17.20 to 4.17.21.\n\n{title}", places) == []


def test_without_a_title_the_line_that_would_be_one_leads(places: Places) -> None:
    body = "Slow mirrors answer late.\nPeople then start the nightly build again by hand."
    lines = summary(f"\n\n{body}\n\nRetry downloads that time out\n\nfix lint", places)
    assert lines[0] == "Retry downloads that time out"
    assert "fix lint" not in lines


def test_a_sentence_longer_than_the_summary_is_not_cut(places: Places) -> None:
    long = "This sentence says with very many words that nothing at all was changed by anybody."
    assert summary(long + " " + long.replace("nothing", "everything") + " Nobody was there then.", places, 10) == [
        "Nobody was there then."
    ]


def test_a_summary_tells_what_was_not_read(places: Places) -> None:
    model = load(Step(task="summarization"), {}, places)
    long = " ".join(f"The application number {number} crashes." for number in range(500))
    whole, thinned, nothing = model.predict([PULL_REQUEST, long, "word " * 20_000])
    assert isinstance(whole, Text)
    assert whole.left_out == ""
    assert isinstance(thinned, Text)
    assert thinned.left_out == "100 of 500 sentences (evenly spaced)"
    assert nothing == Text("", "1 of 1 sentences (over 1,000 characters)")


def test_a_saved_encoder_in_a_folder_reads_like_the_embedded_one(places: Places) -> None:
    from hubpipe.models import embedded

    folder = embedded.find(None)
    assert isinstance(folder, Path)
    local = load(Step(task="feature-extraction", model=str(folder)), {}, places)
    assert local.info.library == "sentence-transformers"
    assert local.predict(["x"]) == load(Step(task="feature-extraction"), {}, places).predict(["x"])
