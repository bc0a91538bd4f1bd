"""Turn the words of a command line about learning into a call of the door that they mean."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

    from hubpipe.training.writing import Form

READING = "reading issues and pull requests"
READ_SO_FAR = "{done:,} of {total:,} issues and pull requests read"
FORMS = ("text", "json", "html", "markdown")
FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command()
@click.option("--data", type=FILE, help="Labelled issues: CSV, TSV, JSON or JSON Lines with title, body, label(s).")
@click.option("--repo", metavar="OWNER/NAME", help="Read the history of this repository instead (GITHUB_TOKEN).")
@click.option("--out", type=FOLDER, default=Path(".github/hubpipe"), show_default=True, help="The model's folder.")
@click.option(
    "--labels", metavar="A,B", help='Learn these labels alone, instead of all with enough examples: a,"b, c".'
)
@click.option("--min-examples", type=click.IntRange(2), default=8, show_default=True, help="Of a label to be learned.")
@click.option("--tune", is_flag=True, help="Tune the encoder, too: minutes instead of seconds.")
@click.option("--adapt", type=FILE, multiple=True, help="Labelled issues of other repositories, to start from.")
@click.option("--encoder", default="embedded", show_default=True, help="Any Sentence Transformers model of the Hub.")
@click.option("--revision", help="The encoder's commit.")
@click.option("--precision", type=SHARE, default=0.9, show_default=True, help="How often a label shall be right.")
@click.option("--split", type=click.Choice(["temporal", "random"]), default="temporal", show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--history", type=FOLDER, default=Path(".cache/hubpipe"), show_default=True, help="What --repo has read.")
@click.option(
    "--machine", metavar="LOGIN", multiple=True, help="With --repo, no person, though GitHub calls it no bot."
)
@click.option("--pull-requests", is_flag=True, help="With --repo, learn from pull requests, too.")
@click.option("--wait", is_flag=True, help="With --repo, wait where GitHub's rate limit says so, however long.")
@click.option("--report", type=FILE, help="Write the report, as the file's name ends: .html, .json, .md or .txt.")
@click.option("--force", is_flag=True, help="Take the new model even if it is worse than the one in use.")
@click.option("--index-only", is_flag=True, help="Learn no labels: make the index for similar issues alone.")
def train(index_only: bool, **given: object) -> NoReturn:
    """Learn a repository's labels from its past, measure on what came later, and say whether it is good enough.

    The folder in --out is the model in use: a new one that is worse beyond chance does not take its place (exit 1).
    """
    from hubpipe.training import command

    asked = command.Asked(**given)  # type: ignore[arg-type]
    if index_only:
        click.echo(_inert(command.index_as_asked(asked, os.environ, Progress()).words))
        sys.exit(0)
    trained = command.train_as_asked(asked, os.environ, Progress())
    click.echo(_inert(command.told(trained)))
    sys.exit(0 if trained.promoted else 1)


@click.command()
@click.option("--data", type=FILE, required=True, help="Labelled issues: CSV, TSV, JSON or JSON Lines.")
@click.option("--model", required=True, help="A learned model's folder, a Hub id, or embedded, zero-day.")
@click.option("--precision", type=SHARE, default=0.9, show_default=True, help="How often a label shall be right.")
@click.option("--format", "form", type=click.Choice(FORMS), default="text", show_default=True)
def evaluate(data: Path, model: str, precision: float, form: "Form") -> NoReturn:
    """Measure a model on labelled issues that it did not learn from."""
    from hubpipe import world
    from hubpipe.training import files, writing
    from hubpipe.training.evaluate import evaluate

    found = evaluate(files.read(data), model, world.places(os.environ), precision)
    click.echo(_inert(writing.written(found, form), form), nl=False)
    sys.exit(0)


@click.command()
@click.argument("new", metavar="NEW", type=FOLDER)
@click.argument("old", metavar="IN-USE", type=FOLDER)
@click.option("--data", type=FILE, required=True, help="Labelled issues that both can be measured on.")
@click.option("--force", is_flag=True, help="Take the new model even if it is worse.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def promote(new: Path, old: Path, data: Path, force: bool, form: str) -> NoReturn:
    """Put a new model in the place of the one in use, unless it is worse beyond chance (exit 1)."""
    from hubpipe import world
    from hubpipe.training import files, promoting

    found = promoting.promote(new, old, files.read(data), world.places(os.environ), force=force)
    click.echo(json.dumps({"promoted": found.promoted, "words": found.words}) if form == "json" else found.words)
    sys.exit(0 if found.promoted else 1)


@click.command()
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.argument("repository", metavar="OWNER/NAME")
@click.option("--public", is_flag=True, help="Let everybody see it; it is private otherwise.")
def push(folder: Path, repository: str, public: bool) -> NoReturn:
    """Put a learned model, and past issues' titles, on the Hugging Face Hub (HF_TOKEN, with the right to write)."""
    from hubpipe.training import pushing

    click.echo(pushing.push(folder, repository, os.environ.get("HF_TOKEN", ""), private=not public))
    sys.exit(0)


def _inert(text: str, form: "Form" = "text") -> str:
    """Write a report without what a workflow's runner would obey: titles of strangers' issues stand in it."""
    from hubpipe.report.inert import inert, inert_json

    return inert_json(text) if form == "json" else inert(text)


class Progress:
    """Draw how far the reading of a history is: a bar in a terminal, a line now and then in a log."""

    def __init__(self) -> None:
        self._bar: ProgressBar[int] | None = None

    def __call__(self, done: int, total: int | None) -> None:
        """Show that so many are read; `total` grows where there turn out to be more."""
        if not sys.stderr.isatty():
            click.echo(READ_SO_FAR.format(done=done, total=total or done), err=True)
            return
        if self._bar is None:
            self._bar = click.progressbar(length=total or 0, label=READING, file=sys.stderr, show_pos=True)
        self._bar.length = total
        self._bar.update(done - self._bar.pos)
        if done == total:
            self._bar.render_finish()


COMMANDS = (train, evaluate, promote, push)
