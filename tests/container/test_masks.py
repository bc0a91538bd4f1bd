"""A secret that an issue leaked, in a job whose later step prints the issue, run by act (`make container-test`)."""

import json
from pathlib import Path

import pytest

from tests.container.act import HUBPIPE, Runner
from tests.container.test_container import CONFIG, LABELS
from tests.leaked import LEAKED, holds, private_key
from tests.standin.standin import StandIn

WORKFLOW = f"""\
name: hubpipe
on: issues
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
      - uses: {HUBPIPE}
      - run: echo "$BODY"
        env:
          BODY: ${{{{ github.event.issue.body }}}}
"""


@pytest.mark.threat("attack", "secrets")
def test_a_later_step_of_the_job_cannot_print_what_an_issue_leaked(
    runner: Runner, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    repo: StandIn = request.getfixturevalue("standin")
    for name, description in LABELS.items():
        repo.add_label(name, description)
    repo.put_file(".github/hubpipe.yml", json.dumps(CONFIG))
    token, key = LEAKED["a classic token of GitHub's"], private_key()
    number = repo.open_issue("It crashes", f"With {token} it works, without it crashes.\n\n{key}\n\nWhy?")
    workflow = tmp_path / "hubpipe.yml"
    workflow.write_text(WORKFLOW)
    job = runner.run(workflow, "issues", repo.event("issues", "opened", number), repo, repo.token)
    assert (job.status, job.outputs["labels"]) == (0, '["bug"]'), job.log
    assert "With *** it works, without it crashes." in job.log
    assert not holds(job.log, token)
    assert not holds(job.log, key)
