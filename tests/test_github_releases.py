"""Releases: their text, and what was merged for them."""

import pytest

from hubpipe.errors import ForbiddenError, MissingError
from hubpipe.event import Material, MergedPull, Subject
from hubpipe.github import GitHub
from tests.standin.branches import Branch
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

NONE_BEFORE = "no final release of main was published before, so that everything merged into it until then is listed"


@pytest.fixture
def github(standin: StandIn) -> GitHub:
    return GitHub(standin.token, standin.url, pacing=0, patience=1)


class TestText:
    def test_alone_is_edited(self, github: GitHub, standin: StandIn) -> None:
        release = standin.release("v1", "By hand")
        body, url = github.release(standin.repo, release)
        assert (body, url.endswith("/releases/tag/v1")) == ("By hand", True)
        github.edit_release(standin.repo, release, "By hand\n\nAnd more")
        assert github.release(standin.repo, release) == ("By hand\n\nAnd more", url)
        assert standin.writes == [("PATCH", f"/releases/{release}")]

    def test_takes_a_permission_that_is_named(self, standin: StandIn) -> None:
        release = standin.release("v1")
        reader = GitHub(standin.read_only_token, standin.url, pacing=0, patience=1)
        with pytest.raises(ForbiddenError, match="contents: write"):
            reader.edit_release(standin.repo, release, "Mine")

    def test_may_be_empty_or_gone(self, github: GitHub, standin: StandIn) -> None:
        standin.answer("GET", "/releases/7$", {"id": 7, "body": None, "html_url": "u"})
        assert github.release(standin.repo, 7) == ("", "u")
        with pytest.raises(MissingError, match="read a release"):
            github.release(standin.repo, 7)


class TestMergedPulls:
    def test_are_those_between_two_releases_oldest_first(self, github: GitHub, standin: StandIn) -> None:
        before = standin.merged_pull("Before")
        standin.release("v1")
        first = standin.merged_pull("First", ["bug"], "Why")
        second = standin.merged_pull("Second")
        standin.edit_title(before, "Before, edited since")
        standin.close(standin.open_pull("Given up", branch="given-up"))
        standin.release("v2")
        later = standin.merged_pull("Later")
        merged = github.merged_pulls(standin.repo, "v2")
        pulls = merged.pulls
        assert [pull.number for pull in pulls] == [first, second]
        assert pulls[0] == MergedPull(first, "First", "Why", "octocat", ("bug",), pulls[0].url)
        assert (pulls[0].url.endswith(f"/pull/{first}"), merged.unread, merged.remarks) == (True, (), ())
        assert _numbers(github, standin, None) == [later]
        assert _numbers(github, standin, "v3") == [later]

    def test_before_any_release_are_all_and_told(self, github: GitHub, standin: StandIn) -> None:
        number = standin.merged_pull("First")
        standin.release("v1")
        later = standin.merged_pull("Later")
        assert _numbers(github, standin, "v1") == [number]
        merged = github.merged_pulls(standin.repo, "v1")
        assert (merged.unread, merged.remarks) == ((), (NONE_BEFORE,))
        standin.release("v2", draft=True)
        assert _numbers(github, standin, "v2") == [later]

    def test_of_a_final_release_go_back_beyond_its_prereleases(self, github: GitHub, standin: StandIn) -> None:
        standin.release("v1")
        early = standin.merged_pull("Early")
        standin.release("v2-rc1", prerelease=True)
        middle = standin.merged_pull("Middle")
        standin.release("v2-rc2", prerelease=True)
        late = standin.merged_pull("Late")
        assert _numbers(github, standin, None) == [early, middle, late]
        standin.release("v2")
        assert _numbers(github, standin, "v2") == [early, middle, late]
        assert _numbers(github, standin, "v2-rc2") == [middle]
        assert _numbers(github, standin, "v2-rc1") == [early]
        assert _numbers(github, standin, None) == []

    def test_of_a_prerelease_begin_at_a_final_one_too(self, github: GitHub, standin: StandIn) -> None:
        first = standin.merged_pull("First")
        standin.release("v1-rc1", prerelease=True)
        standin.release("v1")
        second = standin.merged_pull("Second")
        standin.release("v2-rc1", prerelease=True)
        assert _numbers(github, standin, "v2-rc1") == [second]
        assert _numbers(github, standin, "v1") == [first]
        assert github.merged_pulls(standin.repo, "v1").remarks == (NONE_BEFORE,)
        assert github.merged_pulls(standin.repo, "v1-rc1").remarks == (NONE_BEFORE.replace("final ", ""),)

    def test_of_a_maintenance_release_are_those_of_its_branch(self, github: GitHub, standin: StandIn) -> None:
        standin.release("v2.0")
        mended = standin.merged_pull("Mended in the old one", base="1.9")
        new = standin.merged_pull("New")
        standin.release("v1.9.1", target="1.9")
        newer = standin.merged_pull("Newer")
        again = standin.merged_pull("Mended again", base="1.9")
        standin.release("v1.9.2", target="refs/heads/1.9")
        standin.release("v2.1")
        assert _numbers(github, standin, "v1.9.1") == [mended]
        assert github.merged_pulls(standin.repo, "v1.9.1").remarks == (NONE_BEFORE.replace("main", "1.9"),)
        assert _numbers(github, standin, "v1.9.2") == [again]
        assert _numbers(github, standin, "v2.1") == [new, newer]

    def test_of_a_release_of_a_commit_are_those_of_the_default_branch(self, github: GitHub, standin: StandIn) -> None:
        standin.release("v1", target=Branch(standin.api, standin.repo, "main").tip())
        number = standin.merged_pull("First")
        standin.release("v2", target=Branch(standin.api, standin.repo, "main").tip())
        assert _numbers(github, standin, "v2") == [number]

    def test_of_a_release_without_a_target_are_those_of_the_default_branch(
        self, github: GitHub, standin: StandIn
    ) -> None:
        number = standin.merged_pull("First")
        release = {"tag_name": "v1", "target_commitish": None, "draft": False, "prerelease": False}
        draft = release | {"tag_name": "v2", "draft": True, "published_at": None}
        standin.answer("GET", "/releases$", [release | {"published_at": "2027-01-01T00:00:00Z"}, draft])
        assert _numbers(github, standin, "v1") == [number]

    def test_into_other_branches_do_not_count(self, github: GitHub, standin: StandIn) -> None:
        standin.merged_pull("Elsewhere", base="release-1")
        assert _numbers(github, standin, None) == []

    def test_stop_where_nothing_newer_can_follow(self, github: GitHub, standin: StandIn) -> None:
        standin.release("v1")
        newest = _listed(1, "2027-01-01T00:00:00Z")
        old = [_listed(number, "2020-01-01T00:00:00Z") for number in range(2, 101)]
        more = {"link": f'<{standin.url}/repos/{standin.repo}/pulls?page=2>; rel="next"'}
        standin.answer("GET", "/pulls$", [newest, *old], more)
        (pull,) = github.merged_pulls(standin.repo, None).pulls
        assert (pull.number, pull.author, pull.body) == (1, None, "")
        assert [one.path.rpartition("/")[2] for one in standin.conversation].count("pulls") == 1

    def test_beyond_a_thousand_are_told(self, github: GitHub, standin: StandIn) -> None:
        found = [_listed(number, "2027-01-01T00:00:00Z") for number in range(1_001)]
        standin.answer("GET", "/pulls$", found)
        merged = github.merged_pulls(standin.repo, None)
        assert len(merged.pulls) == 1_000
        assert merged.unread == ("pulls: only 1,000 merged pull requests are listed, those that changed last",)

    def test_are_not_looked_for_without_end(self, github: GitHub, standin: StandIn) -> None:
        closed = [_listed(number, "2027-01-01T00:00:00Z") | {"merged_at": None} for number in range(3_001)]
        standin.answer("GET", "/pulls$", closed)
        merged = github.merged_pulls(standin.repo, None)
        assert merged.pulls == ()
        assert merged.unread == ("pulls: only those of the 3,000 closed pull requests that changed last are listed",)

    def test_are_material_of_a_release(self, github: GitHub, standin: StandIn) -> None:
        number = standin.merged_pull("First")
        release = Subject("release", None, "v1", "", tag="v1", release_id=standin.release("v1"))
        material = github.material(standin.repo, release, ["title", "pulls"])
        assert ([pull.number for pull in material.pulls], material.unread) == ([number], ())
        assert material.remarks == (NONE_BEFORE,)
        assert github.material(standin.repo, release, ["title", "body"]) == Material()
        both = github.material(standin.repo, release, ["pulls", "patch"])
        assert (both.unread, both.remarks) == (("patch: not read for a release",), (NONE_BEFORE,))


def _numbers(github: GitHub, standin: StandIn, tag: str | None) -> list[int]:
    return [pull.number for pull in github.merged_pulls(standin.repo, tag).pulls]


def _listed(number: int, date: str) -> dict[str, object]:
    url = f"https://github.example/pull/{number}"
    return {
        "number": number,
        "title": f"Work {number}",
        "body": None,
        "user": None,
        "labels": [],
        "html_url": url,
        "merged_at": date,
        "updated_at": date,
    }
