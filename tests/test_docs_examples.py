"""The examples of the pages on pull requests, threads and releases: each is valid, and needs what the page says."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hubpipe import config
from hubpipe.check import check
from hubpipe.event.commands import WORDS
from hubpipe.models import hub
from hubpipe.models.base import Places
from hubpipe.permissions import needed as needed_by_a_job

ROOT = Path(__file__).parents[1]
PAGES = ("commands", "notifications", "pull-requests", "threads-and-releases")
EXAMPLES = sorted((ROOT / "examples").glob("*.yml"))
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.DOTALL | re.MULTILINE)
# Some examples need a learned model, which the one that comes with hubpipe stands for.
OFFLINE = Places(offline=True, learned=hub.ZERO_DAY_FOLDER)
# Its weights would be asked for at the Hub; the page writes them as `org/name`.
ELSEWHERE = "endpoint:"


def blocks(page: str) -> list[str]:
    found = BLOCK.findall((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8"))
    configurations = [str(block) for block in found if "flows:" in block]
    assert configurations, page
    return configurations


def workflows(page: str) -> list[dict[Any, Any]]:
    found = BLOCK.findall((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8"))
    return [yaml.safe_load(block) for block in found if "uses: hubpipe" in block]


def needed(text: str) -> dict[str, dict[str, str]]:
    """Give each flow's permissions, where nothing is wrong with any."""
    needs = check(config.parse(text), OFFLINE)
    assert [problem for flow in needs for problem in flow.problems] == []
    return {flow.flow: flow.permissions for flow in needs}


@pytest.mark.parametrize("page", PAGES)
def test_every_example_of_a_page_is_valid(page: str) -> None:
    for block in blocks(page):
        assert config.parse(block).flows
        if ELSEWHERE not in block:
            assert needed(block)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_file_is_valid_and_told_in_the_list(path: Path) -> None:
    assert needed(path.read_text(encoding="utf-8"))
    assert f"| `{path.name}` |" in (ROOT / "examples" / "README.md").read_text(encoding="utf-8")


def test_the_pages_and_the_example_files_say_the_same() -> None:
    files = {
        name: flow for path in EXAMPLES for name, flow in config.parse(path.read_text(encoding="utf-8")).flows.items()
    }
    of_pages = {
        name: flow for page in PAGES for block in blocks(page) for name, flow in config.parse(block).flows.items()
    }
    shared = {"areas", "risky", "on-request", "long-threads", "outline", "notes"}
    assert shared <= set(of_pages) & set(files)
    assert {name: of_pages[name] for name in shared} == {name: files[name] for name in shared}


def test_the_permissions_are_those_that_the_pages_name() -> None:
    read = {path.stem: needed(path.read_text(encoding="utf-8")) for path in EXAMPLES if path.stem != "hubpipe"}
    assert read["pull-requests"]["summary"] == {"contents": "read", "issues": "read", "pull-requests": "write"}
    assert read["pull-requests"]["risky"] == {"contents": "read", "pull-requests": "read", "checks": "write"}
    assert read["threads"]["on-request"] == {"contents": "read", "issues": "write", "pull-requests": "write"}
    assert read["issue-outline"]["outline"] == {"contents": "read", "issues": "write"}
    assert read["releases"]["notes"] == {"contents": "write", "pull-requests": "read"}


def test_the_workflows_of_a_page_give_what_its_flows_need() -> None:
    read = [needed(block) for block in blocks("threads-and-releases")]
    given = [job["permissions"] for one in workflows("threads-and-releases") for job in one["jobs"].values()]
    assert given == [read[0]["on-request"], read[-1]["notes"]]


def test_the_workflow_of_commands_gives_what_commands_need() -> None:
    [block] = blocks("commands")
    of_file = config.parse((ROOT / "examples" / "commands.yml").read_text(encoding="utf-8"))
    assert config.parse(block) == of_file
    whole = yaml.safe_load((ROOT / "examples" / "workflows" / "commands.yml").read_text(encoding="utf-8"))
    given = [job["permissions"] for one in (*workflows("commands"), whole) for job in one["jobs"].values()]
    assert given == [needed_by_a_job(of_file, ["issue_comment"])] * 2


def test_the_workflows_that_notify_give_what_their_flows_need_and_name() -> None:
    of_file = config.parse((ROOT / "examples" / "notify.yml").read_text(encoding="utf-8"))
    whole = yaml.safe_load((ROOT / "examples" / "workflows" / "notify.yml").read_text(encoding="utf-8"))
    [of_page] = [config.parse(block) for block in blocks("notifications")]
    for settings, workflow in ((of_file, whole), (of_page, workflows("notifications")[0])):
        events = [event for flow in settings.flows.values() if flow is not None for event in flow.on]
        [job] = workflow["jobs"].values()
        assert job["permissions"] == needed_by_a_job(settings, events)
        [step] = job["steps"]
        assert step["env"] == {name: f"${{{{ secrets.{name} }}}}" for name in settings.variables}


def test_the_page_on_commands_tells_what_help_tells() -> None:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `/hubpipe (\w+)` \|", text, re.MULTILINE) == list(WORDS)


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_links_lead_somewhere(page: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+\.md)", text):
        assert (ROOT / "docs" / target).is_file(), target
