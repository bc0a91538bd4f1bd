"""Release notes: which heading, which line, what the model says, and what GitHub's Markdown makes of it."""

import time
from collections.abc import Callable, Sequence

import pytest
from cmarkgfm import github_flavored_markdown_to_html
from hypothesis import given
from hypothesis import strategies as st

from hubpipe import render
from hubpipe.config import Step, parse
from hubpipe.decide import CommentEffect, Findings, Plan, ReleaseEffect
from hubpipe.digest import Note, Noted, NoteGroup, note, voices
from hubpipe.errors import ConfigError
from hubpipe.event import Event, MergedPull, Subject
from hubpipe.models import load
from hubpipe.models.base import Model, ModelInfo, Places, Prediction, Text
from hubpipe.render import Context
from hubpipe.render.notes import RELEASE_LIMIT, notes_page
from hubpipe.text import Document, Fitted, Part

TEN_WORDS = Step(task="summarization", model="fake:", max_words=10)
GROUPS = {"New": ("enhancement",), "Repaired": ("bug", "regression")}


class Writer:
    """A model of a limited reading that answers as it is told, and keeps what it was asked."""

    def __init__(self, answer: Callable[[str], str], limit: int | None = 512):
        self.info = ModelInfo("fake", "fake:", None, "summarization", limit)
        self.answer = answer
        self.asked: list[str] = []

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        return [(place, place + 1) for place in range(len(text))]

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        self.asked += texts
        return [Text(self.answer(text)) for text in texts]


def pull(number: int, title: str, *labels: str, body: str = "", author: str | None = "octocat") -> MergedPull:
    return MergedPull(number, title, body, author, labels, "")


def headings(noted: Noted) -> dict[str, list[int]]:
    return {group.heading: [one.number for one in group.notes] for group in noted.groups}


def silent(*pulls: MergedPull, groups: dict[str, tuple[str, ...]] | None = None) -> Noted:
    return note(Writer(lambda _: ""), TEN_WORDS, pulls, groups)


def page(groups: Sequence[NoteGroup], room: int = RELEASE_LIMIT) -> str:
    event = Event("release", "published", "octo-org/octo-repo", None)
    info = ModelInfo("model2vec", "embedded", None, "summarization", None)
    context = Context("notes", event, (info,), Fitted("", 0, 0), notes=tuple(groups))
    if room == RELEASE_LIMIT:
        [effect] = render.write(Plan((ReleaseEffect("notes", 1),)), Findings(), context).effects
        assert isinstance(effect, ReleaseEffect)
        return effect.body
    return notes_page(groups, {"model": "m", "unread": [], "flow": "notes", "config_path": "c"}, room)


def test_labels_choose_the_heading_and_the_order_is_that_of_the_headings() -> None:
    noted = silent(
        pull(1, "Repair", "Bug"), pull(2, "Add", "ENHANCEMENT"), pull(3, "Tidy"), pull(4, "Again", "regression", "bug"),
        groups=GROUPS,
    )  # fmt: skip
    assert headings(noted) == {"New": [2], "Repaired": [1, 4], "Other changes": [3]}


def test_the_first_heading_of_the_flow_wins() -> None:
    assert headings(silent(pull(1, "Both", "bug", "enhancement"), groups=GROUPS)) == {"New": [1]}


@pytest.mark.parametrize(
    ("label", "heading"),
    [
        ("enhancement", "Features"),
        ("type: feature", "Features"),
        ("kind/bug", "Fixes"),
        (":bug: bug", "Fixes"),
        ("docs", "Documentation"),
        ("dependencies", "Dependencies"),
        ("not a bug", "Other changes"),
        ("question", "Other changes"),
        ("", "Other changes"),
    ],
)
def test_without_groups_usual_labels_are_known_however_they_are_spelled(label: str, heading: str) -> None:
    assert headings(silent(pull(1, "A change", label))) == {heading: [1]}


@pytest.mark.parametrize("label", ["skip-changelog", "Ignore-For-Release"])
def test_a_pull_request_that_is_kept_out_is_counted(label: str) -> None:
    noted = silent(pull(1, "Shown"), pull(2, "Hidden", label, "bug"))
    assert headings(noted) == {"Other changes": [1]}
    assert noted.remarks == ("pull requests labelled ignore-for-release or skip-changelog are left out (1)",)


def test_where_all_are_kept_out_there_is_nothing_to_publish() -> None:
    noted = silent(pull(1, "Hidden", "skip-changelog"))
    assert (noted.groups, noted.answer.prediction) == ((), None)


def test_a_bots_pull_request_goes_where_its_labels_say() -> None:
    bot = "dependabot[bot]"
    noted = silent(
        pull(1, "Bump a from 1 to 2", "dependencies", author=bot), pull(2, "Bump b from 1 to 2", author=bot)
    )  # fmt: skip
    assert headings(noted) == {"Dependencies": [1], "Other changes": [2]}


@pytest.mark.parametrize(
    ("title", "labels", "shown"),
    [
        ("feat: read gzip", ("feature",), "read gzip"),
        ("feat(io): read gzip", ("feature",), "io: read gzip"),
        ("fix: read gzip", ("feature",), "fix: read gzip"),
        ("feat!: read gzip", ("feature",), "feat!: read gzip"),
        ("feat: read gzip", (), "feat: read gzip"),
        ("feat:", ("feature",), "feat:"),
        ("  two\n lines  ", (), "two lines"),
    ],
)
def test_a_type_goes_only_where_the_heading_says_it(title: str, labels: tuple[str, ...], shown: str) -> None:
    [group] = silent(pull(1, title, *labels)).groups
    assert group.notes[0].title == shown


def test_the_models_line_stands_where_it_adds_to_the_title() -> None:
    model = Writer(lambda _: "- Archives over 4 GB are read in parts.\nA second line.")
    noted = note(model, TEN_WORDS, [pull(1, "Read archives", body="Long text.")], None)
    assert noted.groups[0].notes[0].said == "Archives over 4 GB are read in parts."
    assert noted.answer.prediction == Text(
        "Other changes\n- Read archives — Archives over 4 GB are read in parts. (#1 by octocat)"
    )


@pytest.mark.parametrize("said", ["", "   ", "Adds a gzip option.", "ADD A GZIP OPTION"])
def test_the_models_line_is_left_out_where_it_repeats_the_title(said: str) -> None:
    noted = note(Writer(lambda _: said), TEN_WORDS, [pull(1, "Add a gzip option", body="Text.")], None)
    assert noted.groups[0].notes[0].said == ""


def test_a_line_of_too_many_words_is_left_out_and_told() -> None:
    noted = note(Writer(lambda _: "one two three four " * 3), TEN_WORDS, [pull(1, "Title", body="Text.")], None)
    assert noted.groups[0].notes[0].said == ""
    assert noted.answer.unread == ("what the model says of a pull request in over 10 words (1)",)


def test_a_pull_request_without_a_description_is_not_asked_about() -> None:
    model = Writer(lambda _: "Some other words entirely.")
    note(model, TEN_WORDS, [pull(1, "One"), pull(2, "Two", body="Text.")], None)
    assert model.asked == ["Two\n\nText."]


def test_a_long_description_is_cut_for_a_model_with_a_limit_and_told() -> None:
    model = Writer(lambda _: "", limit=20)
    noted = note(model, TEN_WORDS, [pull(1, "Title", body="word " * 50)], None)
    assert len(model.asked[0]) <= 20
    assert noted.answer.unread == ("all but the beginning of descriptions that are longer than the model reads (1)",)


@pytest.mark.parametrize(("limit", "most"), [(512, 40), (None, 200)])
def test_of_many_the_first_are_asked_about_and_all_are_listed(limit: int | None, most: int) -> None:
    model = Writer(lambda _: "", limit)
    noted = note(model, TEN_WORDS, [pull(number, "Title", body="Text.") for number in range(1, 302)], None)
    assert len(model.asked) == most
    assert len(noted.groups[0].notes) == 301
    told = f"the descriptions of {301 - most} of 301 merged pull requests: the first {most} are read by the model"
    assert noted.answer.unread == (told,)


def test_the_embedded_model_chooses_the_sentence_that_adds() -> None:
    step = Step(task="summarization", model="embedded", max_words=20)
    model: Model = load(step, {}, Places(offline=True))
    body = (
        "## Why\n\nThe whole file was held in memory, so that archives over 4 GB ended with a MemoryError.\n\n"
        "- [x] I have read the contributing guidelines\n\nThanks!"
    )
    noted = note(
        model, step, [pull(1, "Read archives in parts", body=body), pull(2, "Fix typo", body="Fix typo")], None
    )
    first, second = noted.groups[0].notes
    assert first.said == "The whole file was held in memory, so that archives over 4 GB ended with a MemoryError."
    assert second.said == ""


HOSTILE = (
    "fix: @octocat closes #7 <img src=x onerror=alert(1)> [a](https://evil.example) ![i](https://evil.example/i.png)"
)


def test_what_strangers_and_models_write_is_text() -> None:
    body = page((NoteGroup("New @octocat", (Note(12, HOSTILE, HOSTILE, "dependabot[bot]"),)),))
    html = github_flavored_markdown_to_html(body)
    assert "<a " not in html
    assert "<img" not in html
    assert "@octocat" not in body
    assert "#7" not in body
    assert "(`#12` by dependabot\\[bot\\])" in body


def test_a_release_reads_as_one_expects() -> None:
    body = page(
        (
            NoteGroup("Features", (Note(12, "Read gzip", "Files may be packed.", "octocat"), Note(13, "Add tar"))),
            NoteGroup("Fixes", (Note(14, "Mend it", "", None),)),
        )
    )
    assert body.startswith(
        "### Features\n\n"
        "- Read gzip — Files may be packed. (`#12` by octocat)\n"
        "- Add tar (`#13`)\n\n"
        "### Fixes\n\n"
        "- Mend it (`#14`)\n\n"
        "<sub>Written by hubpipe with `model2vec:embedded`, not by a person"
    )


def test_a_release_over_the_limit_loses_the_sentences_first() -> None:
    notes = tuple(Note(number, "Title", "word " * 100) for number in range(1, 1_001))
    body = page((NoteGroup("Features", notes),))
    assert len(body) < RELEASE_LIMIT
    assert "word" not in body
    assert body.count("- Title") == 1_000


def test_a_release_far_over_the_limit_loses_the_last_and_counts_them() -> None:
    notes = tuple(Note(number, f"Title {'long ' * 150}", "said") for number in range(1, 1_001))
    started = time.monotonic()
    body = page((NoteGroup("Features", notes[:500]), NoteGroup("Fixes", notes[500:])))
    assert time.monotonic() - started < 10
    shown = body.count("- Title")
    assert 100 < shown < 1_000
    assert f"_And {1_000 - shown} more._" in body
    assert len(body) < RELEASE_LIMIT


def test_no_room_gives_nothing() -> None:
    assert page((NoteGroup("Features", (Note(1, "Title"),)),), room=10) == ""


WILD = st.text(st.characters(codec=None), max_size=60)


@given(st.lists(st.tuples(WILD, WILD, WILD, st.lists(WILD, max_size=2)), min_size=1, max_size=5), WILD)
def test_anything_becomes_notes_within_the_limit_without_links(
    found: list[tuple[str, str, str, list[str]]], said: str
) -> None:
    pulls = [pull(1, title, *labels, body=body, author=author) for title, body, author, labels in found]
    noted = note(Writer(lambda _: said), TEN_WORDS, pulls, None)
    body = page(noted.groups)
    assert len(body) < RELEASE_LIMIT
    html = github_flavored_markdown_to_html(body.encode("utf-8", "replace").decode())
    assert "<a " not in html
    assert "<img" not in html
    assert sum(len(group.notes) for group in noted.groups) == len(
        [
            one
            for one in pulls
            if not {"skip-changelog", "ignore-for-release"} & {name.casefold() for name in one.labels}
        ]
    )


ENDS = "The reader ends with a MemoryError on large files."
HELPS = "A streaming reader would help us all."
HOLDS = "See [the profile](https://example.com/a): it holds\nthe whole file in memory. Yes, please."
THREAD = Document(
    (
        Part("title", "Reading large archives fails"),
        Part("body", ENDS),
        Part("comment by hubot", HOLDS),
        Part("comment by ghost", f"{ENDS} {HELPS}"),
    )
)


@pytest.mark.parametrize(
    ("line", "who"),
    [
        ("See the profile: it holds the whole file in memory.", "hubot"),
        (HELPS, "ghost"),
        (ENDS, None),
        ("Reading large archives fails", None),
        ("Nobody wrote this sentence here.", None),
        ("Yes, please.", None),
        ("", None),
    ],
)
def test_a_sentence_of_a_comment_is_its_authors(line: str, who: str | None) -> None:
    assert voices(THREAD, [line]).get(line) == who


def test_whose_words_they_are_is_found_in_linear_time() -> None:
    parts = tuple(Part(f"comment by user{number}", "](" * 10_000 + "ab " * 20_000) for number in range(50))
    started = time.monotonic()
    assert voices(Document(parts), ["ab " * 300 + "c"] * 100) == {}
    assert time.monotonic() - started < 5


def test_a_name_in_a_digest_notifies_nobody() -> None:
    event = Event("issue_comment", "created", "octo-org/octo-repo", Subject("issue", 1, "Title", ""), actor="octocat")
    context = Context("digest", event, (), Fitted("", 0, 0), voices={HELPS: "@octocat"})
    plan, findings = Plan((CommentEffect("digest"),)), Findings(text=Text(f"{HELPS}\nAnother sentence."))
    [effect] = render.write(plan, findings, context).effects
    assert isinstance(effect, CommentEffect)
    assert f"- {HELPS} — @&#8203;octocat\n- Another sentence.\n" in effect.body


def test_what_a_person_wrote_leaves_the_rest_of_the_room_to_the_notes() -> None:
    by_hand = "By hand. " * 10_000
    notes = tuple(Note(number, f"Title {'long ' * 20}") for number in range(1, 1_001))
    subject = Subject("release", None, "v1", by_hand, release_id=1)
    event = Event("release", "published", "octo-org/octo-repo", subject)
    context = Context("notes", event, (), Fitted("", 0, 0), notes=(NoteGroup("Features", notes),))
    [effect] = render.write(Plan((ReleaseEffect("notes", 1),)), Findings(), context).effects
    assert isinstance(effect, ReleaseEffect)
    whole = render.spliced(by_hand, "notes", effect.body, RELEASE_LIMIT)
    assert isinstance(whole, str)
    assert len(whole) <= RELEASE_LIMIT
    assert whole.startswith(by_hand)
    assert "- Title long" in whole
    assert "more._" in whole


@pytest.mark.parametrize(
    "pipeline",
    [
        "{task: zero-shot-classification, model: embedded, labels: [a, b]}",
        "[{task: summarization, model: embedded}, {task: summarization, model: embedded}]",
    ],
)
def test_each_pull_request_is_asked_about_by_one_step_that_gives_text(pipeline: str) -> None:
    flow = f"version: 1\nflows:\n  n: {{on: release, input: pulls, pipeline: {pipeline}, publish: summary}}\n"
    with pytest.raises(ConfigError, match="each merged pull request is asked about once"):
        parse(flow)
