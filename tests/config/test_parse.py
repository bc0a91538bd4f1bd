"""The configuration file: what is accepted, and what is said of the rest."""

from contextlib import nullcontext
from pathlib import Path

import jsonschema
import pytest
import yaml

from hubpipe.config import Config, default, json_schema, parse, resolve
from hubpipe.errors import ConfigError

ROOT = Path(__file__).parents[2]
SMALLEST = """\
version: 1
flows:
  kind:
    on: issues
    pipeline: {task: zero-shot-classification}
    publish: labels
"""

ASKING = SMALLEST.replace("{task: zero-shot-classification}", "{task: decision, model: a/b, questions: %s}")


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, "hubpipe.yml")
    return [str(problem) for problem in caught.value.problems]


def flow(lines: str) -> str:
    """A configuration of one flow whose keys are given, indented by four."""
    return "version: 1\nflows:\n  kind:\n" + "".join(f"    {line}\n" for line in lines.splitlines())


def test_the_smallest_flow_reads_title_and_body_with_the_embedded_model() -> None:
    kind = parse(SMALLEST).flows["kind"]
    assert kind is not None
    assert kind.input == ("title", "body")
    assert kind.pipeline[0].model == "embedded"
    assert kind.publish.labels is not None
    assert kind.publish.comment is None


def test_a_bare_on_is_a_key_and_not_the_boolean_true() -> None:
    assert "issues" in (parse(SMALLEST).flows["kind"] or pytest.fail("no flow")).on


@pytest.mark.parametrize(
    "written",
    [
        "issues",
        "[issues]",
        "{issues: }",
        "{issues: [opened, edited, reopened]}",
        "{issues: {types: [opened, edited, reopened]}}",
    ],
)
def test_every_form_of_a_workflows_on_means_the_same(written: str) -> None:
    config = parse(SMALLEST.replace("on: issues", f"on: {written}"))
    assert (config.flows["kind"] or pytest.fail("no flow")).on == {"issues": ("opened", "edited", "reopened")}


@pytest.mark.parametrize("written", ["labels", "[labels]", "{labels: {}}", "[{labels: {}}]", "{labels: }"])
def test_every_form_of_publish_means_the_same(written: str) -> None:
    config = parse(SMALLEST.replace("publish: labels", f"publish: {written}"))
    assert config == parse(SMALLEST)


def test_labels_may_be_a_list_of_names_or_names_with_descriptions() -> None:
    text = SMALLEST.replace("classification}", "classification, labels: %s}")
    listed = parse(text % "[bug, question]").flows["kind"]
    described = parse(text % "{bug: , question: How to}").flows["kind"]
    assert listed and listed.pipeline[0].labels == {"bug": "", "question": ""}
    assert described and described.pipeline[0].labels == {"bug": "", "question": "How to"}


def test_all_problems_are_told_at_once_with_file_line_key_and_the_nearest_word() -> None:
    found = problems(
        flow(
            "on: [isues]\n"
            "input: [title, bdy]\n"
            "pipeline:\n"
            "  task: zero-shot-clasification\n"
            "  modle: embedded\n"
            "decide: {threshold: 2}\n"
            "publish:\n"
            "  - lables\n"
            "  - comment: {tmplate: x}"
        )
        + "exends: a/b\n"
    )
    assert found == [
        "hubpipe.yml:5: flows.kind.input.1: 'bdy' is not allowed: did you mean 'body'?",
        "hubpipe.yml:7: flows.kind.pipeline.task: 'zero-shot-clasification' is not allowed:"
        " did you mean 'zero-shot-classification'?",
        "hubpipe.yml:8: flows.kind.pipeline.modle: unknown key: did you mean 'model'?",
        "hubpipe.yml:9: flows.kind.decide.threshold: input should be less than or equal to 1",
        "hubpipe.yml:12: flows.kind.publish.comment.tmplate: unknown key: did you mean 'template'?",
        "hubpipe.yml:11: flows.kind.publish.lables: unknown key: did you mean 'labels'?",
        "hubpipe.yml:13: exends: unknown key: did you mean 'extends'?",
    ]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("on: isues\npipeline: {task: summarization}\npublish: comment", "did you mean 'issues'?"),
        ("on: {issues: opend}\npipeline: {task: summarization}\npublish: comment", "did you mean 'opened'?"),
        (
            "on: {push: {branches: [main]}}\npipeline: {task: summarization}\npublish: summary",
            "into the workflow",
        ),
        ("on: {push: [opened]}\npipeline: {task: summarization}\npublish: summary", "push has no activity types"),
        ("on: issues\npipeline: {task: summarization}\npublish: labels", "summarization gives text, not labels"),
        ("on: issues\npipeline: {task: feature-extraction}\npublish: comment", "nothing to comment"),
        ("on: push\npipeline: {task: summarization}\npublish: comment", "push brings no issue or pull request"),
        (
            "on: issues\ninput: [patch]\npipeline: {task: summarization}\npublish: comment",
            "comes with pull requests",
        ),
        ("on: issues\ninput: [commits]\npipeline: {task: summarization}\npublish: comment", "pull requests and pushes"),
        (
            "on: issues\npipeline: [{task: feature-extraction}, {task: summarization}]\npublish: comment",
            "make it the last step",
        ),
        ("on: issues\npipeline: {task: summarization, labels: [a]}\npublish: comment", "no labels to choose from"),
        ("on: issues\npipeline: {task: summarization}\ndecide: {threshold: 0.4}\npublish: comment", "no scores"),
        (
            "on: issues\n"
            "pipeline: {task: zero-shot-classification, model: a/b, hypothesis_template: x}\n"
            "publish: labels",
            "it must hold {} once",
        ),
        ("on: issues\npipeline: {task: summarization, model: ''}\npublish: comment", "name a model"),
        ("on: issues\npipeline: {task: summarization}", "flows.kind.publish: this key is needed"),
        ("on: {}\npipeline: {task: summarization}\npublish: comment", "flows.kind.on: it must not be empty"),
        ("on: {issues: []}\npipeline: {task: summarization}\npublish: comment", "no activity type would ever start"),
        ("on: issues\ninput: []\npipeline: {task: summarization}\npublish: comment", "input: it must not be empty"),
        ("on: issues\npipeline: []\npublish: comment", "pipeline: this key is needed: name a model, or give rules"),
        (
            "on: issues\npipeline: {task: summarization}\npublish: []",
            "name at least one of labels, comment, check, release, notify, summary",
        ),
        (
            "on: issues\npipeline: {task: fill-mask}\npublish: [{labels: {create: true}}, labels]",
            "publish: labels stands twice",
        ),
        ("on: issues\npipeline: {task: fill-mask}\npublish: {labels: {create: yes}}", "create: write true or false"),
        ("on: issues\npipeline: {task: fill-mask}\npublish: {labels: {create: 1}}", "create: write true or false"),
        ("on: issues\npipeline: {task: fill-mask}\ndecide: {threshold: true}\npublish: labels", "write a number"),
        ("on: issues\npipeline: {task: fill-mask}\ndecide: {threshold: '0.5'}\npublish: labels", "write a number"),
        ("on: issues\npipeline: {task: fill-mask}\ndecide: {max_labels: 1.5}\npublish: labels", "write a whole number"),
        (
            "on: issues\npipeline: {task: zero-shot-classification, labels: [a, b]}\ndecide: {precision: 0.9}\n"
            "publish: labels",
            "embedded does not know how often it is right",
        ),
        (
            "on: issues\npipeline: {model: learned}\ndecide: {precision: 0.9, threshold: 0.5}\npublish: labels",
            "leave threshold out",
        ),
        (
            "on: pull_request\neach: file\npipeline: {model: learned}\ndecide: {precision: 0.9}\npublish: labels",
            "not of changed files",
        ),
        ("on: issues\npipeline: {model: zero-day, task: summarization}\npublish: comment", "zero-day does not do"),
        (
            "on: issues\npipeline: {task: fill-mask, model: a/b, labels: [a], hypothesis_template: '{} is {x}'}\n"
            "publish: labels",
            "no other brace",
        ),
        ("on: issues\npipeline: {task: zero-shot-classification, labels: [1]}\npublish: labels", "a list of names"),
    ],
)
def test_parts_that_cannot_work_together_are_refused(keys: str, expected: str) -> None:
    [found] = problems(flow(keys))
    assert expected in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("version: 1\nflows: [", "hubpipe.yml:2: not valid YAML"),
        ("version: 1\nversion: 1\n", "hubpipe.yml:2: the key 'version' stands twice"),
        ("version: 1\nflows: !!python/object:os.system {}\n", "the tag"),
        ("version: !!python/name:os.system 1\n", "the tag"),
        ("- a\n", "must be a mapping"),
        ("version: 2\n", "hubpipe.yml:1: version: 2 is not allowed"),
        ("? [a]\n: b\n", "a key must be a plain word"),
        ("a: " + "[" * 5000, "hubpipe.yml"),
        ("# " + "x" * 200_001, "200,000 are allowed"),
        (
            "version: 1\nflows:\n  Bad Name: null\n",
            "hubpipe.yml:3: flows.Bad Name: a flow's name has lower-case letters",
        ),
        ("a: \x00", "not valid YAML"),
        ("version: true\n", "hubpipe.yml:1: version: 'true' is not allowed"),
        ("version: '1'\n", "version: '1' is not allowed"),
        ("version: 1\nextends: foo\n", "hubpipe.yml:2: extends: name a repository as OWNER/NAME"),
        ("version: 1\nextends: a/..\n", "hubpipe.yml:2: extends: name a repository as OWNER/NAME"),
        ("version: 1\nflows:\n  <<: {}\n", "hubpipe.yml:3: merge keys are YAML 1.1"),
        (f"version: {'1' * 5000}\n", "hubpipe.yml:1: version:"),
    ],
)
def test_what_is_no_configuration_is_refused_with_its_place(text: str, expected: str) -> None:
    assert any(expected in found for found in problems(text)), problems(text)


RIVALS = """\
version: 1
flows:
  one:
    on: issues
    pipeline: {task: zero-shot-classification, labels: [bug, question]}
    publish: {labels: {remove_stale: true}}
  two:
    on: [issues, pull_request]
    pipeline: {task: zero-shot-classification, labels: [defect, docs]}
    decide: {rename: {defect: Bug}}
    publish: labels
"""


def test_two_flows_that_would_take_each_others_labels_off_are_refused() -> None:
    [found] = problems(RIVALS)
    assert found.startswith("hubpipe.yml:6: flows.one.publish.labels.remove_stale: it would take off what the flow two")
    assert problems(RIVALS.replace("{defect: Bug}", "{DEFECT: Bug}")) == [found]
    parse(RIVALS.replace("Bug", "defect"))
    parse(RIVALS.replace("[issues, pull_request]", "pull_request"))


def test_numbers_are_read_as_yaml_1_2_reads_them() -> None:
    written = flow("on: issues\npipeline: {task: summarization, max_words: 0100}\npublish: comment")
    found = parse(written).flows["kind"]
    assert found is not None
    assert found.pipeline[0].max_words == 100


def test_aliases_that_would_unfold_to_millions_of_values_are_refused() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    [found] = problems(bomb)
    assert "more than 20,000 values" in found


def test_a_file_lays_its_flows_over_those_of_the_file_that_it_extends() -> None:
    base = SMALLEST + "  other:\n    on: issues\n    pipeline: {task: summarization}\n    publish: comment\n"
    asked: list[str] = []

    def fetch(repo: str) -> str:
        asked.append(repo)
        return base

    own = "version: 1\nextends: octo-org/.github\nflows:\n  other: null\n"
    config = resolve(own, "hubpipe.yml", fetch)
    assert asked == ["octo-org/.github"]
    assert config.flows["kind"] == parse(SMALLEST).flows["kind"]
    assert config.flows["other"] is None


def test_a_flow_that_the_extended_file_does_not_have_cannot_be_switched_off() -> None:
    own = "version: 1\nextends: octo-org/.github\nflows:\n  kinds: null\n"
    with pytest.raises(ConfigError, match=r"hubpipe\.yml:4: flows\.kinds: .*did you mean 'kind'"):
        resolve(own, "hubpipe.yml", lambda _: SMALLEST)


def test_null_switches_nothing_off_in_a_file_that_extends_no_other() -> None:
    [found] = problems("version: 1\nflows:\n  kind: null\n")
    assert found.startswith("hubpipe.yml:3: flows.kind: null switches off a flow of the file that this one extends")
    assert parse("version: 1\nextends: o/r\nflows:\n  kind: null\n").flows == {"kind": None}


def test_rivals_are_found_across_files() -> None:
    own = "version: 1\nextends: octo-org/.github\nflows:\n" + RIVALS.partition("  two:")[2].join(["  two:", ""])
    base = RIVALS.partition("  two:")[0]
    parse(base)
    with pytest.raises(ConfigError, match="what the flow two sets"):
        resolve(own, "hubpipe.yml", lambda _: base)


def test_an_extended_file_that_is_not_there_is_told_at_the_key() -> None:
    with pytest.raises(ConfigError, match=r"hubpipe\.yml:2: extends: octo-org/\.github has no"):
        resolve("version: 1\nextends: octo-org/.github\n", "hubpipe.yml", lambda _: None)


def test_a_chain_of_extends_is_refused() -> None:
    with pytest.raises(ConfigError, match="extend that one directly"):
        resolve("version: 1\nextends: a/b\n", "hubpipe.yml", lambda _: "version: 1\nextends: c/d\n")


def test_no_file_at_all_labels_issues_and_summarises_pull_requests() -> None:
    flows = default().flows
    assert [name for name, flow in flows.items() if flow and "issues" in flow.on] == ["issue-labels"]
    assert [name for name, flow in flows.items() if flow and "pull_request" in flow.on] == ["pr-summary"]


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        (SMALLEST, True),
        (SMALLEST.replace("on: issues", "on: {issues: {types: [opened]}}"), True),
        (SMALLEST.replace("publish: labels", "publish: [labels, {comment: {template: x}}]"), True),
        (SMALLEST.replace("task:", "tusk:"), False),
        (SMALLEST.replace("publish: labels", "publish: [lables]"), False),
        (SMALLEST.replace("version: 1", "version: 2"), False),
        (SMALLEST.replace("on: issues", "on: {issues: {types: opened}}"), True),
        (SMALLEST.replace("on: issues", "on: {issues: {types: }}"), True),
        (SMALLEST.replace("on: issues", "on: {isues: }"), False),
        (SMALLEST.replace("on: issues", "on: []"), False),
        (SMALLEST.replace("publish: labels", "publish: []"), False),
        (SMALLEST.replace("publish: labels", "publish: labels\n    input: []"), False),
        (SMALLEST.replace("classification}", "classification, labels: {}}"), False),
        (SMALLEST.replace("{task: zero-shot-classification}", "[]"), False),
        (SMALLEST.replace("  kind:", "  Kind:"), False),
        (SMALLEST.replace("classification}", "classification, labels: ['  ', bug]}"), False),
        (SMALLEST.replace("classification}", "classification, labels: {'  ': x, bug: y}}"), False),
        (SMALLEST.replace("classification}", "classification, labels: {' bug ': x, docs: y}}"), True),
        (ASKING % "Which", True),
        (ASKING % "['']", False),
        (ASKING % "{version: ''}", False),
        (ASKING % "{'': Which}", False),
        (SMALLEST + "    decide:\n", True),
        (SMALLEST + "budget:\nmodels:\n", True),
    ],
)
def test_the_schema_judges_files_as_the_code_does(text: str, valid: bool) -> None:
    # BaseLoader would make every value a string; `on` is quoted because YAML 1.1 reads it as true.
    data = yaml.safe_load(text.replace(" on:", ' "on":'))
    assert jsonschema.Draft202012Validator(json_schema()).is_valid(data) is valid
    with nullcontext() if valid else pytest.raises(ConfigError):
        parse(text)


def test_the_example_configuration_is_valid() -> None:
    assert isinstance(parse((ROOT / "examples" / "hubpipe.yml").read_text(encoding="utf-8")), Config)
