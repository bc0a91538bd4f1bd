"""Build the Action's image and run it as GitHub's runner would, with the docker or podman of this machine.

    container.py tool                                    the one that answers, or exit 1 and the reason
    container.py build TAG DOCKERFILE CONTEXT [docker build's options]
    container.py run --event issues --payload event.json --input github-token=x --api URL --out DIR TAG [ARGS]

What the container leaves behind is found under --out: set_output, step_summary, set_env, add_path, save_state.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

TOOLS = ("docker", "podman")
NO_TOOL = "no container tool answers here (docker and podman were asked): start one, then run this again"
# What the runner offers a step to write to: variable, file.
FILE_COMMANDS = {
    "GITHUB_OUTPUT": "set_output",
    "GITHUB_STEP_SUMMARY": "step_summary",
    "GITHUB_ENV": "set_env",
    "GITHUB_PATH": "add_path",
    "GITHUB_STATE": "save_state",
}
MOUNTS = {
    "home": "/github/home",
    "workflow": "/github/workflow",
    "file_commands": "/github/file_commands",
    "workspace": "/github/workspace",
}


def container_tool() -> str | None:
    """Name the first container tool whose engine answers."""
    return next((tool for tool in TOOLS if shutil.which(tool) and _answers(tool)), None)


def _answers(tool: str) -> bool:
    return subprocess.run([tool, "info"], capture_output=True, check=False).returncode == 0


def build(tool: str, tag: str, dockerfile: str, context: str, options: list[str]) -> int:
    """Build an image as the runner does; options are handed on."""
    command = [tool, "build", "--tag", tag, "--file", dockerfile, *options, context]
    return subprocess.run(command, check=False).returncode


def run(tool: str, arguments: argparse.Namespace) -> int:
    """Run an image with the mounts, variables and inputs of a Docker container action.

    Source: https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    """
    out = Path(arguments.out).resolve()
    lay_out(out, Path(arguments.payload) if arguments.payload else None)
    variables = step_variables(arguments.event, arguments.api, arguments.repository) | inputs(arguments.input)
    command = [tool, "run", "--rm", "--workdir", MOUNTS["workspace"], "--network", arguments.network]
    for name, value in variables.items():
        command += ["--env", f"{name}={value}"]
    for folder, target in MOUNTS.items():
        command += ["--volume", f"{out / folder}:{target}"]
    status = subprocess.run([*command, arguments.tag, *arguments.arguments], check=False).returncode
    for name in FILE_COMMANDS.values():
        shutil.move(out / "file_commands" / name, out / name)
    return status


def lay_out(out: Path, payload: Path | None) -> None:
    """Make the folders that the runner mounts, with the event and the empty files of the file commands."""
    for folder in MOUNTS:
        (out / folder).mkdir(parents=True, exist_ok=True)
    event = payload.read_text(encoding="utf-8") if payload else json.dumps({})
    (out / "workflow" / "event.json").write_text(event, encoding="utf-8")
    for name in FILE_COMMANDS.values():
        (out / "file_commands" / name).touch()


def step_variables(event: str, api: str, repository: str) -> dict[str, str]:
    """Give the variables that the runner sets for every step of every job."""
    owner, _, name = repository.partition("/")
    commit = "1".zfill(40)
    files = {variable: f"{MOUNTS['file_commands']}/{name}" for variable, name in FILE_COMMANDS.items()}
    return files | {
        "CI": "true",
        "GITHUB_ACTION": "__self",
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTOR": "octocat",
        "GITHUB_API_URL": api,
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": f"{MOUNTS['workflow']}/event.json",
        "GITHUB_GRAPHQL_URL": f"{api}/graphql",
        "GITHUB_JOB": "hubpipe",
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_REF_NAME": "main",
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_REPOSITORY": repository,
        "GITHUB_REPOSITORY_OWNER": owner,
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_RUN_ID": "1",
        "GITHUB_RUN_NUMBER": "1",
        "GITHUB_SERVER_URL": api.removesuffix("/api/v3"),
        "GITHUB_SHA": commit,
        "GITHUB_WORKFLOW": "hubpipe",
        "GITHUB_WORKSPACE": MOUNTS["workspace"],
        "HOME": MOUNTS["home"],
        "RUNNER_ARCH": "X64",
        "RUNNER_ENVIRONMENT": "github-hosted",
        "RUNNER_OS": "Linux",
        "RUNNER_TEMP": "/home/runner/work/_temp",
        "RUNNER_WORKSPACE": f"/home/runner/work/{name}",
    }


def inputs(given: list[str]) -> dict[str, str]:
    """Name inputs as the runner does: upper case, spaces become `_`, hyphens stay."""
    pairs = (item.partition("=") for item in given)
    return {f"INPUT_{name.replace(' ', '_').upper()}": value for name, _, value in pairs}


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("tool", help="name the tool that answers")
    building = commands.add_parser("build", help="build an image")
    for name in ("tag", "dockerfile", "context"):
        building.add_argument(name)
    running = commands.add_parser("run", help="run an image as the runner would")
    running.add_argument("--event", default="issues", metavar="NAME")
    running.add_argument("--payload", metavar="FILE", help="the event's JSON; an empty object otherwise")
    running.add_argument("--input", action="append", default=[], metavar="NAME=VALUE", help="as under `with:`")
    running.add_argument("--api", default="https://api.github.com", metavar="URL")
    running.add_argument("--repository", default="octo-org/octo-repo", metavar="OWNER/NAME")
    running.add_argument("--network", default="host", metavar="MODE")
    running.add_argument("--out", required=True, metavar="DIR")
    running.add_argument("tag")
    running.add_argument("arguments", nargs=argparse.REMAINDER)
    return top


def main() -> int:
    """Do what the command line says; the exit status is the container tool's."""
    arguments, rest = parser().parse_known_args()
    tool = container_tool()
    if tool is None:
        print(NO_TOOL, file=sys.stderr)
        return 1
    if arguments.command == "tool":
        print(tool)
        return 0
    if arguments.command == "build":
        return build(tool, arguments.tag, arguments.dockerfile, arguments.context, rest)
    return run(tool, arguments)


if __name__ == "__main__":
    sys.exit(main())
