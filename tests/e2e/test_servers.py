"""Another server than github.com: its addresses come from the environment, and no other is ever asked."""

import json
import re
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from hubpipe import world
from hubpipe.github.attachments import hosts_of
from tests.e2e.step import Step, run
from tests.standin.enterprise import GRAPHQL, REST
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

SOURCE = Path(__file__).parents[2] / "src" / "hubpipe"
CONFIG = """\
version: 1
flows:
  kind:
    on: [issues, pull_request_target, pull_request]
    input: [title, body, comments, images]
    pipeline: {task: image-to-text, model: "fake:label=a screenshot"}
    publish: comment
  labels:
    on: [issues, pull_request_target, pull_request]
    pipeline: {task: zero-shot-classification, model: "fake:label=bug"}
    publish: labels
  summary:
    on: [pull_request_target, pull_request]
    input: [title, body, linked, files, patch]
    pipeline: {task: summarization, model: "fake:echo"}
    publish: comment
"""


@pytest.fixture
def repo(enterprise_standin: StandIn) -> StandIn:
    for name in ("bug", "question"):
        enterprise_standin.add_label(name)
    enterprise_standin.put_file(".github/hubpipe.yml", CONFIG)
    return enterprise_standin


def picture() -> bytes:
    data = BytesIO()
    Image.new("RGB", (8, 8)).save(data, "PNG")
    return data.getvalue()


def variables(repo: StandIn) -> dict[str, str]:
    server = repo.url.removesuffix(REST)
    return {"GITHUB_GRAPHQL_URL": f"{server}{GRAPHQL}", "GITHUB_SERVER_URL": server}


@pytest.mark.parametrize("told", [True, False], ids=["all addresses", "the API's alone"])
def test_a_server_with_its_api_under_a_path_is_read_and_written(repo: StandIn, tmp_path: Path, told: bool) -> None:
    shown = repo.attach("shot", picture()).replace(REST, "")
    issue = repo.open_issue("It crashes", f"![shot]({shown})")
    for count in range(101):
        repo.comment_as("outsider", issue, f"Comment {count}")
    given = variables(repo) if told else {"GITHUB_GRAPHQL_URL": ""}
    step = run(repo, tmp_path, "issues", repo.event("issues", "opened", issue), given)
    assert (step.status, step.outputs["published"]) == (0, "true"), step.log
    assert repo.labels_of(issue) == ["bug"]
    assert "a screenshot" in repo.comments_of(issue)[-1]["body"], step.log
    again = run(repo, tmp_path / "again", "issues", repo.event("issues", "edited", issue), given)
    assert again.status == 0, again.log
    assert len(repo.comments_of(issue)) == 102


def test_pull_requests_with_what_graphql_tells_are_read_there(repo: StandIn, tmp_path: Path) -> None:
    issue = repo.open_issue("Parsing is slow")
    number = repo.open_pull("Add a parser", f"It reads. Fixes #{issue}", {"src/a.py": "a = 1\n"}, from_fork=True)
    payload = repo.event("pull_request_target", "opened", number)
    step = run(repo, tmp_path, "pull_request_target", payload, variables(repo))
    assert (step.status, step.outputs["published"]) == (0, "true"), step.log
    summary = next(one["body"] for one in repo.comments_of(number) if "flow=summary" in one["body"])
    assert "Parsing is slow" in summary
    assert "src/a.py" in summary
    asked = {one.path for one in repo.conversation}
    assert "/graphql" in asked


@pytest.mark.threat("attack", "forks")
def test_two_stages_work_there_too(repo: StandIn, tmp_path: Path) -> None:
    number = repo.open_pull("Add a parser", "It reads.", {"src/a.py": "a = 1\n"}, from_fork=True)

    def stage(mode: str, kind: str, payload: object, token: str) -> Step:
        given = {"mode": mode, "artifact": str(tmp_path / "artifact"), "github_token": token}
        return run(repo, tmp_path / mode, kind, payload, variables(repo), **given)

    first = stage("analyse", "pull_request", repo.event("pull_request", "opened", number), repo.read_only_token)
    second = stage("apply", "workflow_run", repo.ended_run(number), repo.token)
    assert (first.status, second.status) == (0, 0), second.log
    assert json.loads(second.outputs["published"])
    assert repo.labels_of(number) == ["bug"]


@pytest.mark.parametrize(
    ("api", "server", "own"),
    [
        ("https://api.github.com", "https://github.com", "https://github.com"),
        ("https://api.github.com", None, "https://github.com"),
        ("https://git.octo.example/api/v3", "https://git.octo.example", "https://git.octo.example"),
        ("https://git.octo.example/api/v3", None, "https://git.octo.example"),
        ("https://git.octo.example:8443/api/v3", None, "https://git.octo.example:8443"),
        ("https://api.octo.ghe.com", "https://octo.ghe.com", "https://octo.ghe.com"),
        ("https://api.octo.ghe.com", None, "https://octo.ghe.com"),
    ],
)
@pytest.mark.threat("attack", "fetching")
def test_the_token_goes_to_the_servers_own_address_alone(api: str, server: str | None, own: str) -> None:
    hosts = hosts_of(api, server)
    assert hosts.own == own
    assert hosts.trusts(f"{own}/user-attachments/assets/1")
    others = {"https://github.com", "https://evil.example", "https://octo.ghe.com.evil.example"} - {own}
    assert not any(hosts.trusts(f"{other}/user-attachments/assets/1") for other in others)


@pytest.mark.parametrize(
    ("api", "graphql"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://git.octo.example/api/v3", "https://git.octo.example/api/graphql"),
        ("https://api.octo.ghe.com", "https://api.octo.ghe.com/graphql"),
    ],
)
def test_graphqls_address_follows_from_the_apis_where_it_is_not_told(api: str, graphql: str) -> None:
    github = world.connect("token", {"GITHUB_API_URL": api})
    assert github._graphql_url == graphql
    assert (
        world.connect("token", {"GITHUB_API_URL": api, "GITHUB_GRAPHQL_URL": "https://x/y"})._graphql_url
        == "https://x/y"
    )


# Where github.com keeps attachments: what `hosts_of` does not use for any other server.
# Where github.com keeps attachments, and its addresses of issues that leave no trace there.
KNOWN = {"github/attachments.py", "render/reasons.py"}


def test_no_host_of_githubs_stands_in_the_code_but_where_only_that_one_has_something() -> None:
    host = re.compile(r"(?<!docs\.)\b(?:api\.github\.com|github\.com|githubusercontent\.com|githubstatus\.com)\b")
    found = set()
    for file in SOURCE.rglob("*.py"):
        # Sources and reasons are told in comments and docstrings: `(https://github.com/...)`, `# https://...`.
        lines = (
            line for line in file.read_text("utf-8").splitlines() if not re.match(r"\s*(#|\(?https://|Source:)", line)
        )
        if any(host.search(line) for line in lines):
            found.add(file.relative_to(SOURCE).as_posix())
    assert found == KNOWN
