"""Turn an Actions step into a run: its inputs and event in, outputs, annotations, job summary and exit code out."""

import logging
from collections.abc import Mapping
from pathlib import Path

from actions_toolkit import core

from hubpipe import config, notices, render, runner, stages, world
from hubpipe.config import Config
from hubpipe.deadline import USUAL, Deadline, Stop, seconds_of
from hubpipe.errors import ConfigError, HubpipeError, StoppedError, UsageError
from hubpipe.event import Declined, Event, ended_run, parse
from hubpipe.models.base import Places
from hubpipe.redaction import Redaction, redaction_for
from hubpipe.replay import declined, payload
from hubpipe.report import Report
from hubpipe.report.cut import NOTHING_PUBLISHED
from hubpipe.report.summary import as_markdown, failure_markdown
from hubpipe.sinks import dry_run, to_github
from hubpipe.stages import Means

log = logging.getLogger("hubpipe")

# The inputs of action.yml that are not part of a flow; those that are stand in hubpipe.config.inputs.
TOKEN, CONFIG, DRY_RUN, HUB_TOKEN = "github-token", "config", "dry-run", "hub-token"
ENDPOINT_KEY = "endpoint-key"
MODE, LEARNED_MODEL, TUNE, PRECISION, REPORT = "mode", "learned-model", "tune", "precision", "report"
ON_UNPUBLISHED, TIMEOUT = "on-unpublished", "timeout"
ARTIFACT, FOLDER = "artifact", "hubpipe-analysis"
RUN, TRAIN, ANALYSE, APPLY = "run", "train", "analyse", "apply"
MODES = (RUN, TRAIN, ANALYSE, APPLY)
FAIL, WARN = "fail", "warn"
# The inputs that stand for a variable of the environment, which they go before.
KEYS = {HUB_TOKEN: "HF_TOKEN", ENDPOINT_KEY: "HUBPIPE_ENDPOINT_KEY", LEARNED_MODEL: "HUBPIPE_LEARNED_MODEL"}

NO_MODE = "the input mode is {mode!r}: write run, train, analyse or apply"
NO_SUCH_END = "the input on-unpublished is {value!r}: write fail or warn"
NO_FOLDER = (
    "mode: train needs a folder for the model that it makes: set learned-model to one that a later step commits to "
    ".github/hubpipe, or that actions/cache keeps"
)
NO_SHARE = "the input precision is {value!r}: write a number between 0 and 1, such as 0.9"
NO_TOKEN_TO_TRAIN = "the input github-token is empty: give it ${{ github.token }}, to read the history with"  # noqa: S105
NO_TOKEN = "the input github-token is empty: give it ${{ github.token }}, or set dry-run: true"  # noqa: S105
NO_EVENT = "{name} is not set: hubpipe run works inside GitHub Actions; elsewhere use hubpipe replay"
PROGRESS_EVERY, WORDS_ROOM = 500, 2_000
READ_SO_FAR = "{done} of {total} issues and pull requests read"
NOT_LEARNED = (
    "{reason}: {out} stays as it was. What was read of the history is kept in {history}: run this again with that "
    "folder (actions/cache keeps one), and it goes on there; raise timeout where reading is done and learning is not"
)
NOT_WRITTEN = (
    "the step's outputs or its job summary could not be written ({reason}): free some space on the runner; what was "
    "published is published, and stands in the log above"
)
UNEXPECTED = "hubpipe broke down ({error}); what it did before stays. Please report it with the log of this step"


def main(environ: Mapping[str, str]) -> int:
    """Run the Action; give its exit code: 0 done, 1 failed, 2 wrong configuration or usage."""
    redaction = runner.masking(_redaction(environ), environ)
    runner.log_to_the_steps_log(redaction)
    try:
        with _deadline().watched(lambda error: _told_and_failed(error, redaction, environ)) as deadline:
            return _main(environ, redaction, deadline)
    except Stop as stop:
        return _told_and_failed(StoppedError(NOTHING_PUBLISHED.format(reason=stop)), redaction, environ)
    except ConfigError as error:
        for found in error.problems:
            core.error(found.message, title=found.key or "configuration", file=found.file, start_line=found.line)
        return _failed(redaction.all(error), environ)
    except HubpipeError as error:
        return _told_and_failed(error, redaction, environ)
    except Exception as error:
        log.exception("unforeseen")
        unexpected = HubpipeError(UNEXPECTED.format(error=f"{type(error).__name__}: {error}"))
        return _told_and_failed(unexpected, redaction, environ)


def _redaction(environ: Mapping[str, str]) -> Redaction:
    """Know every secret that the step was given."""
    return redaction_for(environ, *(core.get_input(name) for name in (TOKEN, HUB_TOKEN, ENDPOINT_KEY)))


def _deadline() -> Deadline:
    """Give the run its time; learning has as much as the job."""
    given = core.get_input(TIMEOUT)
    if not given and core.get_input(MODE) == TRAIN:
        return Deadline()
    return Deadline(seconds_of(given) if given else USUAL)


def _main(environ: Mapping[str, str], redaction: Redaction, deadline: Deadline) -> int:
    mode = core.get_input(MODE) or RUN
    if mode not in MODES:
        raise UsageError(NO_MODE.format(mode=mode))
    return _train(environ, deadline) if mode == TRAIN else _run(environ, mode, redaction, deadline)


def _train(environ: Mapping[str, str], deadline: Deadline) -> int:
    """Learn the repository's labels; a model that is worse than the one in use fails the step."""
    from hubpipe.training import command, writing
    from hubpipe.training.indexing import Indexed

    folder, token = core.get_input(LEARNED_MODEL), core.get_input(TOKEN)
    if not folder:
        raise UsageError(NO_FOLDER)
    if not token:
        raise UsageError(NO_TOKEN_TO_TRAIN)
    out, page = Path(folder), core.get_input(REPORT)
    asked = command.Asked(
        out=out,
        repo=environ.get("GITHUB_REPOSITORY"),
        tune=_switch(TUNE),
        precision=_share(core.get_input(PRECISION) or "0.9"),
        history=out.with_name(f"{out.name}.history"),
        report=Path(page) if page else None,
    )
    known = {**environ, "GITHUB_TOKEN": token}
    try:
        trained = command.train_or_index(asked, known, _Progress(), lambda: _searches(known, deadline), deadline)
    except Stop as stop:
        raise StoppedError(NOT_LEARNED.format(reason=stop, history=asked.history, out=out)) from stop
    deadline.over()
    if isinstance(trained, Indexed):
        core.notice(runner.seen(trained.words))
        runner.write_outputs(None)
        runner.summarise(render.line_of(trained.words, WORDS_ROOM), environ)
        return 0
    log.info(command.told(trained))
    runner.write_outputs(None, promoted=trained.promoted)
    runner.summarise(
        f"{writing.written(trained.report, 'markdown')}\n\n{render.line_of(trained.words, WORDS_ROOM)}", environ
    )
    if not trained.promoted:
        core.error(trained.words)
    return 0 if trained.promoted else 1


def _searches(environ: Mapping[str, str], deadline: Deadline) -> bool:
    """Tell whether a flow of the repository looks for similar issues, which needs no labels."""
    github = world.connect(environ["GITHUB_TOKEN"], environ, deadline)
    settings = world.configuration(environ["GITHUB_REPOSITORY"], core.get_input(CONFIG) or config.PATH, github)
    return any(flow is not None and flow.searches for flow in settings.flows.values())


class _Progress:
    """Says in the log how far a reading is, whenever so many more were read, wherever it went on."""

    def __init__(self) -> None:
        self._told = 0

    def __call__(self, done: int, total: int | None) -> None:
        if done // PROGRESS_EVERY > self._told // PROGRESS_EVERY or done == total:
            log.info(READ_SO_FAR.format(done=done, total=total or "?"))
            self._told = done


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise UsageError(NO_SHARE.format(value=text))
    return value


def _run(environ: Mapping[str, str], mode: str, redaction: Redaction, deadline: Deadline) -> int:
    warns = _warns()
    event = _event(environ)
    if isinstance(event, Declined):
        runner.write_outputs(None)
        log.info(declined(event))
        return 0
    token = core.get_input(TOKEN)
    dry = _switch(DRY_RUN)
    if not token and (mode != RUN or not dry):
        raise UsageError(NO_TOKEN)
    places = _places(environ)
    github = world.connect(token, environ, deadline) if token else None
    settings = _flows() or world.configuration(event.repo, core.get_input(CONFIG) or config.PATH, github)
    held = notices.addresses(settings, environ)
    redaction = runner.mask_more(redaction, notices.secrets_of(held))
    sending = notices.notifier(held, event, environ, deadline)
    publish = dry_run.publish if dry or github is None else to_github(github, sending)
    report = _report(mode, event, Means(settings, github, places, publish, redaction, deadline), environ)
    deadline.over()
    return _end(report, environ, published=report.published and not dry and mode != ANALYSE, warns=warns)


def _report(mode: str, event: Event, means: Means, environ: Mapping[str, str]) -> Report:
    folder = Path(core.get_input(ARTIFACT) or FOLDER)
    if mode == ANALYSE:
        return stages.analyse(event, means, folder)
    if mode == APPLY:
        return stages.apply(event, means, ended_run(_payload(environ)), folder)
    return stages.at_once(event, means)


def _end(report: Report, environ: Mapping[str, str], *, published: bool, warns: bool) -> int:
    """Tell what became of the event, and give the exit code: where it `warns`, a token that may not write is green."""
    runner.tell(report, core.warning if warns else core.error)
    try:
        runner.write_outputs(report, published=published)
        runner.summarise(as_markdown(report), environ)
    except OSError as fault:
        raise HubpipeError(NOT_WRITTEN.format(reason=fault.strerror)) from fault
    return report.forgiving_exit_code if warns else report.exit_code


def _warns() -> bool:
    value = core.get_input(ON_UNPUBLISHED) or FAIL
    if value not in (FAIL, WARN):
        raise UsageError(NO_SUCH_END.format(value=value))
    return bool(value == WARN)


def _places(environ: Mapping[str, str]) -> Places:
    """Tell where models may be found, with the keys that the inputs give."""
    given = {name: key for put, name in KEYS.items() if (key := core.get_input(put))}
    return world.places({**environ, **given})


def _event(environ: Mapping[str, str]) -> Event | Declined:
    for name in ("GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH"):
        if not environ.get(name):
            raise UsageError(NO_EVENT.format(name=name))
    return parse(environ["GITHUB_EVENT_NAME"], _payload(environ), environ.get("GITHUB_REPOSITORY"))


def _payload(environ: Mapping[str, str]) -> object:
    return payload(Path(environ["GITHUB_EVENT_PATH"]))


def _flows() -> Config | None:
    """Read the one flow that the inputs make up, if they do."""
    return config.from_inputs({name: core.get_input(name) for name in config.INPUTS})


def _switch(name: str) -> bool:
    value: str = core.get_input(name).lower()
    if value not in ("", "true", "false"):
        raise UsageError(f"the input {name} is {value!r}: write true or false")
    return value == "true"


def _told_and_failed(error: HubpipeError, redaction: Redaction, environ: Mapping[str, str]) -> int:
    core.error(runner.seen(str(error)))
    return _failed(redaction.all(error), environ)


def _failed(error: HubpipeError, environ: Mapping[str, str]) -> int:
    """Leave outputs and a summary also where there is no report, if the runner's files can be written at all."""
    try:
        runner.write_outputs(None)
        runner.summarise(failure_markdown(error), environ)
    except Exception:
        log.exception("the outputs could not be written")
    return error.exit_code
