"""Turn a workflow file into what its jobs may do with a configuration, and where that is too much or too little."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hubpipe import config
from hubpipe.config import Config
from hubpipe.config.source import Path, Source, read
from hubpipe.errors import ConfigError, Problem
from hubpipe.permissions import ANALYSED, APPLY, LEVELS, NONE, READ, RUN, WRITE, Permissions, joined, needed

# `uses: hubpipe/hubpipe@v0`, a fork of it, or the action of the repository itself; GitHub reads names in any case.
OURS = re.compile(r"[\w.-]+/hubpipe@.+|\./?", re.IGNORECASE)
# What these need beside what the job's hubpipe needs: nothing.
HARMLESS = re.compile(r"actions/(?:checkout|cache|upload-artifact|download-artifact)@.+", re.IGNORECASE)
OWN_TOKEN = re.compile(r"\$\{\{\s*(?:github\.token|secrets\.GITHUB_TOKEN)\s*\}\}", re.IGNORECASE)
EXPRESSION = "${{"
ALL = {"read-all": READ, "write-all": WRITE}

NO_JOB = "no job of this workflow runs hubpipe: name the file that does"
NOT_SAID = "no `permissions:`, so that the repository's settings decide: write them down, and no more than {needed}"
TOO_LITTLE = "{scope}: {given} is too little: hubpipe needs {needed} here"
TOO_MUCH = "{scope}: {given} is too much: hubpipe needs {needed} here"
NOT_GIVEN = "the step has no {name}, which flows notify by: give it by env, {name}: ${{{{ secrets.{name} }}}}"
OTHERS = " (other steps of the job may need it)"
OTHER_TOKEN = "the step has a token of its own, so that the job's permissions say nothing about it"  # noqa: S105 - words
OTHER_CONFIG = "the step reads another configuration ({path}): check that file with this workflow"
NOT_KNOWN = "only the run knows {what}: write it down, or compare by hand"


@dataclass(frozen=True)
class Verdict:
    """What is told of a workflow: where a job may too little, where too much, and what nobody knows."""

    too_little: tuple[Problem, ...] = ()
    too_much: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()

    @property
    def exit_code(self) -> int:
        """2 where something would not work, else 0."""
        return 2 if self.too_little else 0


@dataclass
class _Found:
    """What was found so far; grows."""

    too_little: list[Problem] = field(default_factory=list)
    too_much: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)


def compare(text: str, file: str, settings: Config, path: str) -> Verdict:
    """Hold the `permissions:` of every job that runs hubpipe against what the configuration at `path` needs there.

    Raises ConfigError for what is no YAML.
    """
    source, found = read(text, file), _Found()
    data = source.data if isinstance(source.data, dict) else {}
    jobs = {name: job for name, job in _mapping(data.get("jobs")).items() if isinstance(job, dict)}
    running = {name: steps for name, job in jobs.items() if (steps := list(_ours(job)))}
    for name, steps in running.items():
        needs = [need for place, step in steps if (need := _needed(source, (name, place), step, settings, path, found))]
        if needs:
            _compare(source, name, jobs[name], joined(needs), found)
    if not running:
        found.notes.append(source.problem(("jobs",), NO_JOB))
    return Verdict(tuple(found.too_little), tuple(found.too_much), tuple(found.notes))


def _ours(job: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for place, step in enumerate(_list(job.get("steps"))):
        if isinstance(step, dict) and OURS.fullmatch(str(step.get("uses") or "")):
            yield place, step


def _needed(
    source: Source, at: tuple[str, int], step: Mapping[str, Any], settings: Config, path: str, found: _Found
) -> Permissions | None:
    """Tell what one step needs; None where that cannot be told, and why not in the notes."""
    name, place = at
    where: Path = ("jobs", name, "steps", place)
    given = {key: _text(value) for key, value in _mapping(step.get("with")).items()}
    reason = _unknown(given, path)
    if reason:
        found.notes.append(source.problem((*where, "with") if "with" in step else where, reason))
        return None
    try:
        own = config.from_inputs(given)
    except ConfigError as error:
        found.notes += [source.problem((*where, "with", one.key), one.message) for one in error.problems]
        return None
    events, mode, dry = _events(source.data.get("on")), given.get("mode") or RUN, given.get("dry-run") == "true"
    if own is None and mode in (RUN, APPLY) and not dry:
        brought = [ANALYSED] if mode == APPLY else events
        found.too_little += [
            source.problem(where, words) for words in _not_given(source, name, step, settings, brought)
        ]
    return needed(own or settings, events, mode, dry=dry)


def _not_given(
    source: Source, job: str, step: Mapping[str, Any], settings: Config, events: Sequence[str]
) -> Iterator[str]:
    """Name the variables that flows notify by and that no `env:` gives the step."""
    flows = {name: flow for name, flow in settings.flows.items() if flow is not None and set(events) & set(flow.on)}
    around = (source.data, _mapping(source.data.get("jobs")).get(job), step)
    given = {name for place in around for name in _mapping(_mapping(place).get("env"))}
    for name in settings.model_copy(update={"flows": flows}).variables:
        if name not in given:
            yield NOT_GIVEN.format(name=name)


def _unknown(given: Mapping[str, str], path: str) -> str:
    token = given.get("github-token", "")
    if token and not OWN_TOKEN.fullmatch(token):
        return OTHER_TOKEN
    for name, value in given.items():
        if EXPRESSION in value and name in (*config.INPUTS, "mode", "config", "dry-run"):
            return NOT_KNOWN.format(what=name)
    usual = given.get("config", config.PATH)
    # The file that is checked may stand anywhere on this machine.
    return "" if path.endswith(usual) or usual == config.PATH else OTHER_CONFIG.format(path=usual)


def _compare(source: Source, name: str, job: Mapping[str, Any], need: Permissions, found: _Found) -> None:
    place: Path = ("jobs", name, "permissions") if "permissions" in job else ("permissions",)
    said = job.get("permissions", source.data.get("permissions"))
    if said is None and "permissions" not in job and "permissions" not in source.data:
        wanted = ", ".join(f"{scope}: {level}" for scope, level in need.items())
        found.notes.append(source.problem(("jobs", name), NOT_SAID.format(needed=wanted)))
        return
    given = _given(said, need)
    alone = all(_is_harmless(step) for step in _list(job.get("steps")))
    for scope in dict.fromkeys((*need, *given)):
        has, wants = given.get(scope, NONE), need.get(scope, NONE)
        there: Path = (*place, scope) if (*place, scope) in source.lines else place
        values = {"scope": scope, "given": has, "needed": wants}
        if LEVELS.index(has) < LEVELS.index(wants):
            found.too_little.append(source.problem(there, TOO_LITTLE.format(**values)))
        elif LEVELS.index(has) > LEVELS.index(wants):
            words = TOO_MUCH.format(**values) + ("" if alone else OTHERS)
            found.too_much.append(source.problem(there, words))


def _given(said: object, need: Permissions) -> Permissions:
    """Read a job's `permissions:`; what `write-all` gives beside what hubpipe needs is named once."""
    if isinstance(said, str):
        level = ALL.get(said, NONE)
        return {**dict.fromkeys(need, level), **({"every other scope": level} if level != NONE else {})}
    return {scope: level if level in LEVELS else NONE for scope, level in _mapping(said).items()}


def _is_harmless(step: object) -> bool:
    uses = str(step.get("uses") or "") if isinstance(step, dict) else ""
    return bool(OURS.fullmatch(uses) or HARMLESS.fullmatch(uses))


def _events(on: object) -> Sequence[str]:
    if isinstance(on, str):
        return [on]
    return [str(one) for one in on] if isinstance(on, (list, dict)) else []


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _mapping(value: object) -> Mapping[str, Any]:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []
