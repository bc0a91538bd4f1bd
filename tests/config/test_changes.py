"""What a configuration may say of changed files, threads and releases, and what is refused with what to write."""

import pytest

from hubpipe.config import Config, parse
from hubpipe.errors import ConfigError

HEAD = "version: 1\nflows:\n  kind:\n"
CLASSIFY = "pipeline: {task: zero-shot-classification, labels: [bug, docs]}"
SUMMARISE = "pipeline: {task: summarization}"


def config(flow: str) -> Config:
    return parse(HEAD + "".join(f"    {line}\n" for line in flow.splitlines()))


@pytest.mark.parametrize(
    ("flow", "message"),
    [
        ("on: pull_request\npublish: labels", "flows.kind.pipeline: this key is needed: name a model, or give rules"),
        (
            f"on: pull_request\n{CLASSIFY}\nrules: {{size: true}}\npublish: labels",
            "rules: labels by rules need no model",
        ),
        ("on: pull_request\nrules: {}\npublish: labels", "flows.kind.rules: give paths or size"),
        ("on: issues\nrules: {size: true}\npublish: labels", "rules: comes with pull requests"),
        ("on: pull_request\nrules: {size: true}\npublish: comment", "publish: rules give labels"),
        ("on: pull_request\nrules: {size: true}\ninput: [title]\npublish: labels", "input: rules read no text"),
        (
            "on: pull_request\nrules: {paths: {docs: {}}}\npublish: labels",
            "paths.docs: say when: any, all, base or head",
        ),
        ("on: pull_request\nrules: {paths: {docs: ['']}}\npublish: labels", "paths.docs"),
        ("on: pull_request\nrules: {paths: {docs: {every: a}}}\npublish: labels", "unknown key"),
        (f"on: issues\npaths: [a]\n{CLASSIFY}\npublish: labels", "paths: comes with pull requests"),
        (f"on: issues\npaths-ignore: [a]\n{CLASSIFY}\npublish: labels", "paths-ignore: comes with pull requests"),
        (f"on: pull_request\npaths: [a]\npaths-ignore: [b]\n{CLASSIFY}\npublish: labels", "paths-ignore: use paths or"),
        (
            f"on: pull_request\npaths_ignore: [b]\n{CLASSIFY}\npublish: labels",
            "unknown key: did you mean 'paths-ignore'",
        ),
        (f"on: issues\neach: file\n{CLASSIFY}\npublish: labels", "each: comes with pull requests"),
        (
            f"on: pull_request\neach: file\ninput: title\n{CLASSIFY}\npublish: labels",
            "input: title: is not of one file",
        ),
        (f"on: pull_request\neach: hunk\ninput: contents\n{CLASSIFY}\npublish: labels", "contents: are a file's"),
        (f"on: pull_request\neach: file\n{SUMMARISE}\npublish: summary", "pipeline.task: summarization gives text"),
        (f"on: pull_request\ninput: path\n{CLASSIFY}\npublish: labels", "input: path: is read with each"),
        (
            f"on: pull_request\n{CLASSIFY}\ndecide: {{files: all}}\npublish: labels",
            "decide.files: how much of the change",
        ),
        (f"on: pull_request\neach: file\n{CLASSIFY}\ndecide: {{files: 1.5}}\npublish: labels", "decide.files"),
        (
            f"on: issues\ncommand: summarize\n{SUMMARISE}\npublish: comment",
            "command: a command stands in a new comment",
        ),
        (
            f"on: [issues, issue_comment]\ncommand: summarize\n{SUMMARISE}\npublish: comment",
            "command: a command stands",
        ),
        (
            f"on: {{issue_comment: [created, edited]}}\ncommand: summarize\n{SUMMARISE}\npublish: comment",
            "command: a command stands in a new comment",
        ),
        (f"on: pull_request\npaths: ['!docs/**']\n{CLASSIFY}\npublish: labels", "paths: ! only takes back"),
        ("on: pull_request\nrules: {paths: {docs: '!docs/**'}}\npublish: labels", "paths.docs.any: ! only takes back"),
        ("on: pull_request\nrules: {paths: {Docs: a, docs: b}}\npublish: labels", "docs stands twice: GitHub takes"),
        ("on: pull_request\nrules: {size: {big: 9, huge: 9}}\npublish: labels", "another label begins at 9 lines"),
        (f"on: issues\nat_least: {{}}\n{SUMMARISE}\npublish: comment", "at_least: say how much"),
        (f"on: issues\ninput: pulls\n{SUMMARISE}\npublish: summary", "input: pulls"),
        (f"on: release\ninput: [pulls, title]\n{SUMMARISE}\npublish: summary", "input: with pulls, the input"),
        (f"on: release\ninput: [pulls]\n{SUMMARISE}\npublish: comment", "publish.comment: release notes go into"),
        (f"on: issues\n{SUMMARISE}\ngroups: {{Fixes: [bug]}}\npublish: comment", "groups: groups are of release notes"),
        (f"on: issues\n{SUMMARISE}\npublish: release", "publish.release: only the event release"),
        (f"on: issues\n{CLASSIFY}\npublish: check", "publish.check: a check run stands on a pull request's commit"),
        (f"on: pull_request\n{SUMMARISE}\npublish: check", "publish.check: summarization gives text: a check run"),
        (
            f"on: issues\n{SUMMARISE}\npublish: {{comment: {{mode: description}}}}",
            "mode: description writes into a pull",
        ),
        (f"on: issues\ninput: linked\n{SUMMARISE}\npublish: comment", "input: linked: comes with pull requests"),
        (
            "on: pull_request\npipeline: {task: summarization, prompts: {file: a.txt}}\npublish: comment",
            "pipeline.prompts: the embedded model does not read it",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_write(flow: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        config(flow)
    assert message in str(refused.value)


def test_each_file_is_read_by_its_path_and_patch_unless_said_otherwise() -> None:
    flow = config(f"on: pull_request\neach: file\n{CLASSIFY}\npublish: labels").flows["kind"]
    assert flow is not None
    assert (flow.input, flow.decide.files) == (("path", "patch"), "any")


def test_sizes_are_the_usual_ones_or_ones_own() -> None:
    usual = config("on: pull_request\nrules: {size: true}\npublish: labels").flows["kind"]
    own = config("on: pull_request\nrules: {size: {small: 0, big: 200}}\npublish: labels").flows["kind"]
    assert usual is not None and own is not None and usual.rules is not None and own.rules is not None
    assert list(usual.rules.size or {}) == ["size/XS", "size/S", "size/M", "size/L", "size/XL", "size/XXL"]
    assert own.rules.size == {"small": 0, "big": 200}


def test_a_list_of_paths_means_any_of_them() -> None:
    flow = config("on: pull_request\nrules: {paths: {docs: ['docs/**', '**.md']}}\npublish: labels").flows["kind"]
    assert flow is not None and flow.rules is not None
    assert flow.rules.paths["docs"].any == ("docs/**", "**.md")


def test_flows_of_rules_are_rivals_of_flows_that_take_their_labels_off() -> None:
    text = (
        "version: 1\nflows:\n  area:\n    on: pull_request\n    rules: {paths: {docs: a}}\n    publish: labels\n"
        f"  kind:\n    on: pull_request\n    {CLASSIFY}\n    publish: {{labels: {{remove_stale: true}}}}\n"
    )
    with pytest.raises(ConfigError, match="it would take off what the flow area sets"):
        parse(text)
