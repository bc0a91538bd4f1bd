"""What hubpipe reads and writes of a pull request as a whole: its state, its links, its patches."""

import pytest

from hubpipe.errors import ForbiddenError, GitHubError, MissingError
from hubpipe.event import LinkedIssue, Subject, parse
from hubpipe.github import GitHub
from hubpipe.github.diffs import patches_of
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e


@pytest.fixture
def github(standin: StandIn) -> GitHub:
    return GitHub(standin.token, standin.url, pacing=0, patience=1)


def subject(number: int, body: str = "", base_ref: str = "") -> Subject:
    return Subject("pull_request", number, "Title", body, base_ref=base_ref)


def paths(standin: StandIn) -> list[str]:
    return [one.path.removeprefix(f"/repos/{standin.repo}") for one in standin.conversation]


class TestAPullRequestAsItIsNow:
    def test_is_what_its_event_would_say(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend", "Mends it.", {"a.py": "1\n"})
        standin.push_to_pull(number, {"b.py": "1\n2\n"})
        standin.make_draft(number)
        standin.add_label_as("maintainer", number, "bug")
        event = parse("pull_request", standin.event("pull_request", "synchronize", number))
        found = github.pull(standin.repo, number)
        assert found == getattr(event, "subject", None)
        assert (found.draft, found.changed_files, found.labels) == (True, 2, ("bug",))
        assert (found.base_ref, found.head_ref, found.from_fork, found.open) == ("main", "topic", False, True)

    def test_outlives_its_fork_and_its_end(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend", from_fork=True)
        standin.delete_fork(number)
        standin.close(number)
        found = github.pull(standin.repo, number)
        assert (found.from_fork, found.open) == (True, False)

    def test_is_an_error_where_there_is_none(self, github: GitHub, standin: StandIn) -> None:
        with pytest.raises(MissingError, match="#404"):
            github.pull(standin.repo, 404)
        standin.answer("GET", "/pulls/1$", {"message": "Moved"}, times=9)
        with pytest.raises(GitHubError, match="GitHub's reply broke off when hubpipe wanted to read"):
            github.pull(standin.repo, 1)


class TestDescription:
    def test_alone_is_edited(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend", "Before")
        github.edit_description(standin.repo, number, "After")
        assert standin.description_of(number) == "After"
        assert github.pull(standin.repo, number).title == "Mend"
        assert standin.writes == [("PATCH", f"/pulls/{number}")]

    def test_takes_a_permission_that_is_named(self, standin: StandIn) -> None:
        number = standin.open_pull("Mend", "Before")
        reader = GitHub(standin.read_only_token, standin.url, pacing=0, patience=1)
        with pytest.raises(ForbiddenError, match="pull-requests: write"):
            reader.edit_description(standin.repo, number, "After")
        assert standin.description_of(number) == "Before"


class TestLinkedIssues:
    def test_are_those_of_the_description_and_of_the_sidebar_in_one_request(
        self, github: GitHub, standin: StandIn
    ) -> None:
        named, linked = standin.open_issue("It crashes"), standin.open_issue("It is slow")
        number = standin.open_pull("Mend", f"Fixes #{named}")
        standin.link(number, linked)
        material = github.material(standin.repo, subject(number), ["linked"])
        assert material.linked == (
            LinkedIssue(named, "It crashes", standin.repo),
            LinkedIssue(linked, "It is slow", standin.repo),
        )
        assert (paths(standin), material.unread) == (["/graphql"], ())

    @pytest.mark.threat("attack", "permissions")
    def test_of_another_repository_are_none_that_not_everybody_may_see(self, github: GitHub, standin: StandIn) -> None:
        others = [("octo-org/secret", True), ("octo-org/open", False), ("octo-org/untold", None)]
        nodes = [
            {"number": 5, "title": f"In {name}", "repository": {"nameWithOwner": name, "isPrivate": private}}
            for name, private in (*others, (standin.repo.upper(), True))
        ]
        references = {"totalCount": len(nodes), "nodes": nodes}
        reply = {"data": {"repository": {"pullRequest": {"closingIssuesReferences": references}}}}
        standin.answer("POST", "/graphql", reply)
        material = github.material(standin.repo, subject(1, "Fixes octo-org/secret#5"), ["linked"])
        assert [issue.repo for issue in material.linked] == ["octo-org/open", standin.repo.upper()]

    def test_beyond_twenty_are_told(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend")
        for index in range(21):
            standin.link(number, standin.open_issue(f"Issue {index}"))
        material = github.material(standin.repo, subject(number), ["linked"])
        assert len(material.linked) == 20
        assert material.unread == ("linked: only the first 20 of 21 issues are read",)

    @pytest.mark.parametrize(
        "reply",
        [
            {"data": {"repository": None}, "errors": [{"message": "No"}]},
            {"errors": [{"message": "Field doesn't exist"}]},
            {"data": {"repository": {"pullRequest": {"closingIssuesReferences": {"nodes": [{"number": 1}]}}}}},
        ],
        ids=["not seen", "not known", "incomplete"],
    )
    def test_are_found_by_words_where_graphql_does_not_tell(
        self, github: GitHub, standin: StandIn, reply: object
    ) -> None:
        issue = standin.open_issue("It crashes")
        standin.answer("POST", "/graphql", reply)
        material = github.material(standin.repo, subject(1, f"Closes: #{issue}"), ["linked"])
        assert material.linked == (LinkedIssue(issue, "It crashes", standin.repo),)

    @pytest.mark.parametrize(
        ("body", "found"),
        [
            ("fixes #1", True),
            ("This RESOLVED:  #1, and more", True),
            ("closes {repo}#1", True),
            ("closes https://github.example/{repo}/issues/1", True),
            ("closes other/place#1", False),
            ("closes https://github.example/other/place/issues/1", False),
            ("prefixes #1", False),
            ("see #1", False),
            ("fixes #1a", False),
            ("<!-- fixes #1 --> nothing", False),
            ("<!-- fixes #1", False),
            ("fixes #99", False),
            ("\0 \ud83d fixes #1 \u202e", True),
        ],
    )
    def test_have_githubs_closing_words(self, github: GitHub, standin: StandIn, body: str, found: bool) -> None:
        standin.open_issue("It crashes")
        standin.fail("POST", "/graphql", 403, "Resource not accessible")
        material = github.material(standin.repo, subject(2, body.format(repo=standin.repo)), ["linked"])
        assert [issue.title for issue in material.linked] == (["It crashes"] if found else [])
        assert material.unread == ()

    def test_that_are_pull_requests_or_too_many_are_left_out(self, github: GitHub, standin: StandIn) -> None:
        pull = standin.open_pull("Mend")
        issues = [standin.open_issue(f"Issue {index}") for index in range(11)]
        standin.fail("POST", "/graphql", 403, "Resource not accessible")
        body = "\n".join(f"fixes #{number}" for number in [pull, *issues])
        material = github.material(standin.repo, subject(pull, body), ["linked"])
        assert [issue.number for issue in material.linked] == issues[:9]
        assert material.unread == ("linked: only the first 10 issues that the description names are read",)

    def test_that_cannot_be_read_end_nothing(self, github: GitHub, standin: StandIn) -> None:
        standin.fail("POST", "/graphql", 403, "Resource not accessible")
        standin.fail("GET", "/issues/1$", 403, "Resource not accessible")
        material = github.material(standin.repo, subject(1, "fixes #1"), ["linked"])
        assert material.linked == ()
        assert material.unread == ("linked: GitHub did not give the titles of the issues that the pull request closes",)

    @pytest.mark.parametrize("hostile", ["<!--" * 500_000, "fixes " * 800_000, "fixes " + "a" * 5_000_000, "<!-" * 99])
    def test_of_a_hostile_description_take_no_time(self, github: GitHub, standin: StandIn, hostile: str) -> None:
        standin.fail("POST", "/graphql", 403, "Resource not accessible")
        assert github.material(standin.repo, subject(1, hostile), ["linked"]).linked == ()


class TestAttributes:
    def test_are_those_of_the_branch_that_the_change_goes_to(self, github: GitHub, standin: StandIn) -> None:
        standin.put_file(".gitattributes", "*.pb.go linguist-generated\n")
        number = standin.open_pull("Mend", files={".gitattributes": "* linguist-generated\n"})
        material = github.material(standin.repo, subject(number, base_ref="main"), ["files"])
        assert material.attributes == "*.pb.go linguist-generated\n"
        assert github.material(standin.repo, subject(number), ["files"]).attributes == material.attributes

    def test_may_be_missing(self, github: GitHub, standin: StandIn) -> None:
        material = github.material(standin.repo, subject(standin.open_pull("Mend"), base_ref="main"), ["path"])
        assert (material.attributes, material.unread) == ("", ())

    def test_that_cannot_be_read_are_told(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend")
        standin.fail("GET", "/contents/", 403, "Resource not accessible by integration")
        material = github.material(standin.repo, subject(number), ["files"])
        assert len(material.files) == 1
        assert material.unread == (
            ".gitattributes: GitHub does not give it, so that generated files are known by their names alone",
        )


class TestPatchesThatTheListLeavesOut:
    def test_come_from_one_diff_of_the_whole(self, github: GitHub, standin: StandIn) -> None:
        standin.put_file("old name.txt", "".join(f"{index}\n" for index in range(4_000)))
        number = standin.open_pull(
            "Long",
            files={"größe/a b.txt": "x\n" * 3_001, "wide.txt": "y" * 5_000_000, "logo.png": b"\0\1", "a.py": "1\n"},
        )
        standin.move_file(number, "old name.txt", "new.txt", "".join(f"{index // 2}\n" for index in range(4_000)))
        files = github.material(standin.repo, subject(number), ["patch"])
        patches = {file.path: file.patch for file in files.files}
        assert patches["größe/a b.txt"] == "@@ -0,0 +1,3001 @@\n" + "\n".join(["+x"] * 3_001)
        assert patches["wide.txt"] == "@@ -0,0 +1,1 @@\n+" + "y" * 5_000_000 + "\n\\ No newline at end of file"
        assert patches["a.py"] == "@@ -0,0 +1 @@\n+1"
        assert files.unread == ("patch of logo.png: GitHub gives none (binary, empty or too large)",)
        assert paths(standin) == [f"/pulls/{number}/files", "/contents/.gitattributes", f"/pulls/{number}"]

    def test_are_not_asked_for_beyond_githubs_limits(self, github: GitHub, standin: StandIn) -> None:
        long = "x\n" * 3_001
        many = standin.open_pull("Many", files={"0.txt": long} | {f"{index}.py": "1\n" for index in range(300)})
        much = standin.open_pull("Much", files={f"{index}.txt": long for index in range(7)}, branch="much")
        assert github.material(standin.repo, subject(many), ["patch"]).unread == (
            "patch of 0.txt: too large for GitHub's list, and of over 300 files it gives no diff",
        )
        assert github.material(standin.repo, subject(much), ["patch"]).unread == (
            "patch of 7 files (0.txt, 1.txt, 2.txt and 4 more): too large for GitHub's list, "
            "and of over 20,000 lines it gives no diff",
        )
        assert not {f"/pulls/{many}", f"/pulls/{much}"} & set(paths(standin))

    @pytest.mark.parametrize("status", [403, 406, 500])
    def test_that_are_refused_are_named(self, github: GitHub, standin: StandIn, status: int) -> None:
        number = standin.open_pull("Long", files={"long.txt": "x\n" * 3_001, "a.py": "1\n"})
        standin.fail("GET", f"/pulls/{number}$", status, "Sorry {0}", times=99)
        material = github.material(standin.repo, subject(number), ["patch"])
        assert [file.patch is None for file in material.files] == [False, True]
        assert material.unread == ("patch of long.txt: too large for GitHub's list, and GitHub refused the diff",)

    def test_come_with_files_that_are_removed_and_submodules(self, github: GitHub, standin: StandIn) -> None:
        standin.put_file("gone.txt", "x\n" * 3_001)
        number = standin.open_pull("Tidy", files={"gone.txt": None})
        standin.add_submodule(number, "lib/x", "a" * 40)
        files = {file.path: file for file in github.material(standin.repo, subject(number), ["patch"]).files}
        assert (files["gone.txt"].patch or "").startswith("@@ -1,3001 +0,0 @@\n-x\n")
        assert (files["lib/x"].sha, files["lib/x"].status) == ("a" * 40, "added")


class TestDiffs:
    def test_know_a_line_that_looks_like_a_heading(self) -> None:
        diff = (
            "diff --git a/q.sql b/q.sql\nindex 1..2 100644\n--- a/q.sql\n+++ b/q.sql\n@@ -1,2 +1,2 @@ here\n"
            "--- a/one\n+++ b/two\n same\n"
            "diff --git a/b/c b/b/c\nnew file mode 100644\n--- /dev/null\n+++ b/b/c\n@@ -0,0 +1 @@\n+c\r\n"
        )
        assert patches_of(diff) == {
            "q.sql": "@@ -1,2 +1,2 @@ here\n--- a/one\n+++ b/two\n same",
            "b/c": "@@ -0,0 +1,1 @@\n+c\r",
        }

    def test_know_names_that_git_quotes(self) -> None:
        heading = r'"a/gr\303\266\303\237e \"x\"\\.txt"'
        diff = f"diff --git {heading} {heading}\n--- {heading}\n+++ {heading}\n@@ -1 +1 @@\n-1\n+2\n"
        odd = diff.replace(heading, '"a/x", "y"')
        assert list(patches_of(diff)) == ['größe "x"\\.txt']
        assert len(patches_of(odd)) == 1

    def test_leave_out_what_is_no_diff(self) -> None:
        good = "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-1\n+2\n"
        short = "diff --git a/b b/b\n--- a/b\n+++ b/b\n@@ -1,9 +1,9 @@\n-1\n+2\n"
        assert patches_of(short + good) == {"a": "@@ -1,1 +1,1 @@\n-1\n+2"}
        for text in (
            "",
            "nonsense",
            "\0\ud800",
            "diff --git ",
            "diff --git a b\n--- \n+++ \n@@ -1 +1 @@\n",
            "--- a\n" * 9,
        ):
            assert patches_of(text) == {}
