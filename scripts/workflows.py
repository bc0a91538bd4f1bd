"""Turn a workflow file into what is unsafe in it.

zizmor audits the same files with more rules. These are the ones that hubpipe promises, so that they hold where zizmor's
change, and where somebody tells it to ignore a line: https://docs.github.com/en/actions/reference/security/secure-use
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}|\./.*|docker://\S+@sha256:[0-9a-f]{64}")
VERSION = re.compile(r"\s+# v\d+(\.\d+){0,2}$")
USES = re.compile(r"^\s*(?:- )?uses: *(?P<name>\S+)(?P<rest>.*)$", re.MULTILINE)
PIPED = re.compile(r"\b(curl|wget)\b[^\n|]*\|\s*(sudo\s+)?(env\s+)?(ba|z|da)?sh\b")
FETCHED_HEAD = re.compile(r"gh pr checkout|git (fetch|pull|checkout)\b[^\n]*(pull/|head|FETCH_HEAD)", re.IGNORECASE)
# A stranger starts these, and the token may write: https://securitylab.github.com/research/github-actions-preventing-pwn-requests/
BY_STRANGERS = {"pull_request_target", "workflow_run", "issue_comment", "issues", "discussion", "discussion_comment"}

NOT_PINNED = "`uses: {name}` names no commit: write owner/name@ and the commit's 40 digits"
NO_VERSION = "`uses: {name}` does not say which version its commit is: add `# v1.2.3`"
TOP_LEVEL = "`permissions: {}` is missing at the top: a job gets what it names, and nothing else"
NO_PERMISSIONS = "the job {job} names no permissions, one a line"
NO_TIMEOUT = "the job {job} has no `timeout-minutes`"
NO_CONCURRENCY = "`concurrency` is missing: two runs at once race for one comment, or for one release"
LEFT_ON_DISK = "a checkout of the job {job} leaves its token on the disk: add `persist-credentials: false`"
HEAD = "the job {job} takes a stranger's commit where the token may write: check out the default branch, or nothing"
TEMPLATE = 'a `run` of the job {job} has {expression} in it: give the value in `env`, and write "$NAME"'
DOWNLOADED = "a `run` of the job {job} pipes a download into a shell: pin it, and check its hash"
CACHED = "the job {job} of a release uses a cache, into which another run may have put something"


@dataclass(frozen=True)
class Job:
    """A job and the workflow that it stands in."""

    name: str
    content: Mapping[str, Any]
    triggers: Mapping[str, Any]

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        """Its steps; none where it calls another workflow."""
        return list(self.content.get("steps", ()))

    @property
    def releases(self) -> bool:
        """Whether it runs for a tag or a release."""
        return "release" in self.triggers or "tags" in (self.triggers.get("push") or {})


def faults(text: str, unpinned: frozenset[str] = frozenset()) -> list[str]:
    """Tell what is unsafe in a workflow; `unpinned` are the actions that may be named by a tag."""
    workflow = yaml.safe_load(text)
    triggers = _triggers(workflow[True])  # YAML 1.1 reads `on` as true
    found = list(pins(text, unpinned))
    if workflow.get("permissions") != {}:
        found.append(TOP_LEVEL)
    if "concurrency" not in workflow:
        found.append(NO_CONCURRENCY)
    for name, content in workflow["jobs"].items():
        found += _faults_of(Job(name, content, triggers))
    return found


def _triggers(on: str | list[str] | dict[str, Any]) -> Mapping[str, Any]:
    if isinstance(on, str):
        return {on: None}
    return on if isinstance(on, dict) else dict.fromkeys(on)


def pins(text: str, unpinned: frozenset[str]) -> Iterator[str]:
    """Tell which actions a text uses without a commit, or without its version beside it."""
    for use in USES.finditer(text):
        name = use["name"].strip("\"'")
        if name.partition("@")[0] in unpinned:
            continue
        if not PINNED.fullmatch(name):
            yield NOT_PINNED.format(name=name)
        elif not name.startswith(("./", "docker://")) and not VERSION.fullmatch(use["rest"]):
            yield NO_VERSION.format(name=name)


def _faults_of(job: Job) -> Iterator[str]:
    if not isinstance(job.content.get("permissions"), dict):
        yield NO_PERMISSIONS.format(job=job.name)
    if "steps" in job.content and "timeout-minutes" not in job.content:
        yield NO_TIMEOUT.format(job=job.name)
    for step in job.steps:
        yield from _faults_of_use(job, str(step.get("uses", "")), step.get("with") or {})
        yield from _faults_of_run(job, str(step.get("run", "")))


def _faults_of_use(job: Job, action: str, given: Mapping[str, Any]) -> Iterator[str]:
    if action.startswith("actions/checkout@"):
        if given.get("persist-credentials") is not False:
            yield LEFT_ON_DISK.format(job=job.name)
        if BY_STRANGERS & set(job.triggers) and {"ref", "repository"} & set(given):
            yield HEAD.format(job=job.name)
    if job.releases and (action.startswith("actions/cache") or given.get("cache")):
        yield CACHED.format(job=job.name)


def _faults_of_run(job: Job, script: str) -> Iterator[str]:
    for expression in re.findall(r"\$\{\{.*?\}\}", script, re.DOTALL):
        yield TEMPLATE.format(job=job.name, expression=expression)
    if PIPED.search(script):
        yield DOWNLOADED.format(job=job.name)
    if BY_STRANGERS & set(job.triggers) and FETCHED_HEAD.search(script):
        yield HEAD.format(job=job.name)
