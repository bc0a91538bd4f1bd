"""What the page shows, as values: rows, details, counts of repositories, cards of models, text that hides nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hubpipe.config import Flow, default
from hubpipe.decide import CommentEffect, LabelsEffect, Plan
from hubpipe.event import Event, Subject, parse
from hubpipe.models import embedded
from hubpipe.models.base import ModelInfo, Places, Score, Scores
from hubpipe.reading import Reading
from hubpipe.report import StepReport
from hubpipe.server.journal import write
from hubpipe.server.ledger import Entry, State
from hubpipe.server.page.attempts import Attempts
from hubpipe.server.page.cards import cards
from hubpipe.server.page.details import UNREADABLE, details
from hubpipe.server.page.pages import View, view_of
from hubpipe.server.page.rows import row
from hubpipe.server.page.shown import shown
from hubpipe.server.page.tally import repositories
from hubpipe.server.stages import Stage
from hubpipe.sinks.outcome import Outcome
from hubpipe.text import Document, Fitted, Part

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
GITHUB = "https://github.example"
INFO = ModelInfo("sentence-transformers", embedded.REPO, embedded.REVISION, "zero-shot-classification", 256)


def entry(
    minute: int = 0,
    *,
    number: int = 12,
    action: str = "opened",
    label: str | None = None,
    state: State = "done",
    flows: Sequence[Mapping[str, Any]] = (),
    error: str = "",
    repo: str = "octo-org/editor",
    url: str = "https://github.example/octo-org/editor/issues/12",
) -> Entry:
    subject = Subject("issue", number, "It crashes", "At every start", url=url)
    came = NOON + timedelta(minutes=minute)
    return Entry(
        id=f"guid-{minute}",
        state=state,
        event=Event("issues", action, repo, subject, actor="octocat", label=label),
        installation=7,
        received=came,
        began=came + timedelta(seconds=1),
        ended=came + timedelta(seconds=3),
        outcome=None if state == "failed" else {"flows": list(flows), "note": ""},
        error=error,
    )


def flow(
    *chosen: str, add: Sequence[str] | None = None, done: bool = True, remove: Sequence[str] = ()
) -> dict[str, Any]:
    """What a report tells of a flow that chooses among bug, question and Docs."""
    effect = {"kind": "labels", "add": list(chosen if add is None else add), "remove": list(remove)}
    return {
        "flow": "kind",
        "models": [asdict(INFO)],
        "chosen": list(chosen),
        "choices": ["bug", "question", "Docs"],
        "effects": [effect],
        "outcomes": [{"kind": "labels", "done": done}],
    }


def stage(name: str, kind: Any, value: Any, seconds: float = 0.5) -> Stage:
    return Stage(name, {"value": write(kind, value)}, NOON, seconds)


def stages() -> list[Stage]:
    reading = Reading(Subject("issue", 12, "It crashes", ""), Document((Part("title", "It crashes"),)))
    scores = Scores((Score("bug", 0.9), Score("question", 0.1)))
    step = StepReport("zero-shot-classification", INFO, Fitted("It crashes", 2, 2), prediction=scores)
    plan = Plan((LabelsEffect(("bug",)), CommentEffect("kind", body="**bug**")), scores.scores[:1], (), scores.scores)
    return [
        stage("kind: resolve", Flow, next(iter(default().flows.values()))),
        stage("kind: read", Reading, reading),
        stage("kind: infer", tuple[StepReport, ...], (step,), 1.25),
        stage("kind: decide", Plan, plan),
        stage("kind: labels", Outcome, Outcome("labels", True, "added bug")),
    ]


class TestRows:
    def test_a_delivery_is_a_line_with_its_labels_and_how_long_it_took(self) -> None:
        found = row(entry(flows=[flow("bug"), flow("bug", "question")]))
        assert (found.about, found.title, found.labels) == ("issue #12", "It crashes", ("bug", "question"))
        assert (found.waited, found.seconds) == (1.0, 2.0)
        assert found.flows == ("kind", "kind")

    def test_a_failure_says_its_first_line(self) -> None:
        assert row(entry(state="failed", error="kind: no such model\nand more")).words == "kind: no such model"

    @pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", ""])
    def test_only_an_address_of_the_web_is_linked(self, url: str) -> None:
        assert row(entry(url=url)).url == ""

    @pytest.mark.parametrize("outcome", [None, "text", {"flows": "none"}, {"flows": [1, {"flow": 2, "chosen": 3}]}, {}])
    def test_what_another_version_wrote_is_no_fault(self, outcome: Any) -> None:
        found = row(Entry(**{**vars(entry()), "outcome": outcome}))
        assert found.labels == ()


class TestDetails:
    def test_each_flow_tells_what_it_read_found_planned_and_did(self) -> None:
        found = details(entry(flows=[flow("bug")]), stages())
        [one] = found.flows
        assert one.parts == (Part("title", "It crashes"),)
        assert one.amount == "2 of 2 tokens"
        assert [(score.label, score.score) for score in one.scores] == [("bug", 0.9), ("question", 0.1)]
        assert one.chosen == {"bug"}
        labels, comment = one.effects
        assert (labels.kind, labels.line, labels.outcome) == ("labels", "+ bug", Outcome("labels", True, "added bug"))
        assert (comment.kind, comment.text, comment.outcome) == ("comment", "**bug**", None)
        assert [(one.name, one.seconds, one.words) for one in found.stages][2] == ("kind: infer", 1.25, "")
        assert one.steps[0].model.startswith("sentence-transformers:")

    def test_a_command_tells_what_it_did_one_after_the_other(self) -> None:
        outcomes = [Outcome("reaction", True, "reacted"), Outcome("comment", True, "commented", f"{GITHUB}/1")]
        told = [stage(f"/hubpipe label: {one.kind} {number}", Outcome, one) for number, one in enumerate(outcomes)]
        [one] = details(entry(), [stage("/hubpipe label: subject", Subject, entry().event.subject), *told]).flows
        assert [(effect.kind, effect.outcome) for effect in one.effects] == [(made.kind, made) for made in outcomes]

    def test_a_stage_that_failed_says_why_and_is_where_a_retry_begins(self) -> None:
        told = {"error": {"kind": "ForbiddenError", "words": "the token may not", "until": None}}
        found = details(entry(state="failed"), [*stages()[:4], Stage("kind: labels", told, NOON, 0.1)])
        assert found.again == "kind: labels"
        assert found.flows[0].words == "the token may not"
        assert found.flows[0].effects[0].outcome is None

    def test_what_another_version_wrote_is_told_and_the_rest_is_shown(self) -> None:
        odd = Stage("kind: decide", {"value": json.dumps({"effects": [{"kind": "dance"}]})}, NOON, 0.1)
        found = details(entry(), [*stages()[:3], odd, Stage("kind: labels", None, None, -1)])
        assert found.flows[0].words == UNREADABLE
        assert found.flows[0].parts
        assert found.stages[-1].seconds == 0.0

    def test_a_command_tells_what_it_did(self) -> None:
        done = [Outcome("reaction", True, "reacted with eyes"), Outcome("comment", True, "posted a comment")]
        told = [
            Stage(f"/hubpipe help: {one.kind} {place}", {"value": write(Outcome, one)}, NOON, 0.1)
            for place, one in enumerate(done)
        ]
        refused = {"error": {"kind": "ForbiddenError", "words": "the token may not", "until": None}}
        [one] = details(entry(), [*told, Stage("/hubpipe help: reaction 2", refused, NOON, 0.1)]).flows
        assert [(effect.kind, effect.outcome) for effect in one.effects] == [(found.kind, found) for found in done]
        assert one.words == "the token may not"

    def test_a_delivery_that_is_waited_for_has_none_yet(self) -> None:
        found = details(entry(), [])
        assert (found.flows, found.stages, found.seconds) == ((), (), None)


class TestRepositories:
    def test_coverage_is_the_share_of_those_with_labels_to_choose_from(self) -> None:
        found = repositories([entry(0, flows=[flow("bug")]), entry(1, flows=[flow()]), entry(2), entry(3, repo="a/b")])
        assert [(one.repo, one.deliveries, one.asked, one.covered, one.coverage) for one in found] == [
            ("octo-org/editor", 3, 2, 1, 0.5),
            ("a/b", 1, 0, 0, None),
        ]

    def test_a_person_who_takes_a_label_of_ours_off_corrects_and_counts_once(self) -> None:
        off = [entry(minute, action="unlabeled", label="BUG") for minute in (2, 3)]
        [found] = repositories([*off, entry(1, flows=[flow("bug")])])
        assert [(one.label, one.kind, one.who, one.number) for one in found.corrections] == [
            ("BUG", "taken off", "octocat", 12)
        ]

    def test_a_person_who_sets_another_of_the_flows_labels_corrects(self) -> None:
        [found] = repositories([entry(1, flows=[flow("bug")]), entry(2, action="labeled", label="docs")])
        assert [(one.label, one.kind) for one in found.corrections] == [("docs", "set instead")]

    @pytest.mark.parametrize(
        ("action", "label", "minute", "number", "told"),
        [
            ("labeled", "bug", 2, 12, flow("bug")),  # our own, where a token speaks as a person
            ("labeled", "priority", 2, 12, flow("bug")),  # none of the flow's
            ("labeled", "question", 0, 12, flow("bug")),  # before the flow ran
            ("labeled", "question", 2, 13, flow("bug")),  # another issue
            ("unlabeled", "question", 2, 12, flow("bug")),  # somebody else's
            ("unlabeled", "bug", 2, 12, flow("bug", done=False)),  # it never got there
            ("unlabeled", "bug", 2, 12, flow("bug", add=[])),  # it was there before
        ],
    )
    def test_what_people_do_otherwise_is_no_correction(
        self, action: str, label: str, minute: int, number: int, told: dict[str, Any]
    ) -> None:
        changed = entry(minute, action=action, label=label, number=number)
        [found] = repositories([entry(1, flows=[told]), changed])
        assert found.corrections == ()

    def test_a_label_that_hubpipe_took_back_itself_is_nobodys_correction(self) -> None:
        back = flow("question", remove=["bug"])
        [found] = repositories(
            [entry(1, flows=[flow("bug")]), entry(2, flows=[back]), entry(3, action="unlabeled", label="bug")]
        )
        assert found.corrections == ()

    def test_the_event_says_which_label(self) -> None:
        payload = {
            "action": "labeled",
            "label": {"name": "bug"},
            "issue": {"number": 1},
            "repository": {"full_name": "a/b"},
        }
        event = parse("issues", payload)
        assert isinstance(event, Event)
        assert event.label == "bug"


class TestModels:
    def test_a_model_of_the_hub_has_its_page_and_the_licence_that_is_known_here(self) -> None:
        [card] = cards([entry(0, flows=[flow("bug"), flow()]), entry(1, flows=[flow()])], GITHUB, Places(offline=True))
        assert (card.task, card.library, card.deliveries) == ("zero-shot-classification", "sentence-transformers", 2)
        assert card.license == "apache-2.0"
        assert card.url.endswith(f"/{embedded.REPO}/tree/{embedded.REVISION}")

    def test_a_learned_model_leads_to_the_folder_of_its_repository(self) -> None:
        learned = flow() | {"models": [asdict(ModelInfo("hubpipe", "learned", "abc", "text-classification", None))]}
        [card] = cards([entry(flows=[learned])], GITHUB, Places(offline=True))
        assert card.url == f"{GITHUB}/octo-org/editor/tree/HEAD/.github/hubpipe"
        assert card.license == "the repository's own"

    @pytest.mark.parametrize("library", ["fake", "endpoint"])
    def test_what_is_no_model_of_the_hub_has_no_page(self, library: str) -> None:
        other = flow() | {"models": [asdict(ModelInfo(library, f"{library}:x", None, "summarization", None))]}
        [card] = cards([entry(flows=[other])], GITHUB, Places(offline=True))
        assert (card.url, card.license) == ("", "not known on this machine")

    def test_a_model_that_is_not_in_the_cache_is_asked_about_nowhere(self, tmp_path: Path) -> None:
        other = flow() | {"models": [asdict(ModelInfo("transformers", "a/b", "0" * 40, "summarization", None))]}
        [card] = cards([entry(flows=[other])], GITHUB, Places(cache=tmp_path))
        assert card.license == "not known on this machine"


@pytest.mark.threat("attack", "output")
@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("a\u200bb\ufeff", "a⟨U+200B⟩b⟨U+FEFF⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("\x1b[31m", "⟨U+001B⟩[31m"),
        ("tab\tline\n", "tab\tline\n"),
        ("a\u200db\ufe0f", "a⟨U+200D⟩b⟨U+FE0F⟩"),
        ("👩\u200d💻 नमस्ते", "👩\u200d💻 नमस्ते"),
    ],
)
def test_what_nobody_sees_is_shown(text: str, seen: str) -> None:
    assert shown(text) == seen
    assert shown(seen) == seen


def test_a_lists_address_says_what_it_shows_and_nothing_else_is_taken() -> None:
    view = View("failed", 2, live=False)
    assert view.but() == "/?state=failed&page=2&live=off"
    assert view_of({"state": "failed", "page": "2", "live": "off"}) == view
    assert view_of({"state": "<b>", "page": "-1", "live": "maybe"}) == View()
    assert view_of({"page": "9999"}).page == 400
    assert view_of({"page": "٣"}).page == 1
    assert View("done").stream == "/live?state=done"
    assert View().stream == "/live"


def test_an_address_has_so_many_attempts_in_so_much_time() -> None:
    now = [0.0]
    attempts = Attempts(2, 60, lambda: now[0])
    for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"):
        assert attempts.wait(address) == 0
        attempts.count(address)
    addresses = ("192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::3", "2001:db8:1::1")
    assert [attempts.wait(address) for address in addresses] == [60, 0, 0, 60, 0]
    now[0] = 61
    assert attempts.wait("192.0.2.1") == 0


def test_an_address_of_ipv4_is_itself_also_on_a_socket_for_both_kinds() -> None:
    attempts = Attempts(1, 60, lambda: 0.0)
    attempts.count("::ffff:192.0.2.1")
    assert [attempts.wait(address) for address in ("192.0.2.1", "::ffff:192.0.2.2")] == [60, 0]
