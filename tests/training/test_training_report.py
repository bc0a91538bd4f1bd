"""What is told of a learned model: as data, as Markdown, as lines for a terminal."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options

from hubpipe.training import compare, intervals
from hubpipe.training.compare import verdict
from hubpipe.training.examples import Example
from hubpipe.training.measure import Measures, Scored, measure
from hubpipe.training.report import Side, SplitFacts, TrainingReport, as_json, as_markdown, as_page, as_text

LABELS = ("bug", "question")
URL = "https://github.com/octo-org/octo-repo/issues/{number}"
HOSTILE = "</script><script>alert(1)</script> <img src=x onerror=a()> @octocat #12 | `a` [x](javascript:alert(1)) \x1b"
GITHUB_LIMIT = 1024 * 1024


def scored(
    *, exclusive: bool = True, title: str = "Exports stop", url: str = URL, labels: tuple[str, ...] = LABELS
) -> Scored:
    rows = 40
    random = np.random.default_rng(3)
    right = np.eye(len(labels), dtype=np.int8)[np.arange(rows) % len(labels)]
    scores = right * 0.4 + random.random(right.shape) * 0.6
    if exclusive:
        scores = scores / scores.sum(axis=1, keepdims=True)
    examples = tuple(
        Example(
            title, "", (labels[row % len(labels)],), repo="octo-org/octo-repo", number=row, url=url.format(number=row)
        )
        for row in range(rows)
    )
    return Scored(labels, scores.astype(np.float32), right, examples, exclusive)


def report(one: Scored | None = None, *, name: str = "octo/model") -> TrainingReport:
    one = one or scored()
    day = datetime(2026, 3, 1, tzinfo=UTC)
    return TrainingReport(
        name=name,
        measures=measure(one, {one.labels[0]: 0.6, one.labels[-1]: None}, 0.9),
        split=SplitFacts("in time", Side(40, day, day), Side(120)),
        baselines={"majority": measure(one, {}, None)},
        comparison=verdict(one, one),
        settings={"encoder": "embedded", "C": 0.3, "tuned": False, "nothing": float("nan"), "many": (1, 2)},
        needs={one.labels[-1]: "about 40 more examples are needed"},
        expected_coverage=0.4,
    )


def empty() -> TrainingReport:
    nothing = Scored(LABELS, np.zeros((0, 2), np.float32), np.zeros((0, 2), np.int8), (), exclusive=True)
    return TrainingReport("none", measure(nothing, {}, None), SplitFacts("in time", Side(0)))


def numbers(measures: Measures) -> tuple[float | None, ...]:
    return measures.accuracy.value, measures.macro_f1.value, measures.coverage.value


def test_the_json_has_what_the_command_promises() -> None:
    given = report()
    found = json.loads(json.dumps(as_json(given), allow_nan=False))
    assert (found["accuracy"], found["macro_f1"], found["coverage"]) == pytest.approx(numbers(given.measures), abs=1e-6)
    assert found["precision_at_coverage"] == pytest.approx(given.measures.precision_at_coverage.value, abs=1e-6)
    bug = found["labels"]["bug"]
    assert {"precision", "recall", "f1", "support", "cutoff", "coverage", "precision_at_cutoff"} <= bug.keys()
    assert bug["support"] == 20
    low, high = bug["intervals"]["f1"]
    assert low <= bug["f1"] <= high
    assert found["settings"] == {"encoder": "embedded", "C": 0.3, "tuned": False, "nothing": None, "many": [1, 2]}
    assert found["split"]["tested"] == {
        "n": 40,
        "since": "2026-03-01T00:00:00+00:00",
        "until": "2026-03-01T00:00:00+00:00",
    }
    assert found["baselines"]["majority"]["n"] == 40
    assert found["comparison"]["macro_f1"]["value"] == 0
    assert found["mistakes"][0]["url"].startswith("https://github.com/octo-org/octo-repo/issues/")
    assert {"score", "coverage", "precision", "interval"} <= found["curve"][0].keys()
    assert found["needs"] == {"question": "about 40 more examples are needed"}


@pytest.mark.parametrize("exclusive", [True, False])
def test_every_form_can_be_written(exclusive: bool) -> None:
    given = report(scored(exclusive=exclusive))
    assert json.dumps(as_json(given), allow_nan=False)
    for text in (as_markdown(given), as_text(given), as_page(given)):
        assert "octo/model" in text
        assert "about 40 more examples are needed" in text
        assert f"{given.measures.macro_f1.value:.3f}" in text


@pytest.mark.parametrize("written", [as_text, as_markdown, as_page])
def test_a_model_that_is_called_like_a_yardstick_has_a_row_of_its_own(
    written: Callable[[TrainingReport], str],
) -> None:
    named, other = (written(report(name=name)).count("majority") for name in ("majority", "octo/model"))
    assert named - other == written(report()).count("octo/model")


def test_the_json_says_how_many_draws_its_intervals_are_of() -> None:
    method = as_json(report())["method"]
    assert f"{intervals.RESAMPLES:,} draws" in method["f1"]
    assert f"{compare.RESAMPLES:,} draws" in method["comparison"]


def test_nothing_measured_is_null_and_a_dash() -> None:
    found = json.loads(json.dumps(as_json(empty()), allow_nan=False))
    assert (found["accuracy"], found["macro_f1"], found["labels"]["bug"]["f1"]) == (None, None, None)
    assert "| accuracy | – |" in as_markdown(empty())
    assert "mermaid" not in as_markdown(empty())
    assert re.search(r"^accuracy +–$", as_text(empty()), re.MULTILINE)
    assert "<dt>accuracy</dt><dd>–</dd>" in as_page(empty())


def test_the_charts_are_ones_that_mermaid_knows() -> None:
    charts = re.findall(r"```mermaid\n(.*?)```", as_markdown(report()), re.DOTALL)
    assert len(charts) == 2
    for chart in charts:
        directive, kind, x, y, *series = chart.strip().splitlines()
        assert directive.startswith("%%{init: ")
        assert kind == "xychart-beta"
        steps = len(re.findall(r"[\d.]+", x.rpartition("[")[2]))
        assert re.fullmatch(r'  y-axis "[a-z ]+" 0 --> 1', y)
        for one in series:
            assert len(re.fullmatch(r"  (?:line|bar) \[([\d., ]+)\]", one).group(1).split(", ")) == steps  # type: ignore[union-attr]


def test_a_strangers_title_does_nothing_in_markdown() -> None:
    labels = ("bug|`x` @team <b>", "question")
    html = github_flavored_markdown_to_html(
        as_markdown(report(scored(title=HOSTILE, labels=labels), name=HOSTILE)), Options.CMARK_OPT_UNSAFE
    )
    assert set(re.findall(r"<(\w+)", html)) <= {
        *(
            "h2",
            "h3",
            "p",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "code",
            "sub",
            "details",
            "summary",
            "pre",
            "a",
            "strong",
        ),
    }
    assert set(re.findall(r'href="([^"]*)"', html)) <= {URL.format(number=row) for row in range(40)}
    text = re.sub(r"<code>.*?</code>|<[^>]+>", "", html, flags=re.DOTALL)
    assert not re.search(r"@\w|#\d", text)
    assert "\x1b" not in html


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "http://x.example/", "https://x.example/>(y", "https://x.example/ a", "", 'https://x/"'],
)
def test_only_a_plain_address_becomes_a_link(url: str) -> None:
    given = report(scored(url=url))
    assert "](<" not in as_markdown(given)
    assert "<a href" not in as_page(given)


def test_a_strangers_title_does_nothing_in_a_terminal() -> None:
    text = as_text(report(scored(title="a\nb \x1b[31m\x07 \u202eright"), name="a\x1b]0;x\x07"))
    assert not set(text) & {"\x1b", "\x07", "\u202e"}
    assert "a b" in text


def test_a_strangers_title_cannot_leave_its_place_on_the_page() -> None:
    page = as_page(report(scored(title=HOSTILE, labels=("</script>bug", "</style>q")), name=HOSTILE))
    assert page.count("</script>") == page.count("<script") == 3
    assert page.count("</style>") == 1
    assert "<img" not in page
    assert "javascript:" not in re.sub(r"\[x\]\(javascript:alert", "", page)


def test_the_largest_summary_is_under_githubs_limit() -> None:
    labels = tuple(f"{row} " + "&<|`@#1" * 40 for row in range(400))
    random = np.random.default_rng(0)
    scores = random.random((400, 400)).astype(np.float32)
    examples = tuple(Example("<&|`*_@" * 200, "", labels[:100], number=1, repo="@" * 300) for _ in range(400))
    right = random.integers(2, size=(400, 400)).astype(np.int8)
    for exclusive in (True, False):
        measures = measure(Scored(labels, scores, right, examples, exclusive), {}, None)
        huge = TrainingReport(
            "<" * 5000,
            measures,
            SplitFacts("|" * 5000, Side(1)),
            baselines=dict.fromkeys(labels, measures),
            settings=dict.fromkeys(labels, "<" * 10000),
            needs=dict.fromkeys(labels, "<@#1|" * 1000),
        )
        assert len(as_markdown(huge).encode()) < GITHUB_LIMIT
