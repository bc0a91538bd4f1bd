"""The stand-in behaves as GitHub does, where hubpipe depends on it."""

from typing import Any

import pytest
import urllib3

from hubpipe.event import Event, Subject, parse
from tests.standin.servers import running, token_of
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

DIFF = "application/vnd.github.diff"


def get(standin: StandIn, path: str, accept: str = "application/json") -> urllib3.BaseHTTPResponse:
    headers = {"authorization": f"Bearer {token_of('octocat')}", "accept": accept}
    return urllib3.request("GET", f"{standin.url}/repos/{standin.repo}{path}", headers=headers)


def send(standin: StandIn, method: str, path: str, body: object, token: str = "") -> urllib3.BaseHTTPResponse:
    headers = {"authorization": f"Bearer {token or standin.token}"}
    return urllib3.request(method, f"{standin.url}/repos/{standin.repo}{path}", headers=headers, json=body)


def listed(standin: StandIn, number: int) -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = get(standin, f"/pulls/{number}/files?per_page=100").json()
    return files


def output(annotations: int) -> dict[str, Any]:
    remark = {"path": "a.py", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "Look"}
    return {"title": "Found", "summary": "Some", "annotations": [remark] * annotations}


def event(standin: StandIn, kind: str, action: str, number: int) -> Event:
    parsed = parse(kind, standin.event(kind, action, number))
    assert isinstance(parsed, Event)
    return parsed


def subject(standin: StandIn, kind: str, action: str, number: int) -> Subject:
    found = event(standin, kind, action, number).subject
    assert found is not None
    return found


def test_githubs_example_payloads_are_all_there(examples: tuple[tuple[str, dict[str, Any]], ...]) -> None:
    assert len(examples) == 329
    assert len({name for name, _ in examples}) == 58


def test_an_issues_payload_is_about_the_issue_that_was_opened(standin: StandIn) -> None:
    number = standin.open_issue("Crash", "It crashes.", ["bug"])
    found = subject(standin, "issues", "opened", number)
    assert (found.kind, found.number, found.title, found.body) == ("issue", number, "Crash", "It crashes.")
    assert found.labels == ("bug",)
    assert event(standin, "issues", "opened", number).repo == standin.repo


def test_a_pull_requests_payload_follows_its_branch(standin: StandIn) -> None:
    number = standin.open_pull("Mend", "Mends it.", {"a.py": "1\n"})
    before = subject(standin, "pull_request_target", "opened", number)
    head = standin.push_to_pull(number, {"b.py": "1\n2\n"})
    after = subject(standin, "pull_request_target", "synchronize", number)
    assert (before.changed_files, before.additions) == (1, 1)
    assert (after.changed_files, after.additions, after.head_sha) == (2, 3, head)
    assert not after.from_fork


def test_a_forks_pull_request_comes_from_a_fork(standin: StandIn) -> None:
    number = standin.open_pull("Mend", from_fork=True)
    assert subject(standin, "pull_request_target", "opened", number).from_fork


def test_a_comments_payload_brings_the_comment_and_knows_a_pull_request(standin: StandIn) -> None:
    number = standin.open_pull("Mend")
    standin.comment_as("outsider", number, "Please look")
    found = event(standin, "issue_comment", "created", number)
    assert found.comment is not None
    assert (found.comment.author, found.comment.body) == ("outsider", "Please look")
    assert found.subject is not None
    assert found.subject.kind == "pull_request"


def test_a_pull_requests_diff_is_true(standin: StandIn) -> None:
    standin.put_file("a.py", "one\ntwo\n")
    number = standin.open_pull("Mend", files={"a.py": "one\nthree\n", "logo.png": b"\0\1"})
    diff = get(standin, f"/pulls/{number}", "application/vnd.github.diff").data.decode()
    assert diff.startswith("diff --git a/a.py b/a.py\nindex ")
    assert "\n--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n one\n-two\n+three" in diff
    assert "Binary files /dev/null and b/logo.png differ" in diff


class TestFilesOfAPullRequest:
    def test_have_gits_own_ids(self, standin: StandIn) -> None:
        number = standin.open_pull("Mend", files={"README.md": None, "a.py": "print(0)\n"})
        by_path = {file["filename"]: file for file in listed(standin, number)}
        assert by_path["a.py"]["sha"] == "3e978a7aa9ef65c1f5596049333a48a3f0fc5f7e"
        assert by_path["README.md"]["status"] == "removed"

    def test_are_known_again_when_they_move(self, standin: StandIn) -> None:
        lines = "".join(f"line {index}\n" for index in range(20))
        standin.put_file("one.py", lines)
        standin.put_file("two.py", lines.upper())
        number = standin.open_pull("Move", files={"new.py": "1\n"})
        standin.move_file(number, "one.py", "src/one.py")
        standin.move_file(number, "two.py", "src/two.py", lines.upper() + "one more\n")
        moved = {file["previous_filename"]: file for file in listed(standin, number) if file["status"] == "renamed"}
        assert {old: (file["filename"], file["changes"]) for old, file in moved.items()} == {
            "one.py": ("src/one.py", 0),
            "two.py": ("src/two.py", 1),
        }
        assert "patch" not in moved["one.py"]
        assert moved["two.py"]["patch"].endswith("+one more")

    def test_may_be_another_repositorys_commit(self, standin: StandIn) -> None:
        number = standin.open_pull("Vendor", files={"a.py": "1\n"})
        standin.add_submodule(number, "lib/x", "a" * 40)
        (file,) = [file for file in listed(standin, number) if file["filename"] == "lib/x"]
        assert (file["sha"], file["patch"]) == ("a" * 40, f"@@ -0,0 +1 @@\n+Subproject commit {'a' * 40}")

    def test_that_are_large_come_without_their_patch(self, standin: StandIn) -> None:
        long = "".join(f"{index}\n" for index in range(3_001))
        number = standin.open_pull("Long", files={"long.txt": long, "wide.txt": "x" * 5_000_000, "a.txt": "a\n"})
        files = {file["filename"]: file for file in listed(standin, number)}
        assert {path: "patch" in file for path, file in files.items()} == {
            "a.txt": True,
            "long.txt": False,
            "wide.txt": False,
        }
        assert files["long.txt"]["additions"] == 3_001
        diff = get(standin, f"/pulls/{number}", DIFF)
        assert (diff.status, len(diff.data) > 5_000_000) == (200, True)

    def test_are_listed_up_to_three_thousand(self, standin: StandIn) -> None:
        number = standin.open_pull("Many", files={f"src/{index:04}.py": f"{index}\n" for index in range(3_100)})
        pages = [get(standin, f"/pulls/{number}/files?per_page=100&page={page}").json() for page in (1, 30, 31)]
        assert [len(page) for page in pages] == [100, 100, 0]
        assert get(standin, f"/pulls/{number}").json()["changed_files"] == 3_100

    @pytest.mark.parametrize(
        ("files", "what"),
        [
            ({f"{index}.py": "1\n" for index in range(301)}, "files (300)"),
            ({f"{part}.txt": "x\n" * 10_001 for part in "ab"}, "lines (20000)"),
        ],
        ids=["files", "lines"],
    )
    def test_have_no_diff_beyond_githubs_limits(self, standin: StandIn, files: dict[str, str], what: str) -> None:
        refusal = get(standin, f"/pulls/{standin.open_pull('Many', files=files)}", DIFF)
        assert refusal.status == 406
        assert what in refusal.json()["message"]


class TestAPullRequest:
    def test_is_pushed_with_force(self, standin: StandIn) -> None:
        number = standin.open_pull("Mend", files={"a.py": "1\n"})
        standin.push_to_pull(number, {"b.py": "1\n"})
        head = standin.force_push(number, {"c.py": "1\n"})
        assert [file["filename"] for file in listed(standin, number)] == ["c.py"]
        assert subject(standin, "pull_request_target", "synchronize", number).head_sha == head

    def test_is_rebased(self, standin: StandIn) -> None:
        standin.put_file("old.py", "same\n" * 9)
        number = standin.open_pull("Mend", files={"a.py": "1\n", "old.py": None, "new.py": "same\n" * 9})
        before = listed(standin, number)
        standin.put_file("main.py", "1\n")
        head = standin.rebase(number)
        after = listed(standin, number)
        assert [(file["filename"], file["sha"]) for file in after] == [
            (file["filename"], file["sha"]) for file in before
        ]
        assert subject(standin, "pull_request_target", "synchronize", number).head_sha == head

    def test_knows_only_its_own_changes_when_its_base_moves(self, standin: StandIn) -> None:
        number = standin.open_pull("Mend", files={"a.py": "1\n"})
        standin.put_file("main.py", "1\n")
        assert [file["filename"] for file in listed(standin, number)] == ["a.py"]

    def test_changes_its_base(self, standin: StandIn) -> None:
        number = standin.open_pull("First", files={"a.py": "1\n"}, branch="first")
        second = standin.open_pull("Second", files={"b.py": "1\n"}, branch="second")
        standin.change_base(second, "first")
        found = subject(standin, "pull_request_target", "edited", second)
        assert (found.base_ref, found.changed_files) == ("first", 1)
        base = standin.event("pull_request_target", "edited", second)["pull_request"]["base"]
        assert base["sha"] == subject(standin, "pull_request_target", "edited", number).head_sha

    def test_is_a_draft_closed_and_merged(self, standin: StandIn) -> None:
        number = standin.open_pull("Mend", files={"a.py": "1\n"})
        standin.push_to_pull(number, {"b.py": "2\n"})
        standin.make_draft(number)
        assert subject(standin, "pull_request", "converted_to_draft", number).draft
        standin.make_ready(number)
        assert not subject(standin, "pull_request", "ready_for_review", number).draft
        standin.close(number)
        assert not subject(standin, "pull_request", "closed", number).open
        standin.reopen(number)
        assert subject(standin, "pull_request", "reopened", number).open
        standin.merge(number)
        found = subject(standin, "pull_request", "closed", number)
        assert (found.open, found.changed_files) == (False, 2)
        assert get(standin, "/contents/b.py").status == 200

    def test_outlives_its_fork(self, standin: StandIn) -> None:
        number = standin.open_pull("Mend", files={"a.py": "1\n"}, from_fork=True)
        standin.delete_fork(number)
        payload = standin.event("pull_request_target", "synchronize", number)["pull_request"]
        assert payload["head"]["repo"] is None
        assert subject(standin, "pull_request_target", "synchronize", number).from_fork
        assert get(standin, f"/contents/a.py?ref={payload['head']['sha']}").status == 200

    def test_has_a_title_and_a_description_that_people_edit(self, standin: StandIn) -> None:
        number = standin.open_pull("Mend", "Before")
        standin.edit_title(number, "Mend it")
        standin.edit_description_as("maintainer", number, "After")
        assert (standin.description_of(number), get(standin, f"/issues/{number}").json()["title"]) == (
            "After",
            "Mend it",
        )


def test_a_locked_conversation_takes_comments_of_people_alone(standin: StandIn) -> None:
    number = standin.open_issue("Crash")
    comment = send(standin, "POST", f"/issues/{number}/comments", {"body": "First"}).json()["id"]
    standin.lock(number)
    for method, path, deed in (
        ("POST", f"/issues/{number}/comments", "create"),
        ("PATCH", f"/issues/comments/{comment}", "update"),
    ):
        reply = send(standin, method, path, {"body": "Second"})
        assert reply.status == 403
        assert reply.json()["message"] == f"Unable to {deed} comment because issue is locked."
    standin.comment_as("octocat", number, "Third")
    assert [one["body"] for one in standin.comments_of(number)] == ["First", "Third"]


def test_a_release_comes_after_what_was_merged_for_it(standin: StandIn) -> None:
    first = standin.merged_pull("First", ["bug"])
    release = standin.release("v1", "Notes")
    second = standin.merged_pull("Second")
    pulls = get(standin, "/pulls?state=closed&sort=updated&direction=desc").json()
    assert [pull["number"] for pull in pulls] == [second, first]
    assert [label["name"] for label in pulls[1]["labels"]] == ["bug"]
    published = get(standin, f"/releases/{release}").json()["published_at"]
    assert pulls[1]["merged_at"] < published < pulls[0]["merged_at"]
    found = subject(standin, "release", "published", release)
    assert (found.kind, found.tag, found.release_id, found.body) == ("release", "v1", release, "Notes")


class TestCheckRuns:
    def test_take_fifty_annotations_at_a_time_and_add_them_up(self, standin: StandIn) -> None:
        sha = subject(standin, "pull_request", "opened", standin.open_pull("Mend")).head_sha
        run = {"name": "lint", "head_sha": sha, "conclusion": "neutral", "output": output(51)}
        assert send(standin, "POST", "/check-runs", run).status == 422
        made = send(standin, "POST", "/check-runs", run | {"output": output(50)}).json()
        send(standin, "PATCH", f"/check-runs/{made['id']}", {"output": output(2)})
        (shown,) = standin.checks_of(str(sha))
        assert (len(shown["annotations"]), shown["output"]["annotations_count"]) == (52, 52)

    def test_of_a_name_are_replaced_by_later_ones(self, standin: StandIn) -> None:
        number = standin.open_pull("Mend", from_fork=True)
        sha = subject(standin, "pull_request", "opened", number).head_sha
        for conclusion in ("failure", "success"):
            send(standin, "POST", "/check-runs", {"name": "lint", "head_sha": sha, "conclusion": conclusion})
        assert [run["conclusion"] for run in standin.checks_of(str(sha))] == ["success"]

    def test_are_written_by_apps_only(self, standin: StandIn) -> None:
        run = {"name": "lint", "head_sha": "a" * 40}
        assert send(standin, "POST", "/check-runs", run, token_of("octocat")).status == 403


def test_an_accident_happens_as_often_as_it_was_planned(standin: StandIn) -> None:
    standin.fail("GET", "/labels$", 502, times=2)
    assert [get(standin, "/labels").status for _ in range(3)] == [502, 502, 200]
    assert [one.status for one in standin.conversation] == [502, 502, 200]


def test_what_is_not_installed_says_how_to_install_it(tmp_path: Any) -> None:
    with pytest.raises(FileNotFoundError, match="make setup"), running("nothing.js", [], 1, tmp_path / "log"):
        pass
