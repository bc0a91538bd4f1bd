"""Releases: their text, and what was merged for them."""

import pytest

from hubpipe.errors import ForbiddenError, MissingError
from hubpipe.event import Material, MergedPull, Subject
from hubpipe.github import GitHub
from tests.standin.standin import StandIn

pytestmark = pytest.mark.e2e

NONE_BEFORE = "pulls: no release was published before, so that everything merged until then is listed"


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
        pulls, unread = github.merged_pulls(standin.repo, "v2")
        assert [pull.number for pull in pulls] == [first, second]
        assert pulls[0] == MergedPull(first, "First", "Why", "octocat", ("bug",), pulls[0].url)
        assert (pulls[0].url.endswith(f"/pull/{first}"), unread) == (True, ())
        assert [pull.number for pull in github.merged_pulls(standin.repo, None)[0]] == [later]
        assert [pull.number for pull in github.merged_pulls(standin.repo, "v3")[0]] == [later]

    def test_before_any_release_are_all_and_told(self, github: GitHub, standin: StandIn) -> None:
        number = standin.merged_pull("First")
        standin.release("v1")
        later = standin.merged_pull("Later")
        pulls, unread = github.merged_pulls(standin.repo, "v1")
        assert ([pull.number for pull in pulls], unread) == ([number], (NONE_BEFORE,))
        standin.release("v2", draft=True)
        assert [pull.number for pull in github.merged_pulls(standin.repo, "v2")[0]] == [later]

    def test_into_other_branches_do_not_count(self, github: GitHub, standin: StandIn) -> None:
        number = standin.open_pull("Elsewhere", files={"a.py": "1\n"}, branch="one")
        standin.change_base(number, "release-1")
        standin.merge(number)
        assert github.merged_pulls(standin.repo, None)[0] == ()

    def test_stop_where_nothing_newer_can_follow(self, github: GitHub, standin: StandIn) -> None:
        standin.release("v1")
        newest = _listed(1, "2027-01-01T00:00:00Z")
        old = [_listed(number, "2020-01-01T00:00:00Z") for number in range(2, 101)]
        more = {"link": f'<{standin.url}/repos/{standin.repo}/pulls?page=2>; rel="next"'}
        standin.answer("GET", "/pulls$", [newest, *old], more)
        pulls, unread = github.merged_pulls(standin.repo, None)
        assert ([pull.number for pull in pulls], pulls[0].author, pulls[0].body, unread) == ([1], None, "", ())
        assert [one.path.rpartition("/")[2] for one in standin.conversation].count("pulls") == 1

    def test_beyond_a_thousand_are_told(self, github: GitHub, standin: StandIn) -> None:
        found = [_listed(number, "2027-01-01T00:00:00Z") for number in range(1_001)]
        standin.answer("GET", "/pulls$", found)
        pulls, unread = github.merged_pulls(standin.repo, None)
        assert len(pulls) == 1_000
        assert unread == (
            NONE_BEFORE,
            "pulls: only 1,000 merged pull requests are listed, those that changed last",
        )

    def test_are_not_looked_for_without_end(self, github: GitHub, standin: StandIn) -> None:
        closed = [_listed(number, "2027-01-01T00:00:00Z") | {"merged_at": None} for number in range(3_001)]
        standin.answer("GET", "/pulls$", closed)
        pulls, unread = github.merged_pulls(standin.repo, None)
        assert (pulls, unread[1:]) == (
            (),
            ("pulls: only those of the 3,000 closed pull requests that changed last are listed",),
        )

    def test_are_material_of_a_release(self, github: GitHub, standin: StandIn) -> None:
        number = standin.merged_pull("First")
        release = Subject("release", None, "v1", "", tag="v1", release_id=standin.release("v1"))
        material = github.material(standin.repo, release, ["title", "pulls"])
        assert ([pull.number for pull in material.pulls], material.unread) == ([number], (NONE_BEFORE,))
        assert github.material(standin.repo, release, ["title", "body"]) == Material()
        both = github.material(standin.repo, release, ["pulls", "patch"])
        assert both.unread == ("patch: not read for a release", NONE_BEFORE)


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
