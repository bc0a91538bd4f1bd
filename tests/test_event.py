"""The event parser on GitHub's own example payloads, and on what GitHub never sends."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import reduce
from pathlib import Path
from typing import Any, TypeAlias, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubpipe.errors import EventError
from hubpipe.event import SUBJECTS, Commit, Declined, Event, Subject, parse

Payload: TypeAlias = dict[str, Any]
Examples: TypeAlias = tuple[tuple[str, Payload], ...]

EXAMPLES = Path(__file__).parents[1] / "examples"
REPO = "octo-org/octo-repo"
# How many payloads of each kind octokit publishes; it has none of `schedule` and `pull_request_target`.
COUNTS = {
    "issues": 29,
    "pull_request": 29,
    "issue_comment": 9,
    "pull_request_review_comment": 5,
    "discussion": 15,
    "discussion_comment": 4,
    "push": 7,
    "release": 13,
    "workflow_dispatch": 2,
    "workflow_run": 5,
}
# The key of the payload that holds the subject.
HOLDERS = {
    "issues": "issue",
    "issue_comment": "issue",
    "pull_request": "pull_request",
    "pull_request_target": "pull_request",
    "pull_request_review_comment": "pull_request",
    "discussion": "discussion",
    "discussion_comment": "discussion",
}
# The key of the payload that holds any subject that there must be, and what tells one such from another.
NEEDED = {**{kind: (holder, "number") for kind, holder in HOLDERS.items()}, "release": ("release", "id")}
USER = {"login": "mona", "type": "User"}
MINIMAL: dict[str, Payload] = {
    **{kind: {holder: {key: 7}} for kind, (holder, key) in NEEDED.items()},
    **{kind: {} for kind in SUBJECTS if kind not in NEEDED},
}


def event(kind: str, payload: object, repo: str | None = REPO) -> Event:
    parsed = parse(kind, payload, repo)
    assert isinstance(parsed, Event)
    return parsed


def subject(kind: str, payload: object) -> Subject:
    found = event(kind, payload).subject
    assert found is not None
    return found


def paths(value: object, prefix: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every path to a value inside a payload."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*prefix, key)
        yield from paths(inner, (*prefix, key))


def with_value(payload: Payload, path: Sequence[str | int], value: object) -> Payload:
    changed: Payload = deepcopy(payload)
    holder_of(changed, path)[path[-1]] = value
    return changed


def without(payload: Payload, path: Sequence[str | int]) -> Payload:
    changed: Payload = deepcopy(payload)
    del holder_of(changed, path)[path[-1]]
    return changed


def holder_of(payload: Payload, path: Sequence[str | int]) -> Any:
    return reduce(lambda holder, key: holder[key], path[:-1], cast(Any, payload))


def test_every_example_is_an_event_or_declined_by_its_name(examples: Examples) -> None:
    parsed = [(kind, parse(kind, payload, REPO)) for kind, payload in examples]
    assert len(parsed) == 329
    events = Counter(kind for kind, result in parsed if isinstance(result, Event))
    assert events == COUNTS
    declined = [(kind, result) for kind, result in parsed if kind not in COUNTS]
    assert all(result == Declined(kind) for kind, result in declined)
    assert len({kind for kind, _ in declined}) == 48


@pytest.mark.parametrize("kind", sorted(HOLDERS))
def test_a_subject_is_what_the_payload_says(kind: str, examples: Examples) -> None:
    published = "pull_request" if kind == "pull_request_target" else kind
    payloads = [payload for name, payload in examples if name == published]
    assert len(payloads) == COUNTS[published]
    for payload in payloads:
        holder = payload[HOLDERS[kind]]
        parsed = event(kind, payload, repo=None)
        found = parsed.subject
        assert found is not None
        assert (found.number, found.title, found.body) == (holder["number"], holder["title"], holder["body"] or "")
        assert found.labels == tuple(label["name"] for label in holder.get("labels") or ())
        assert found.author == holder["user"]["login"]
        assert found.url == holder["html_url"]
        assert (parsed.repo, parsed.action) == (payload["repository"]["full_name"], payload["action"])
        assert parsed.name == f"{kind}.{payload['action']}"
        assert parsed.actor == payload["sender"]["login"]


@pytest.mark.parametrize("kind", ["issue_comment", "pull_request_review_comment", "discussion_comment"])
def test_a_comment_event_brings_its_comment(kind: str, examples: Examples) -> None:
    for payload in (payload for name, payload in examples if name == kind):
        comment = event(kind, payload).comment
        assert comment is not None
        raw = payload["comment"]
        assert (comment.id, comment.author, comment.body) == (raw["id"], raw["user"]["login"], raw["body"])
        assert comment.association == raw["author_association"]


def test_a_pull_request_knows_its_head_and_size(examples: Examples) -> None:
    for raw, found in ((p["pull_request"], subject(k, p)) for k, p in examples if k == "pull_request"):
        assert found.kind == "pull_request"
        assert found.head_sha == raw["head"]["sha"]
        assert (found.changed_files, found.additions) == (raw.get("changed_files"), raw.get("additions"))
        assert found.base_ref == raw["base"]["ref"]
        assert (found.head_ref, found.draft) == (raw["head"]["ref"], raw.get("draft", False))
        assert found.open is (raw["state"] == "open")


def test_a_release_brings_its_text_and_its_tag(examples: Examples) -> None:
    releases = [payload for name, payload in examples if name == "release"]
    assert len(releases) == COUNTS["release"]
    for raw, found in ((payload["release"], subject("release", payload)) for payload in releases):
        assert (found.kind, found.number, found.title) == ("release", None, raw["name"] or raw["tag_name"])
        assert (found.tag, found.release_id, found.body) == (raw["tag_name"], raw["id"], raw["body"] or "")
        assert (found.author, found.url) == (raw["author"]["login"], raw["html_url"])


@pytest.mark.parametrize(
    ("head", "from_fork"),
    [({"full_name": REPO}, False), ({"full_name": "mona/octo-repo"}, True), (None, True)],
    ids=["same repository", "fork", "deleted fork"],
)
def test_a_pull_request_from_elsewhere_is_from_a_fork(head: Payload | None, from_fork: bool) -> None:
    pull = {"number": 7, "head": {"sha": "a" * 40, "repo": head}, "base": {"repo": {"full_name": REPO}}}
    assert subject("pull_request", {"pull_request": pull}).from_fork is from_fork


@pytest.mark.parametrize(("link", "kind"), [({"url": "https://api.example/pulls/7"}, "pull_request"), (None, "issue")])
def test_a_comment_on_a_pull_request_has_the_pull_request_as_subject(link: Payload | None, kind: str) -> None:
    assert subject("issue_comment", {"issue": {"number": 7, "pull_request": link}}).kind == kind


def test_a_push_reads_its_commits_and_its_head() -> None:
    commits = [{"id": "b" * 40, "message": "Add a\n\nBecause."}, {"id": "c" * 40, "message": "Add b\n\nSo that."}]
    pushed = subject("push", {"after": "c" * 40, "commits": commits, "head_commit": commits[-1]})
    assert (pushed.number, pushed.title, pushed.body, pushed.head_sha) == (None, "Add b", "So that.", "c" * 40)
    assert pushed.commits == (Commit("b" * 40, "Add a\n\nBecause."), Commit("c" * 40, "Add b\n\nSo that."))


def test_the_push_that_deletes_a_branch_has_no_head() -> None:
    deletion = {"after": "0" * 40, "deleted": True, "head_commit": None, "commits": []}
    assert subject("push", deletion).head_sha is None


@pytest.mark.parametrize("kind", ["workflow_dispatch", "schedule", "workflow_run"])
def test_an_event_about_no_one_thing_has_no_subject(kind: str) -> None:
    assert event(kind, {"repository": {"full_name": REPO}}, repo=None).subject is None


def test_the_given_repository_goes_before_the_payload() -> None:
    payload = {"repository": {"full_name": "someone/else"}}
    assert (event("schedule", payload).repo, event("schedule", payload, None).repo) == (REPO, "someone/else")


@pytest.mark.parametrize("name", ["", "octo-repo", "a/b/c", "/b", "a/", "a/..", "a b/c", "a/b?c", "a/b\n", "a/\ud800"])
def test_a_name_that_is_no_repository_is_refused(name: str) -> None:
    with pytest.raises(EventError, match="--repo OWNER/NAME"):
        parse("schedule", {"repository": {"full_name": name}})


def test_deleted_users_and_null_bodies_are_normal() -> None:
    issue = {"number": 7, "title": "Crash", "body": None, "user": None, "labels": None}
    parsed = event("issue_comment", {"issue": issue, "comment": {"id": 3, "body": None, "user": None}, "sender": None})
    assert (parsed.actor, parsed.subject) == (None, Subject("issue", 7, "Crash", ""))
    assert parsed.comment is not None
    assert (parsed.comment.author, parsed.comment.body) == (None, "")


@pytest.mark.parametrize("kind", sorted(SUBJECTS))
def test_any_key_but_the_subjects_number_may_be_missing_or_of_another_type(kind: str, examples: Examples) -> None:
    payload = next((payload for name, payload in examples if name == kind), MINIMAL[kind])
    holder, key = NEEDED.get(kind, ("", ""))
    needed: set[tuple[str | int, ...]] = {(holder,), (holder, key)}
    shallow = [path for path in paths(payload) if len(path) <= 3 and path not in needed]
    for path in shallow:
        others: list[object] = [None, "text", 1, [], {}]
        changed = [without(payload, path), *(with_value(payload, path, other) for other in others)]
        assert {event(kind, one).kind for one in changed} == {kind}


@pytest.mark.parametrize("kind", sorted(SUBJECTS))
def test_the_least_payload_of_a_kind_is_an_event(kind: str) -> None:
    assert event(kind, MINIMAL[kind]).kind == kind


@pytest.mark.parametrize("kind", sorted(NEEDED))
def test_a_payload_without_its_subject_is_refused_and_says_where_to_look(kind: str) -> None:
    holder, key = NEEDED[kind]
    with pytest.raises(EventError, match=f"no {holder}: is --event"):
        parse(kind, {}, REPO)
    for number in (None, "7", True, 7.5):
        with pytest.raises(EventError, match=f"has no {key}"):
            parse(kind, {holder: {key: number}}, REPO)


@pytest.mark.parametrize("payload", [None, [], [{}], "text", 7, True])
@pytest.mark.parametrize("kind", sorted(SUBJECTS))
def test_what_is_no_object_is_refused(kind: str, payload: object) -> None:
    with pytest.raises(EventError, match="not a JSON object"):
        parse(kind, payload, REPO)


def test_a_lone_surrogate_is_text_like_any_other() -> None:
    payload = json.loads('{"issue": {"number": 7, "title": "half \\ud83d", "labels": [{"name": "\\udc00"}]}}')
    assert subject("issues", payload).labels == ("\udc00",)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)
KEYS = ["action", "issue", "pull_request", "discussion", "comment", "sender", "repository", "inputs", "number", "user"]
KEYS += [
    "labels",
    "head",
    "base",
    "repo",
    "commits",
    "head_commit",
    "after",
    "full_name",
    "login",
    "title",
    "body",
    "id",
    "release",
    "tag_name",
]
PAYLOADS: st.SearchStrategy[Any] = st.recursive(
    JSON, lambda inner: st.dictionaries(st.sampled_from(KEYS), inner) | st.lists(inner, max_size=3)
)


@given(st.sampled_from(sorted(SUBJECTS)), PAYLOADS)
def test_no_payload_raises_anything_but_an_event_error(kind: str, payload: object) -> None:
    try:
        parsed = parse(kind, payload, REPO)
    except EventError as error:
        assert kind in NEEDED or not isinstance(payload, dict), error
    else:
        assert isinstance(parsed, Event)
        assert parsed.subject is None or isinstance(parsed.subject.title, str)


@pytest.mark.parametrize(("name", "kind"), [("issue-opened", "issues"), ("pull-request-opened", "pull_request")])
def test_the_published_examples_have_every_key_of_githubs_own(name: str, kind: str, examples: Examples) -> None:
    ours = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    same = [set(paths(p)) for k, p in examples if k == kind and p["action"] == "opened" and set(p) == set(ours)]
    labels = (HOLDERS[kind], "labels")
    assert any({path for path in theirs if path[:2] != labels or path == labels} == set(paths(ours)) for theirs in same)
    assert event(kind, ours, None).subject
