"""Turn a workflow and an event on the stand-in into a job that act runs: every step, in containers, as on a runner.

HUBPIPE_ACT names a program that is called as `ACT REPO_DIR EVENT_NAME EVENT_JSON [act's options]`: act
(https://github.com/nektos/act), and what the machine's containers need beside it.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.standin.standin import StandIn

ROOT = Path(__file__).parents[2]
ACT = shlex.split(os.environ.get("HUBPIPE_ACT", ""))
NO_ACT = "THE WORKFLOWS WERE NOT RUN: HUBPIPE_ACT is not set: let it name a program that runs act (see CONTRIBUTING.md)"
HUBPIPE = "hubpipe/hubpipe@v0"
# With its host: by another name some tools would ask a registry for it.
IMAGE = "localhost/hubpipe"
# GitHub's artifacts, in a folder of the workspace.
ARTIFACTS = ".artifacts"
UPLOAD, DOWNLOAD = "actions/upload-artifact@", "actions/download-artifact@"
CARRIER = """\
name: carrier
inputs: {{name: {{required: true}}, path: {{required: true}}, {more}}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {{NAME: "${{{{ inputs.name }}}}", FOLDER: "${{{{ inputs.path }}}}", RUN: "${{{{ inputs.run-id }}}}"}}
      run: {script}
"""
CARRIERS = {
    UPLOAD: CARRIER.format(
        more='if-no-files-found: {default: warn}, retention-days: {default: "90"}',
        script=f'mkdir {ARTIFACTS} && cp -r "$FOLDER" "{ARTIFACTS}/$NAME"',
    ),
    DOWNLOAD: CARRIER.format(
        more="run-id: {required: true}, github-token: {required: true}",
        script=f'test -n "$RUN" && cp -r "{ARTIFACTS}/$NAME" "$FOLDER"',
    ),
}
OUTPUT = re.compile(r"::set-output:: ([\w-]+)=(.*)")
STEP = re.compile(r"⭐ Run Main (.+)")


@dataclass(frozen=True)
class Job:
    """A job that ended: its exit status, its log, its workspace."""

    status: int
    log: str
    workspace: Path

    @property
    def outputs(self) -> dict[str, str]:
        """The last value of every output."""
        return {name: value.strip() for name, value in OUTPUT.findall(self.log)}

    @property
    def steps(self) -> list[str]:
        return [step.strip() for step in STEP.findall(self.log)]

    @property
    def files(self) -> list[str]:
        """What lies in the workspace beside the workflow."""
        found = (path.relative_to(self.workspace) for path in self.workspace.rglob("*") if path.is_file())
        return sorted(str(path) for path in found if path.parts[0] not in (".git", ".github"))


@dataclass(frozen=True)
class Runner:
    """Runs workflows; `image` is the one that `uses: hubpipe/hubpipe@v0` starts."""

    image: str
    folder: Path

    def run(
        self, workflow: Path, kind: str, payload: object, repo: StandIn, token: str, artifacts: Path | None = None
    ) -> Job:
        """Run a workflow as it stands in its file, with `artifacts` of an earlier run."""
        workspace = self._workspace(workflow)
        if artifacts is not None:
            shutil.copytree(artifacts, workspace / ARTIFACTS)
        event = workspace.with_name(f"{workspace.name}.json")
        event.write_text(json.dumps(payload), encoding="utf-8")
        variables = {
            "GITHUB_API_URL": repo.url,
            "GITHUB_GRAPHQL_URL": f"{repo.url}/graphql",
            "GITHUB_REPOSITORY": repo.repo,
            "GITHUB_SERVER_URL": repo.url,
            "HF_HUB_OFFLINE": "1",
            "HUBPIPE_WRITE_PACING": "0",
        }
        options = ["--bind", "--rm", "--secret", f"GITHUB_TOKEN={token}"]
        options += [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
        options += [word for one in self._replaced(workflow) for word in ("--local-repository", one)]
        command = [*ACT, str(workspace), kind, str(event), *options]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)
        return Job(done.returncode, done.stdout, workspace)

    def _workspace(self, workflow: Path) -> Path:
        """Lay out a repository that holds nothing but the workflow."""
        workspace = self.folder / workflow.stem
        (workspace / ".github" / "workflows").mkdir(parents=True)
        shutil.copy(workflow, workspace / ".github" / "workflows")
        who = ("-c", "user.name=octocat", "-c", "user.email=octocat@example.com")
        for words in (("init", "--quiet", "-b", "main"), ("add", "."), (*who, "commit", "--quiet", "-m", "Begin")):
            subprocess.run(["git", "-C", str(workspace), *words], check=True)
        return workspace

    def _replaced(self, workflow: Path) -> list[str]:
        """Put a folder of this machine for each action that the workflow names."""
        jobs = yaml.safe_load(workflow.read_text("utf-8"))["jobs"].values()
        used = {step["uses"] for job in jobs for step in job["steps"] if "uses" in step}
        return [f"{action}={self._action(action)}" for action in sorted(used)]

    def _action(self, action: str) -> Path:
        folder = self.folder / "actions" / action.replace("/", "_")
        folder.mkdir(parents=True, exist_ok=True)
        if action == HUBPIPE:
            text = (ROOT / "action.yml").read_text("utf-8")
            text = text.replace("image: Dockerfile", f"image: docker://{self.image}")
        else:
            [text] = [carrier for name, carrier in CARRIERS.items() if action.startswith(name)]
        (folder / "action.yml").write_text(text, encoding="utf-8")
        return folder
