"""Turn a configuration, workflows and a token into what is needed, and what is too much or too little."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from hubpipe import check as needs
from hubpipe import config, permissions, workflow, world
from hubpipe.check import FlowNeeds
from hubpipe.config import Config
from hubpipe.errors import GitHubError
from hubpipe.permissions import Held
from hubpipe.workflow import Verdict

OF_TOKEN = "the token in GITHUB_TOKEN"  # noqa: S105 - no secret
NOT_COMPARED = "not compared with what the flows need: {fault}"
ALRIGHT = "the permissions are what the flows need, and no more"


@dataclass(frozen=True)
class Asked:
    """What a person asked to check; the usual configuration where `file` names none."""

    file: Path | None = None
    workflows: tuple[Path, ...] = ()
    repo: str | None = None


@dataclass(frozen=True)
class Checked:
    """What the flows need, and what was compared with that: workflows by file, and a token where there was one.

    `fault` is why GitHub did not tell of the token.
    """

    config: Config
    flows: tuple[FlowNeeds, ...]
    workflows: Mapping[str, Verdict] = field(default_factory=dict)
    token: Held | None = None
    fault: GitHubError | None = None

    @property
    def exit_code(self) -> int:
        """0 where all would work, 2 where something must be changed, 1 where a model or the token was not told of."""
        codes = [flow.exit_code for flow in self.flows] + [found.exit_code for found in self.workflows.values()]
        codes += [self.fault.exit_code] if self.fault is not None else []
        return max([*codes, 2 if self.token is not None and self.token.too_little else 0])


def check(asked: Asked, environ: Mapping[str, str]) -> Checked:
    """Check a configuration; where a repository is named, a token in GITHUB_TOKEN is held against the needs there."""
    token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN")
    github = world.connect(token, environ) if token else None
    settings = world.configuration_here(asked.file, github)
    with world.with_learned(world.places(environ), settings.flows.values(), "", None, keeps=False) as places:
        flows = needs.check(settings, places)
    path = str(asked.file or config.PATH)
    compared = {
        str(file): workflow.compare(world.read_text(file), str(file), settings, path) for file in asked.workflows
    }
    checked = Checked(settings, flows, compared)
    if github is None or not asked.repo:
        return checked
    whole = permissions.joined(permissions.by_event(settings).values())
    try:
        return replace(checked, token=permissions.held_against(whole, github.granted(asked.repo)))
    except GitHubError as fault:  # what is known without the token is told all the same
        return replace(checked, fault=fault)


def as_json(checked: Checked) -> dict[str, Any]:
    """Give what was found as plain data."""
    by_event = permissions.by_event(checked.config)
    found: dict[str, Any] = {
        "flows": [asdict(flow) for flow in checked.flows],
        "permissions": permissions.joined(by_event.values()),
        "permissions_by_event": by_event,
    }
    if checked.config.commands is not None:
        found["permissions_of_commands"] = permissions.COMMANDS
    if checked.workflows:
        found["workflows"] = {file: asdict(verdict) for file, verdict in checked.workflows.items()}
    if checked.token is not None:
        found["token"] = asdict(checked.token)
    if checked.fault is not None:
        found["token_not_compared"] = str(checked.fault)
    return found


def as_text(checked: Checked) -> str:
    """Write what was found for a person at a terminal."""
    blocks = [needs.text(checked.flows), "\n".join(permissions.lines(checked.config))]
    blocks += ["\n".join(_of_workflow(file, verdict)) for file, verdict in checked.workflows.items()]
    if checked.token is not None:
        blocks.append("\n".join([OF_TOKEN, *_of_token(checked.token)]))
    if checked.fault is not None:
        blocks.append(f"{OF_TOKEN}\n  {'PROBLEM':<12} {NOT_COMPARED.format(fault=checked.fault)}")
    return "\n\n".join(filter(None, blocks))


def _of_workflow(file: str, verdict: Verdict) -> Iterator[str]:
    yield file
    for problem in (*verdict.too_little, *verdict.too_much, *verdict.notes):
        yield f"  {'PROBLEM' if problem in verdict.too_little else 'note':<12} {problem}"
    if verdict == Verdict():
        yield f"  {ALRIGHT}"


def _of_token(held: Held) -> Iterator[str]:
    yield from (f"  {'PROBLEM':<12} {words}" for words in held.too_little)
    yield from (f"  {'note':<12} {words}" for words in held.too_much)
    if held.note or held == Held():
        yield f"  {held.note or ALRIGHT}"
