"""What hubpipe asks of GitHub, in conversation with the stand-in."""

from typing import get_args

import pytest
import urllib3

from hubpipe.config import InputName
from hubpipe.errors import ForbiddenError, GitHubError, MissingError
from hubpipe.event import Annotation, Label, LabelChange, Subject
from hubpipe.github import GitHub
from tests.standin.servers import token_of
from tests.standin.standin import Server, StandIn

pytestmark = pytest.mark.e2e

MARKER = "<!-- hubpipe:pr-summary -->"


@pytest.fixture
def github(standin: StandIn) -> GitHub:
    """GitHub as a workflow's job sees it."""
    return GitHub(standin.token, standin.url, pacing=0, patience=5)


def as_user(standin: StandIn, login: str) -> GitHub:
    return GitHub(token_of(login), standin.url, pacing=0, patience=5)


class TestLogin:
    def test_a_person_is_known_by_name_and_asked_for_once(self, standin: StandIn) -> None:
        github = as_user(standin, "octocat")
        assert [github.login(), github.login()] == ["octocat", "octocat"]
        assert [one.path for one in standin.conversation] == ["/user"]

    def test_a_jobs_token_speaks_for_a_bot_that_only_graphql_knows(self, github: GitHub, standin: StandIn) -> None:
        assert github.login() == "github-actions[bot]"
        assert [(one.path, one.status) for one in standin.conversation] == [("/user", 403), ("/graphql", 200)]

    def test_without_graphql_the_bot_is_the_one_of_actions(self, github: GitHub, standin: StandIn) -> None:
        standin.fail("POST", "/graphql", 404, "Not Found")
        assert github.login() == "github-actions[bot]"

    def test_the_token_is_in_no_repr(self, github: GitHub, standin: StandIn) -> None:
        assert standin.token not in repr(github) + repr(vars(github))


class TestFile:
    def test_comes_from_the_default_branch_and_not_from_a_pull_request(self, github: GitHub, standin: StandIn) -> None:
        standin.put_file(".github/hubpipe.yml", "version: 1\n")
        standin.open_pull("Take over", files={".github/hubpipe.yml": "version: 666\n"})
        assert github.file(standin.repo, ".github/hubpipe.yml") == "version: 1\n"

    def test_is_none_where_there_is_none(self, github: GitHub, standin: StandIn) -> None:
        assert github.file(standin.repo, ".github/hubpipe.yml") is None
        assert github.file("octo-org/no-such-repo", ".github/hubpipe.yml") is None

    @pytest.mark.parametrize("content", [b"\xff\xfe\x00binary", "x" * 1_100_000], ids=["binary", "too large"])
    def test_that_is_no_text_is_an_error_that_names_it(
        self, github: GitHub, standin: StandIn, content: str | bytes
    ) -> None:
        standin.put_file("odd name?.yml", content)
        with pytest.raises(GitHubError, match=r"odd name\?\.yml of .* is no UTF-8 text"):
            github.file(standin.repo, "odd name?.yml")


class TestLabels:
    def test_of_a_repository_come_from_every_page(self, github: GitHub, standin: StandIn) -> None:
        for number in range(101):
            standin.add_label(f"area-{number}", f"Part {number}")
        labels = github.labels(standin.repo)
        assert Label("area-7", "Part 7") in labels
        assert len(labels) == len({label.name for label in labels}) >= 101
        assert len(standin.conversation) == 2, "a hundred a page"

    def test_of_an_issue_are_those_of_now(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash", labels=["bug", "old"])
        standin.remove_label_as("maintainer", number, "old")
        assert github.labels_of(standin.repo, number) == ("bug",)

    def test_are_added_twice_and_there_once(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        for _ in range(2):
            github.add_labels(standin.repo, number, ["bug", "area/ui"])
        assert standin.labels_of(number) == ["bug", "area/ui"]

    def test_none_to_add_is_no_request(self, github: GitHub, standin: StandIn) -> None:
        github.add_labels(standin.repo, 1, [])
        assert standin.conversation == []

    @pytest.mark.parametrize("name", ["bug", "area/ui", "good first issue", "ärger ☂?#"])
    def test_are_removed_and_removed_again(self, github: GitHub, standin: StandIn, name: str) -> None:
        number = standin.open_issue("Crash", labels=[name, "stays"])
        for _ in range(2):
            github.remove_label(standin.repo, number, name)
        assert standin.labels_of(number) == ["stays"]

    def test_are_created_with_a_description_that_fits(self, github: GitHub, standin: StandIn) -> None:
        github.create_label(standin.repo, "perf", "Too slow. " * 50)
        (label,) = [label for label in github.labels(standin.repo) if label.name == "perf"]
        assert label.description.startswith("Too slow.")
        assert len(label.description) <= 100

    def test_that_exist_are_left_as_they_are(self, github: GitHub, standin: StandIn) -> None:
        standin.add_label("perf", "Ours")
        github.create_label(standin.repo, "Perf", "Theirs")
        assert Label("perf", "Ours") in github.labels(standin.repo)

    def test_that_github_refuses_are_an_error(self, github: GitHub, standin: StandIn) -> None:
        standin.fail("POST", "/labels", 422, "Validation Failed")
        with pytest.raises(GitHubError, match=r"create the label 'x' .*422: Validation Failed"):
            github.create_label(standin.repo, "x")


class TestLabelChanges:
    @pytest.mark.parametrize("kind", ["issue", "pull request"])
    def test_say_who_did_what_in_order(self, github: GitHub, standin: StandIn, kind: str) -> None:
        number = standin.open_issue("Crash") if kind == "issue" else standin.open_pull("Mend the crash")
        github.add_labels(standin.repo, number, ["bug"])
        standin.remove_label_as("maintainer", number, "bug")
        standin.add_label_as("octocat", number, "question")
        assert github.label_changes(standin.repo, number) == (
            LabelChange("bug", True, "github-actions[bot]"),
            LabelChange("bug", False, "maintainer"),
            LabelChange("question", True, "octocat"),
        )

    def test_come_from_every_page(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend the crash")
        for name in [f"area-{index}" for index in range(101)]:
            standin.add_label_as("maintainer", number, name)
        assert len(github.label_changes(standin.repo, number)) == 101

    def test_of_a_deleted_user_have_no_actor(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        gone = {"event": "labeled", "label": {"name": "bug"}, "actor": None}
        standin.answer("GET", "/events$", [gone, {"event": "closed", "actor": None}])
        assert github.label_changes(standin.repo, number) == (LabelChange("bug", True, None),)


class TestComments:
    def test_are_found_again_on_a_later_page(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        for index in range(100):
            standin.comment_as("maintainer", number, f"Me too, {index}")
        written = github.create_comment(standin.repo, number, f"{MARKER}\nSummary", MARKER)
        assert github.own_comment(standin.repo, number, MARKER) == written
        assert written.author == "github-actions[bot]"
        assert written.url.startswith("http")

    def test_with_our_marker_by_another_user_are_not_ours(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        standin.comment_as("outsider", number, f"{MARKER} Mine now")
        assert github.own_comment(standin.repo, number, MARKER) is None

    def test_without_any_marker_spare_the_question_who_we_are(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        standin.comment_as("maintainer", number, "Hello")
        assert github.own_comment(standin.repo, number, MARKER) is None
        assert [one.path for one in standin.conversation] == [f"/repos/{standin.repo}/issues/{number}/comments"]

    def test_by_a_deleted_user_are_read_over(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        standin.answer(
            "GET", "/comments$", [{"id": 1, "user": None, "body": MARKER}, {"id": 2, "user": None, "body": None}]
        )
        assert github.own_comment(standin.repo, number, MARKER) is None

    def test_are_edited_in_place(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend the crash")
        written = github.create_comment(standin.repo, number, f"{MARKER} First", MARKER)
        edited = github.edit_comment(standin.repo, written.id, f"{MARKER} Second", number)
        assert (edited.id, edited.body, edited.url) == (written.id, f"{MARKER} Second", written.url)
        assert [comment["body"] for comment in standin.comments_of(number)] == [f"{MARKER} Second"]

    def test_that_are_too_long_are_refused_with_githubs_reason(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        with pytest.raises(GitHubError, match="maximum is 65536 characters"):
            github.create_comment(standin.repo, number, "x" * 65_537, MARKER)
        assert standin.writes == [("POST", f"/issues/{number}/comments")]


class TestRefusals:
    def test_a_read_only_token_is_told_which_permission_it_lacks(self, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        reader = GitHub(standin.read_only_token, standin.url, pacing=0, patience=5)
        with pytest.raises(ForbiddenError, match=r"may not add labels to .*: give it `issues: write`"):
            reader.add_labels(standin.repo, number, ["bug"])
        assert standin.labels_of(number) == []

    def test_a_token_that_github_does_not_know_is_called_so(self, standin: StandIn) -> None:
        with pytest.raises(ForbiddenError, match="does not accept the token"):
            GitHub("expired", standin.url, pacing=0).labels(standin.repo)

    def test_what_is_not_there_is_missing(self, github: GitHub, standin: StandIn) -> None:
        with pytest.raises(MissingError, match=r"list the labels of octo-org/nowhere"):
            github.labels("octo-org/nowhere")
        with pytest.raises(MissingError, match=r"comment on .*#404"):
            github.create_comment(standin.repo, 404, "Hello", MARKER)

    def test_no_token_reads_what_is_public(self, standin: StandIn) -> None:
        number = standin.open_issue("Crash", labels=["bug"])
        assert GitHub("", standin.url).labels_of(standin.repo, number) == ("bug",)


class TestAnEnterpriseServer:
    def test_is_asked_below_its_own_address_on_every_page(self, standin: StandIn) -> None:
        github = GitHub("token", f"{standin.url}/api/v3/", pacing=0, patience=0)
        more = {"link": f'<{standin.url}/api/v3/repositories/1/labels?page=2>; rel="next"'}
        standin.answer("GET", "^/api/v3/repos/o/r/labels$", [{"name": "bug", "description": None}], more)
        standin.answer("GET", "^/api/v3/repositories/1/labels$", [{"name": "docs", "description": "Prose"}])
        assert github.labels("o/r") == (Label("bug"), Label("docs", "Prose"))

    @pytest.mark.parametrize("given", [None, "/api/graphql"])
    def test_has_its_graphql_beside_its_rest(self, standin: StandIn, given: str | None) -> None:
        graphql_url = given and standin.url + given
        github = GitHub("token", f"{standin.url}/api/v3", graphql_url=graphql_url, pacing=0, patience=0)
        standin.fail("GET", "^/api/v3/user$", 403, "Resource not accessible by integration")
        standin.answer("POST", "^/api/graphql$", {"data": {"viewer": {"login": "triage[bot]"}}})
        assert github.login() == "triage[bot]"


class TestThroughGitHubsOwnDescription:
    def test_no_request_breaks_it(self, examined_server: Server, examined_standin: StandIn) -> None:
        standin = examined_standin
        github = GitHub(standin.token, standin.url, pacing=0, patience=5)
        number = standin.open_pull("Mend the crash", files={"src/a b.py": "print(1)\n"})
        github.create_label(standin.repo, "area/ui", "The interface")
        github.add_labels(standin.repo, number, ["area/ui", "bug"])
        github.remove_label(standin.repo, number, "area/ui")
        written = github.create_comment(standin.repo, number, f"{MARKER} First", MARKER)
        github.edit_comment(standin.repo, written.id, f"{MARKER} Second", number)
        assert github.own_comment(standin.repo, number, MARKER) is not None
        assert github.labels_of(standin.repo, number) == ("bug",)
        assert len(github.label_changes(standin.repo, number)) == 3
        assert github.labels(standin.repo)
        assert github.file(standin.repo, ".github/none.yml") is None
        material = github.material(standin.repo, Subject("pull_request", number, "", ""), get_args(InputName))
        assert [file.contents for file in material.files] == ["print(1)\n"]
        github.edit_description(standin.repo, number, "Mends it.")
        head = str(github.pull(standin.repo, number).head_sha)
        remarks = [Annotation("src/a b.py", 1, 1, "notice", "Odd", "Look")] * 60
        for existing in (None, github.check_run(standin.repo, head, "risk", "ours")):
            github.write_check(standin.repo, head, "risk", "ours", "neutral", "T", "S", remarks, existing)
        release = standin.release("v1")
        github.edit_release(standin.repo, release, github.release(standin.repo, release)[0])
        assert github.merged_pulls(standin.repo, "v1").pulls == ()
        standin.fail("POST", "/graphql", 403, "Resource not accessible by integration")
        fixing = Subject("pull_request", number, "", f"fixes #{standin.open_issue('Crash')}")
        assert len(github.material(standin.repo, fixing, ["linked"]).linked) == 1
        assert {one.violations for one in standin.conversation} == {()}

    def test_a_request_that_breaks_it_is_seen(self, examined_standin: StandIn) -> None:
        number = examined_standin.open_issue("Crash")
        url = f"{examined_standin.url}/repos/{examined_standin.repo}/issues/{number}/labels"
        urllib3.request("POST", url, json=["bug"], headers={"authorization": f"Bearer {examined_standin.token}"})
        (sent,) = examined_standin.conversation
        assert "request.body: Request body must be object" in sent.violations
