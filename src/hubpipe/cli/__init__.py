"""Turn the words of a command line into a call of the door that they mean."""

import json
import logging
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

import click

from hubpipe import __version__
from hubpipe.cli.learning import COMMANDS
from hubpipe.errors import HubpipeError
from hubpipe.redaction import redaction_for
from hubpipe.redaction.stream import redacted

FILE = click.Path(dir_okay=False, path_type=Path)
UNEXPECTED = "hubpipe broke down: please report it with the lines above"


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
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    logging.getLogger("hubpipe").setLevel(logging.WARNING if quiet else logging.INFO)


@commands.command()
def run() -> NoReturn:
    """Handle the event of a GitHub Actions step (what the Action's container runs)."""
    from hubpipe import action

    sys.exit(action.main(os.environ))


@commands.command()
@click.argument("payload", metavar="EVENT.json", type=FILE)
@click.option("--event", required=True, metavar="NAME", help="The event's name, e.g. issues or pull_request.")
@click.option("--config", type=FILE, help="A configuration on this machine, instead of the repository's.")
@click.option("--repo", metavar="OWNER/NAME", help="The repository, instead of the payload's.")
@click.option("--dry-run", is_flag=True, help="Show the plan, change nothing.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def replay(payload: Path, event: str, config: Path | None, repo: str | None, dry_run: bool, form: str) -> NoReturn:
    """Handle a recorded event as the Action would.

    GITHUB_TOKEN is the token to read and write with; a dry run works without one.
    """
    from hubpipe.replay import Replay, replay
    from hubpipe.report.plain import as_json, as_text

    report = replay(Replay(payload, event, config, repo, dry_run), os.environ)
    if form == "json":
        click.echo(json.dumps(as_json(report) if report else {"flows": []}, ensure_ascii=False, indent=2))
    elif report is not None:
        click.echo(as_text(report) or f"{report.note or f'no flow handles {report.event.name}'}: nothing was done")
    sys.exit(report.exit_code if report else 0)


@commands.command()
@click.argument("file", required=False, type=FILE)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check(file: Path | None, form: str) -> NoReturn:
    """Validate a configuration and tell what each of its flows needs.

    FILE is .github/hubpipe.yml where none is named; without such a file, the default configuration is told.
    """
    from hubpipe import check, world

    token = os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN")
    settings = world.configuration_here(file, world.connect(token, os.environ) if token else None)
    with world.with_learned(world.places(os.environ), settings.flows.values(), "", None) as places:
        needs = check.check(settings, places)
    if form == "json":
        click.echo(json.dumps({"flows": [asdict(flow) for flow in needs]}, indent=2))
    else:
        click.echo(check.text(needs))
    sys.exit(max((flow.exit_code for flow in needs), default=0))


for command in COMMANDS:
    commands.add_command(command)


def main() -> NoReturn:
    """Run the command line: exit 0 done, 1 failed, 2 wrong configuration or usage."""
    try:
        commands()
    except HubpipeError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except Exception:
        logging.getLogger("hubpipe").exception(UNEXPECTED)
        sys.exit(1)
    sys.exit(0)


if __name__ == "__main__":
    main()
