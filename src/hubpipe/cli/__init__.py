"""Turn the words of a command line into a call of the door that they mean."""

import json
import logging
import os
import sys
import threading
from pathlib import Path
from typing import NoReturn

import click

from hubpipe import __version__
from hubpipe.cli.learning import COMMANDS
from hubpipe.cli.serving import serve
from hubpipe.errors import HubpipeError
from hubpipe.redaction import redaction_for
from hubpipe.redaction.stream import redacted

FILE = click.Path(dir_okay=False, path_type=Path)
UNEXPECTED = "hubpipe broke down: please report it with the lines above"


class _Inert(logging.Formatter):
    """Write log lines that are no command to a terminal or a workflow's runner."""

    def format(self, record: logging.LogRecord) -> str:
        """Drop or part what would be one."""
        return _inert(super().format(record))


def _inert(text: str) -> str:
    from hubpipe.report.inert import inert

    return inert(text)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hubpipe")
@click.option("-q", "--quiet", is_flag=True, help="No progress lines on stderr.")
@click.pass_context
def commands(context: click.Context, quiet: bool) -> None:
    """Run a Hugging Face pipeline on GitHub issues and pull requests, and post what it finds."""
    # The Action's door masks its secrets first, and sets up its own streams.
    if context.invoked_subcommand != "run":
        redaction = redaction_for(os.environ)
        sys.stdout, sys.stderr = redacted(sys.stdout, redaction), redacted(sys.stderr, redaction)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Inert("%(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("hubpipe").setLevel(logging.WARNING if quiet else logging.INFO)


@commands.command()
def run() -> NoReturn:
    """Handle the event of a GitHub Actions step (what the Action's container runs)."""
    from hubpipe import action

    _leave(action.main(os.environ))


@commands.command()
@click.argument("payload", metavar="EVENT.json", type=FILE)
@click.option("--event", required=True, metavar="NAME", help="The event's name, e.g. issues or pull_request.")
@click.option("--config", type=FILE, help="A configuration on this machine, instead of the repository's.")
@click.option("--repo", metavar="OWNER/NAME", help="The repository, instead of the payload's.")
@click.option("--dry-run", is_flag=True, help="Show the plan, change nothing.")
@click.option("--timeout", default="30m", show_default=True, metavar="TIME", help="How long it may take: 90s, 10m, 2h.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def replay(
    payload: Path, event: str, config: Path | None, repo: str | None, dry_run: bool, timeout: str, form: str
) -> NoReturn:
    """Handle a recorded event as the Action would.

    GITHUB_TOKEN is the token to read and write with; a dry run works without one.
    """
    from hubpipe.deadline import seconds_of
    from hubpipe.replay import Replay, replay
    from hubpipe.report.inert import inert_json
    from hubpipe.report.plain import as_json, as_text

    report = replay(Replay(payload, event, config, repo, dry_run, seconds_of(timeout)), os.environ)
    if form == "json":
        click.echo(inert_json(json.dumps(as_json(report) if report else {"flows": []}, indent=2)))
    elif report is not None:
        click.echo(as_text(report) or f"{report.note or f'no flow handles {report.event.name}'}: nothing was done")
    _leave(report.exit_code if report else 0)


@commands.command()
@click.argument("file", required=False, type=FILE)
@click.option("--workflow", "workflows", multiple=True, type=FILE, help="A workflow whose permissions are compared.")
@click.option("--repo", metavar="OWNER/NAME", envvar="GITHUB_REPOSITORY", help="Where a token is to write.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check(file: Path | None, workflows: tuple[Path, ...], repo: str | None, form: str) -> NoReturn:
    """Validate a configuration and tell what each of its flows needs.

    FILE is .github/hubpipe.yml where none is named; without such a file, the default configuration is told.
    With --workflow, and with a token in GITHUB_TOKEN and a --repo, too much and too little permission is told.
    """
    from hubpipe import checking
    from hubpipe.report.inert import inert_json

    checked = checking.check(checking.Asked(file, workflows, repo), os.environ)
    if form == "json":
        click.echo(inert_json(json.dumps(checking.as_json(checked), indent=2)))
    else:
        click.echo(_inert(checking.as_text(checked)))
    sys.exit(checked.exit_code)


for command in (*COMMANDS, serve):
    commands.add_command(command)


def _leave(status: int) -> NoReturn:
    """End the process; a download that still goes on in a thread of a library does not keep it."""
    if any(not one.daemon for one in threading.enumerate() if one is not threading.main_thread()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def main() -> NoReturn:
    """Run the command line: exit 0 done, 1 failed, 2 wrong configuration or usage."""
    try:
        commands()
    except HubpipeError as error:
        click.echo(_inert(str(error)), err=True)
        sys.exit(error.exit_code)
    except Exception:
        logging.getLogger("hubpipe").exception(UNEXPECTED)
        sys.exit(1)
    sys.exit(0)


if __name__ == "__main__":
    main()
