"""Turn emulate's pull requests into GitHub's: true files, diffs, limits, forks that are gone, dates in order."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.standin.comparison import SUBMODULE, Comparison, compare
from tests.standin.wire import Reply, Request, paged, reply_json

if TYPE_CHECKING:
    from tests.standin.gateway import Gateway

LISTED_FILES = 3_000
LISTED_COMMITS = 250
DIFF_FILES = 300
DIFF_LINES = 20_000

TOO_LARGE = "Sorry, the diff exceeded the maximum number of {what} ({limit})."
# What the list of pull requests leaves out.
OF_ONE_ALONE = ("merged", "merged_by", "commits", "additions", "deletions", "changed_files", "mergeable")


def pull(gateway: "Gateway", request: Request, where: dict[str, str]) -> Reply | None:
    """One pull request, or its diff."""
    found = changes(gateway, request, where)
    if found is None:
        return None
    data, comparison, commits = found
    if "diff" in request.headers.get("accept", ""):
        return _diff(comparison)
    counts = {key: sum(file[key] for file in comparison.files) for key in ("additions", "deletions")}
    return reply_json(200, data | counts | {"changed_files": len(comparison.files), "commits": len(commits)})


def files(gateway: "Gateway", request: Request, where: dict[str, str]) -> Reply | None:
    """The changed files."""
    found = changes(gateway, request, where)
    return found and paged(request, found[1].listed()[:LISTED_FILES])


def commits(gateway: "Gateway", request: Request, where: dict[str, str]) -> Reply | None:
    """The commits, oldest first."""
    found = changes(gateway, request, where)
    return found and paged(request, found[2][:LISTED_COMMITS])


def listed(gateway: "Gateway", request: Request, where: dict[str, str]) -> Reply | None:
    """The list of pull requests, in the order of dates that differ."""
    found: list[dict[str, Any]] = []
    while len(found) % 100 == 0:
        query = {**request.query, "per_page": "100", "page": str(len(found) // 100 + 1)}
        reply = gateway.pass_on(replace(request, query=query))
        if reply.status != 200:
            return reply
        if not reply.json():
            break
        found += reply.json()
    seen = [_as_now(gateway, where["repo"], one) for one in found]
    if request.query.get("sort") == "updated":
        seen.sort(key=lambda one: one["updated_at"], reverse=request.query.get("direction") != "asc")
    return paged(request, [{key: one[key] for key in one if key not in OF_ONE_ALONE} for one in seen])


def edit(gateway: "Gateway", request: Request, where: dict[str, str]) -> Reply:
    """Change a pull request: that is one more update."""
    reply = gateway.pass_on(request)
    if reply.status != 200:
        return reply
    gateway.dates.setdefault(f"{where['repo']}#{where['number']}", {})["updated_at"] = gateway.tick()
    return pull(gateway, replace(request, method="GET", body=b""), where) or reply


def merge(gateway: "Gateway", request: Request, where: dict[str, str]) -> Reply:
    """Merge, and note when."""
    reply = gateway.pass_on(request)
    if reply.status == 200:
        now = gateway.tick()
        gateway.dates[f"{where['repo']}#{where['number']}"] = dict.fromkeys(
            ("merged_at", "closed_at", "updated_at"), now
        )
    return reply


def as_issue(gateway: "Gateway", request: Request, where: dict[str, str]) -> Reply | None:
    """Every pull request of GitHub's is an issue too."""
    data = gateway.get(request, f"/repos/{where['repo']}/pulls/{where['number']}")
    if data is None:
        return None
    shared = {key: data[key] for key in ("number", "title", "body", "state", "user", "labels", "html_url", "draft")}
    shared["repository_url"] = str(data["url"]).partition("/pulls/")[0]
    return reply_json(200, shared | {"pull_request": {key: data[key] for key in ("url", "html_url", "diff_url")}})


def note_contents(gateway: "Gateway", request: Request, _: dict[str, str]) -> None:
    """Keep what is written into a tree: asking for 3,000 files one by one takes long."""
    for entry in (request.json() or {}).get("tree", []):
        if isinstance(entry.get("content"), str):
            gateway.keep_blob(entry["content"].encode())


def changes(
    gateway: "Gateway", request: Request, where: dict[str, str]
) -> tuple[dict[str, Any], Comparison, list[dict[str, Any]]] | None:
    """The pull request, what differs between its base and the present tip of its branch, and its commits.

    emulate leaves a pull request's head where it was opened, and its forks share no commit with their origin:
    there the fork's own copy of the base branch is what the head is compared with.
    """
    data = gateway.get(request, f"/repos/{where['repo']}/pulls/{where['number']}")
    if data is None:
        return None
    head, home = data["head"], data["head"]["repo"]["full_name"]
    tip = gateway.get(request, f"/repos/{home}/branches/{head['ref']}")
    if tip is not None:
        head["sha"] = tip["commit"]["sha"]
    gateway.fork_heads[head["sha"]] = home
    base = data["base"]["sha" if data["merged_at"] and home == where["repo"] else "ref"]
    comparison, commits = _compared(gateway, request, home, base, head["sha"])
    return _as_now(gateway, where["repo"], _with_base(gateway, request, data)), comparison, commits


def _with_base(gateway: "Gateway", request: Request, data: dict[str, Any]) -> dict[str, Any]:
    base = data["base"]
    tip = gateway.get(request, f"/repos/{base['repo']['full_name']}/branches/{base['ref']}")
    if tip is not None and data["state"] == "open":
        base["sha"] = tip["commit"]["sha"]
    return data


def _as_now(gateway: "Gateway", repo: str, data: dict[str, Any]) -> dict[str, Any]:
    """A fork that is gone is null, and dates are those of the stand-in's own clock."""
    if data["head"]["repo"] and data["head"]["repo"]["full_name"] in gateway.deleted_forks:
        data["head"] |= {"repo": None, "user": None}
    return data | gateway.dates.get(f"{repo}#{data['number']}", {})


def _compared(
    gateway: "Gateway", request: Request, repo: str, base: str, head: str
) -> tuple[Comparison, list[dict[str, Any]]]:
    found = gateway.get(request, f"/repos/{repo}/compare/{base}...{head}")
    before, commits = found["merge_base_commit"]["commit"]["tree"]["sha"], found["commits"]
    after = commits[-1]["commit"]["tree"]["sha"] if commits else before
    if (before, after) not in gateway.comparisons:
        trees = [_tree(gateway, request, repo, sha) for sha in (before, after)]
        gateway.comparisons[before, after] = compare(trees[0], trees[1], lambda sha: gateway.blob(request, repo, sha))
    return gateway.comparisons[before, after], commits


def _tree(gateway: "Gateway", request: Request, repo: str, sha: str) -> dict[str, tuple[str, str]]:
    entries = gateway.get(request, f"/repos/{repo}/git/trees/{sha}", recursive="1")["tree"]
    return {
        one["path"]: (one["mode"], one["sha"]) for one in entries if one["type"] == "blob" or one["mode"] == SUBMODULE
    }


def _diff(comparison: Comparison) -> Reply:
    for what, count, limit in (
        ("files", len(comparison.files), DIFF_FILES),
        ("lines", comparison.lines, DIFF_LINES),
    ):
        if count > limit:
            fault = {"resource": "PullRequest", "field": "diff", "code": "too_large"}
            message = TOO_LARGE.format(what=what, limit=limit)
            return reply_json(406, {"message": message, "errors": [fault], "status": "406"})
    return Reply(200, comparison.diff, {"content-type": "application/vnd.github.diff; charset=utf-8"})
