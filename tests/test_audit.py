"""Known vulnerabilities in the locks fail the audit, and what was not audited is told."""

from typing import Any

import pytest

from scripts import audit, locks
from tests.standin.wire import Answer, HttpServer, Reply, Request, reply_json

ADVISORY: dict[str, Any] = {
    "id": "GHSA-0000-0000-0000",
    "affected": [
        {
            "package": {"name": "click", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}],
        }
    ],
}


def database(*advisories: dict[str, Any]) -> Answer:
    """An OSV database that holds these advisories: https://google.github.io/osv.dev/post-v1-query/."""

    def answer(request: Request) -> Reply:
        name = request.json()["package"]["name"]
        found = [one for one in advisories if any(part["package"]["name"] == name for part in one["affected"])]
        return reply_json(200, {"vulns": found} if found else {})

    return answer


@pytest.mark.threat("attack", "supply-chain")
def test_a_lock_with_a_known_vulnerability_fails_the_audit(capsys: pytest.CaptureFixture[str]) -> None:
    with HttpServer(database(ADVISORY)) as osv:
        assert audit.main(["--osv", osv.url]) == 1
    [click] = [locked for locked in locks.every()["runtime.lock"] if locked.name == "click"]
    assert f"click {click.version}: GHSA-0000-0000-0000, fixed in 99.0" in capsys.readouterr().out


def test_every_package_of_every_lock_is_asked_about(capsys: pytest.CaptureFixture[str]) -> None:
    asked = set()

    def note(request: Request) -> Reply:
        query = request.json()
        asked.add((query["package"]["name"], query["version"]))
        return reply_json(200, {})

    with HttpServer(note) as osv:
        assert audit.main(["--required", "--osv", osv.url]) == 0
    assert {f"{name}=={version}" for name, version in asked} == {one.lower() for one in audit.packages()}
    assert ("torch", "2.13.0") in asked
    assert f"audited {len(asked)} packages: no known vulnerability" in capsys.readouterr().out


@pytest.mark.threat("fault", "supply-chain")
def test_a_database_that_does_not_answer_is_told_and_fails_a_release(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with HttpServer(lambda _: Reply(503)) as broken:
        assert audit.main(["--osv", broken.url]) == 0
        assert "::warning::NOT AUDITED: the database did not answer" in capsys.readouterr().out
        assert audit.main(["--required", "--osv", broken.url]) == 2
        assert "::error::NOT AUDITED" in capsys.readouterr().out


@pytest.mark.threat("fault", "supply-chain")
def test_what_the_database_does_not_know_is_no_clean_bill() -> None:
    verdict = audit.read([{"name": "click", "version": "8.4.0", "vulns": []}, {"name": "own", "skip_reason": "?"}])
    assert verdict.audited == 1
    assert verdict.reason is not None
    assert "1 of 2 packages (own)" in verdict.reason
