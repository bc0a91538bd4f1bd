"""Turn GitHub's whole OpenAPI description into the part that hubpipe calls.

    npm install --prefix /tmp/openapi @octokit/openapi
    python scripts/trim_openapi.py /tmp/openapi/node_modules/@octokit/openapi/generated/api.github.com.json

The result, tests/standin/github-openapi.json, is what the tests hold hubpipe's requests against. Replies are left
out: they come from a stand-in, whose faults are not hubpipe's.
Source: https://github.com/octokit/openapi (MIT).
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TRIMMED = Path(__file__).parent.parent / "tests" / "standin" / "github-openapi.json"
REPO = "/repos/{owner}/{repo}"
CALLED = (
    "/user",
    REPO,
    f"{REPO}/contents/{{path}}",
    f"{REPO}/labels",
    f"{REPO}/labels/{{name}}",
    f"{REPO}/check-runs",
    f"{REPO}/check-runs/{{check_run_id}}",
    f"{REPO}/check-runs/{{check_run_id}}/annotations",
    f"{REPO}/collaborators/{{username}}/permission",
    f"{REPO}/commits/{{ref}}/check-runs",
    f"{REPO}/git/blobs/{{file_sha}}",
    f"{REPO}/issues/{{issue_number}}",
    f"{REPO}/issues/{{issue_number}}/comments",
    f"{REPO}/issues/{{issue_number}}/events",
    f"{REPO}/issues/{{issue_number}}/labels",
    f"{REPO}/issues/{{issue_number}}/labels/{{name}}",
    f"{REPO}/issues/comments",
    f"{REPO}/issues/comments/{{comment_id}}",
    f"{REPO}/issues/comments/{{comment_id}}/reactions",
    f"{REPO}/pulls",
    f"{REPO}/pulls/{{pull_number}}",
    f"{REPO}/pulls/{{pull_number}}/commits",
    f"{REPO}/pulls/{{pull_number}}/files",
    f"{REPO}/releases",
    f"{REPO}/releases/{{release_id}}",
)
# Prose and samples make up most of the description and check nothing.
UNCHECKED = {
    "description",
    "summary",
    "examples",
    "example",
    "externalDocs",
    "x-github",
    "x-octokit",
    "title",
    "operationId",
    "tags",
}
UNCHECKED_IN = {"properties", "paths", "parameters", "schemas", "responses", "headers"}


def main() -> None:
    """Read the file named on the command line and write the trimmed one."""
    whole = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    paths = {path: requests_only(lean(whole["paths"][path])) for path in CALLED}
    trimmed = {
        "openapi": whole["openapi"],
        "info": {
            "title": whole["info"]["title"],
            "version": whole["info"]["version"],
            "license": whole["info"]["license"],
        },
        "paths": paths,
        "components": lean(reachable(whole["components"], paths)),
    }
    TRIMMED.write_text(json.dumps(trimmed, separators=(",", ":"), ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(paths)} of {len(whole['paths'])} paths, {TRIMMED.stat().st_size:,} bytes: {TRIMMED}")


def requests_only(path: dict[str, Any]) -> dict[str, Any]:
    """Empty the replies of a path's operations: OpenAPI wants one, with a description."""
    return {method: operation | {"responses": {"default": {"description": ""}}} for method, operation in path.items()}


def reachable(components: dict[str, Any], start: object) -> dict[str, dict[str, Any]]:
    """Keep the components that `start` refers to, and those that they refer to."""
    kept: dict[str, dict[str, Any]] = {}
    open_ends = list(references(start))
    while open_ends:
        kind, name = open_ends.pop()
        if name not in kept.setdefault(kind, {}):
            kept[kind][name] = components[kind][name]
            open_ends += references(kept[kind][name])
    return {kind: members for kind, members in kept.items() if kind != "examples"}


def references(node: object) -> Iterator[tuple[str, str]]:
    """Find every `#/components/KIND/NAME` below a node."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            kind, name = node["$ref"].removeprefix("#/components/").split("/", 1)
            yield kind, name
        node = list(node.values())
    if isinstance(node, list):
        for member in node:
            yield from references(member)


def lean(node: Any, parent: str = "") -> Any:
    """Drop what checks nothing; a property that is called `title` stays."""
    if isinstance(node, list):
        return [lean(member) for member in node]
    if not isinstance(node, dict):
        return node
    named = parent in UNCHECKED_IN
    return {key: lean(value, "" if named else key) for key, value in node.items() if named or key not in UNCHECKED}


if __name__ == "__main__":
    main()
