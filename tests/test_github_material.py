"""What hubpipe reads of an issue or pull request beyond the payload."""

import pytest

from hubpipe.errors import GitHubError
from hubpipe.event import Material, Subject, SubjectKind
from hubpipe.github import GitHub
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e


@pytest.fixture
def github(standin: StandIn) -> GitHub:
    return GitHub(standin.token, standin.url, pacing=0, patience=1)


def subject(number: int | None, kind: SubjectKind = "pull_request", head_sha: str | None = None) -> Subject:
    return Subject(kind, number, "Title", "Body", head_sha=head_sha)


def paths(standin: StandIn) -> list[str]:
    return [one.path.removeprefix(f"/repos/{standin.repo}") for one in standin.conversation]


class TestComments:
    def test_come_from_every_page_oldest_first(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        for index in range(101):
            standin.comment_as("maintainer", number, f"Note {index}")
        comments = github.material(standin.repo, subject(number, "issue"), ["title", "comments"]).comments
        assert [comment.body for comment in comments] == [f"Note {index}" for index in range(101)]
        assert {comment.author for comment in comments} == {"maintainer"}

    @pytest.mark.threat("attack", "input")
    def test_that_are_too_much_are_left_out_from_the_oldest_on_and_still_counted(
        self, github: GitHub, standin: StandIn
    ) -> None:
        one = {"user": {"login": "who"}, "html_url": "u", "author_association": "NONE"}
        standin.answer("GET", "/comments$", [{"id": number, "body": "x" * 65_536, **one} for number in range(40)])
        material = github.material(standin.repo, subject(1, "issue"), ["comments"])
        assert [bool(comment.body) for comment in material.comments] == [False] * 10 + [True] * 30
        assert material.unread == ("comments: the 10 oldest of 40; 2,000,000 characters of newer ones are enough",)

    def test_of_deleted_users_and_without_text_are_normal(self, github: GitHub, standin: StandIn) -> None:
        ghost = {"id": 1, "user": None, "body": None, "html_url": "u", "author_association": "NONE"}
        standin.answer("GET", "/comments$", [ghost])
        (comment,) = github.material(standin.repo, subject(1, "issue"), ["comments"]).comments
        assert (comment.author, comment.body, comment.association) == (None, "", "NONE")


class TestOnlyWhatIsAskedForIsRead:
    def test_the_payload_holds_title_and_body(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend the crash")
        assert github.material(standin.repo, subject(number), ["title", "body"]) == Material()
        assert standin.conversation == []

    def test_an_issue_has_no_files(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_issue("Crash")
        inputs = ["commits", "files", "patch", "contents"]
        assert github.material(standin.repo, subject(number, "issue"), inputs) == Material()
        assert standin.conversation == []

    def test_files_and_patches_are_one_request_and_what_git_says_of_them_another(
        self, github: GitHub, standin: StandIn
    ) -> None:
        number = standin.open_pull("Mend the crash")
        github.material(standin.repo, subject(number), ["files", "path", "patch", "title"])
        assert paths(standin) == [f"/pulls/{number}/files", "/contents/.gitattributes"]

    def test_the_head_that_an_event_names_is_not_asked_for(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend the crash", files={"a.py": "1\n"})
        head = standin.push_to_pull(number, {"a.py": "2\n"})
        (file,) = github.material(standin.repo, subject(number, head_sha=head), ["contents"]).files
        assert file.contents == "2\n"
        assert paths(standin) == [f"/pulls/{number}/files", "/contents/.gitattributes", "/contents/a.py"]


class TestCommits:
    def test_come_oldest_first_with_their_whole_message(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("First")
        sha = standin.push_to_pull(number, {"b.py": "2\n"}, "Second\n\nWith a reason.")
        commits = github.material(standin.repo, subject(number), ["commits"]).commits
        assert [commit.message for commit in commits] == ["First", "Second\n\nWith a reason."]
        assert commits[-1].sha == sha

    def test_beyond_githubs_limit_are_said_to_be_missing(self, github: GitHub, standin: StandIn) -> None:
        commits = [{"sha": f"{index:040}", "commit": {"message": "Work"}} for index in range(250)]
        standin.answer("GET", "/commits$", commits)
        material = github.material(standin.repo, subject(1), ["commits"])
        assert material.unread == ("commits: GitHub lists the first 250 only",)


class TestFiles:
    def test_say_what_happened_to_each(self, github: GitHub, standin: StandIn) -> None:
        standin.put_file("old.py", "print('same')\n" * 5)
        standin.put_file("gone.py", "print('gone')\n")
        number = standin.open_pull(
            "Tidy up", files={"new.py": "print('same')\n" * 5, "old.py": None, "gone.py": None, "README.md": "# New\n"}
        )
        files = github.material(standin.repo, subject(number), ["files", "contents"]).files
        by_path = {file.path: file for file in files}
        assert {path: file.status for path, file in by_path.items()} == {
            "README.md": "modified",
            "gone.py": "removed",
            "new.py": "renamed",
        }
        assert by_path["new.py"].previous_path == "old.py"
        assert by_path["new.py"].contents == "print('same')\n" * 5
        assert by_path["gone.py"].contents is None
        assert "-print('gone')" in (by_path["gone.py"].patch or "")
        assert (by_path["README.md"].additions, by_path["README.md"].contents) == (1, "# New\n")

    def test_come_from_every_page(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Many", files={f"src/{index:03}.py": f"{index}\n" for index in range(101)})
        material = github.material(standin.repo, subject(number), ["files"])
        assert [file.path for file in material.files] == [f"src/{index:03}.py" for index in range(101)]
        assert material.unread == ()

    def test_beyond_githubs_limit_are_said_to_be_missing(self, github: GitHub, standin: StandIn) -> None:
        listed = [
            {"filename": f"{index}.py", "status": "added", "additions": 1, "deletions": 0, "patch": "@@"}
            for index in range(3_000)
        ]
        standin.answer("GET", "/files$", listed)
        material = github.material(standin.repo, subject(1), ["files"])
        assert len(material.files) == 3_000
        assert material.unread == ("files: GitHub lists the first 3,000 only",)

    def test_of_a_fork_are_read_through_the_base_repository(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("From afar", files={"far.py": "print('far')\n"}, from_fork=True)
        material = github.material(standin.repo, subject(number), ["patch", "contents"])
        (file,) = material.files
        assert (file.path, file.patch) == ("far.py", "@@ -0,0 +1 @@\n+print('far')")
        assert file.contents == "print('far')\n"
        assert {one.path.split("/")[2] for one in standin.conversation} == {"octo-org"}


class TestWhatCannotBeRead:
    def test_a_binary_file_costs_no_request_and_is_named(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Logo", files={"logo.png": b"\x89PNG\r\n\0\0\1", "a.py": "1\n"})
        material = github.material(standin.repo, subject(number), ["patch", "contents"])
        assert {file.path: file.contents for file in material.files} == {"a.py": "1\n", "logo.png": None}
        assert material.unread == (
            "patch of logo.png: GitHub gives none (binary, empty or too large)",
            "contents of logo.png: not text, empty, or over 1 MB",
        )
        assert "/contents/logo.png" not in paths(standin)

    def test_a_file_over_a_megabyte_is_named(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Data", files={"data.csv": "1,2\n" * 300_000})
        material = github.material(standin.repo, subject(number), ["contents"])
        assert material.files[0].contents is None
        assert material.unread == ("contents of data.csv: not text, empty, or over 1 MB",)

    def test_a_file_in_another_encoding_is_named(self, github: GitHub, standin: StandIn) -> None:
        standin.answer("GET", "/files$", [_listed("latin.txt")])
        number = standin.open_pull("Latin", files={"latin.txt": "Größe\n".encode("latin-1")})
        assert github.material(standin.repo, subject(number), ["contents"]).unread == (
            "contents of latin.txt: not text, empty, or over 1 MB",
        )

    def test_a_file_that_went_since_is_named(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Quick", files={"a.py": "1\n"})
        standin.answer("GET", "/files$", [_listed("went.py"), _listed("a.py")])
        material = github.material(standin.repo, subject(number), ["contents"])
        assert [file.contents for file in material.files] == [None, "1\n"]
        assert material.unread == ("contents of went.py: not found at the pull request's last commit",)

    def test_many_files_make_one_note(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Pictures", files={f"{index}.png": b"\x89PNG\0" for index in range(5)})
        assert github.material(standin.repo, subject(number), ["patch"]).unread == (
            "patch of 5 files (0.png, 1.png, 2.png and 2 more): GitHub gives none (binary, empty or too large)",
        )

    def test_files_beyond_two_million_characters_are_named_and_not_asked_for(
        self, github: GitHub, standin: StandIn
    ) -> None:
        number = standin.open_pull("Large", files={f"{index}.txt": f"{index} " * 450_000 for index in range(4)})
        material = github.material(standin.repo, subject(number), ["contents"])
        assert material.unread == ("contents of 3.txt: 2,000,000 characters of other files are enough",)
        assert not any("3.txt" in one.path for one in standin.conversation)

    def test_files_after_the_hundredth_are_named(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Many", files={f"{index:03}.py": f"{index}\n" for index in range(102)})
        material = github.material(standin.repo, subject(number), ["contents"])
        assert [file.contents for file in material.files] == [*(f"{index}\n" for index in range(100)), None, None]
        assert material.unread == ("contents of 2 files (100.py, 101.py): only the first 100 files are read",)

    def test_a_names_oddness_does_not_matter(self, github: GitHub, standin: StandIn) -> None:
        name = "docs/a b/what? #1 100%.md"
        number = standin.open_pull("Odd", files={name: "Odd\n"})
        (file,) = github.material(standin.repo, subject(number), ["contents"]).files
        assert (file.path, file.contents) == (name, "Odd\n")

    @pytest.mark.parametrize(
        ("kind", "inputs", "unread"),
        [
            ("push", ["title", "commits"], ()),
            ("push", ["patch", "files"], ("files, patch: not read for a push",)),
            ("discussion", ["comments", "patch"], ("comments: not read for a discussion",)),
        ],
    )
    def test_other_subjects_say_what_is_not_read(
        self, github: GitHub, standin: StandIn, kind: SubjectKind, inputs: list[str], unread: tuple[str, ...]
    ) -> None:
        number = None if kind == "push" else 1
        assert github.material(standin.repo, subject(number, kind), inputs) == Material(unread=unread)

    def test_a_failure_of_github_is_no_gap_but_an_error(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Mend the crash")
        standin.fail("GET", "/contents/", 500, times=99)
        with pytest.raises(GitHubError, match="failed to read"):
            github.material(standin.repo, subject(number), ["contents"])


def _listed(path: str) -> dict[str, object]:
    return {"filename": path, "status": "added", "additions": 1, "deletions": 0, "patch": "@@ -0,0 +1 @@\n+1"}
