"""What a webhook's request becomes: a delivery, forgotten, or refused with words that say why."""

import hmac
import json
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest

from hubpipe.redaction import Redaction
from hubpipe.server import delivery
from hubpipe.server.delivery import Delivery, Forgotten, RefusedError, is_signed, read, signature
from tests.standin.payloads import recorded
from tests.standin.servers import MODULES

SECRET = "It's a Secret to Everybody"
METHODS = MODULES / "@octokit" / "webhooks-methods" / "dist-src" / "index.js"
# Signs every line of what it reads, as GitHub's own library for bots does.
SIGN = """
import {{ sign }} from "{methods}";
import {{ createInterface }} from "node:readline";
for await (const line of createInterface({{ input: process.stdin }})) console.log(await sign({secret}, line));
"""
ISSUE = {"number": 7, "title": "It crashes", "body": "Every time.", "state": "open"}
OPENED: dict[str, Any] = {
    "action": "opened",
    "issue": ISSUE,
    "repository": {"full_name": "octo-org/octo-repo"},
    "sender": {"login": "mona", "type": "User"},
}


def headers(kind: str, body: bytes, **more: str) -> dict[str, str]:
    """What GitHub writes above a body."""
    told = {"content-type": "application/json", "x-github-event": kind, "x-github-delivery": "a-guid"}
    return (
        told | {"x-hub-signature-256": signature(body, SECRET)} | {name.replace("_", "-"): more[name] for name in more}
    )


def sent(kind: str, payload: object, **more: str) -> Delivery | Forgotten:
    """Read what GitHub would send."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return read(headers(kind, body, **more), body, SECRET)


def refusal(kind: str, payload: object, **more: str) -> tuple[int, str]:
    """Give the status and the words with which a request is refused."""
    with pytest.raises(RefusedError) as caught:
        sent(kind, payload, **more)
    return caught.value.status, str(caught.value)


# Signatures


@pytest.mark.parametrize(
    ("body", "secret", "wanted"),
    [
        # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
        ("Hello, World!", SECRET, "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"),
        # https://github.com/octokit/webhooks-methods.js, the example of its README and of its tests
        ('{"foo":"bar"}', "mysecret", "4864d2759938a15468b5df9ade20bf161da9b4f737ea61794142f3484236bda3"),
    ],
)
def test_known_vectors_hold(body: str, secret: str, wanted: str) -> None:
    assert signature(body.encode(), secret) == f"sha256={wanted}"
    assert is_signed(f"sha256={wanted}", body.encode(), secret)


def test_every_example_is_signed_as_githubs_own_library_signs_it() -> None:
    bodies = [json.dumps(payload, ensure_ascii=False) for _, payload in recorded()]
    script = SIGN.format(methods=METHODS, secret=json.dumps(SECRET))
    command = ["node", "--input-type=module", "--eval", script]
    theirs = subprocess.run(command, input="\n".join(bodies), capture_output=True, text=True, check=True).stdout.split()
    assert theirs == [signature(body.encode(), SECRET) for body in bodies]
    assert len(theirs) == 329


RIGHT = signature(b"{}", SECRET)


@pytest.mark.parametrize(
    "given",
    [
        *("", "sha256=", "sha256", RIGHT[:-1], RIGHT + "0", RIGHT.upper(), RIGHT.removeprefix("sha256="), " " + RIGHT),
        *(RIGHT.replace("sha256", "sha1"), "sha256=" + "0" * 64, signature(b"{}", "another"), signature(b"[]", SECRET)),
        *("sha256=é", "sha256=" + "\u0666" * 64, "\udcff", RIGHT[:-1] + "\u0660", "\0", RIGHT + "\n"),
    ],
)
def test_whatever_is_not_the_signature_is_none(given: str) -> None:
    assert not is_signed(given, b"{}", SECRET)
    assert refusal("issues", b"{}", x_hub_signature_256=given) == (401, delivery.UNSIGNED)


def test_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert is_signed(RIGHT, b"{}", SECRET)
    assert not is_signed("x", b"{}", SECRET)
    assert compared == [(RIGHT.encode(), RIGHT.encode()), (RIGHT.encode(), b"x")]


def test_nothing_of_an_unsigned_request_is_looked_at() -> None:
    body = b"[" * 100_000
    with pytest.raises(RefusedError) as caught:
        read({"content-type": "text/plain"}, body, SECRET)
    assert caught.value.status == 401


# Heads


@pytest.mark.parametrize(
    ("name", "value", "status", "words"),
    [
        ("x_github_delivery", "", 400, delivery.NO_IDENTIFIER),
        ("x_github_delivery", "a b", 400, delivery.NO_IDENTIFIER),
        ("x_github_delivery", "é", 400, delivery.NO_IDENTIFIER),
        ("x_github_delivery", "a\n", 400, delivery.NO_IDENTIFIER),
        ("x_github_delivery", "../../x", 400, delivery.NO_IDENTIFIER),
        ("x_github_delivery", "0" * 101, 400, delivery.NO_IDENTIFIER),
        ("x_github_event", "", 400, delivery.NO_NAME),
        ("content_type", "text/plain", 415, delivery.OTHER_TYPE.format(type="text/plain")),
        ("content_type", "", 415, delivery.OTHER_TYPE.format(type="")),
    ],
)
def test_a_head_that_is_not_githubs_is_refused(name: str, value: str, status: int, words: str) -> None:
    assert refusal("issues", OPENED, **{name: value}) == (status, words)


def test_a_form_is_refused_with_what_to_change() -> None:
    status, words = refusal("issues", b"payload=%7B%7D", content_type="application/x-www-form-urlencoded")
    assert status == 415
    assert "set the webhook's content type to application/json" in words


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON ;x=y"])
def test_json_is_taken_however_its_type_is_written(kind: str) -> None:
    assert isinstance(sent("issues", OPENED, content_type=kind), Delivery)


# Bodies


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b" ",
            b"{",
            b'{"a": 1',
            b"null",
            b"7",
            b'"text"',
            b"[]",
            b"[{}]",
            b"{} {}",
            b"\xff\xfe",
            b'{"a": "\xff"}',
        ),
        *(
            b'{"a": ' * 200_000,
            b"[" * 200_000,
            b'{"a": ' + b"9" * 10_000 + b"}",
            b"\x00",
            b'{"a": 01}',
            b"payload=%7B%7D",
        ),
        *(b'{"a": "\x00"}', json.dumps(OPENED).encode()[:-1]),
    ],
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    assert refusal("issues", body) == (400, delivery.NOT_JSON)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"issue": None}, "no issue"),
        ({"issue": []}, "no issue"),
        ({"issue": {"number": "7"}}, "no number"),
        ({"issue": {"number": True}}, "no number"),
        ({"issue": {"number": 7.5}}, "no number"),
        ({"repository": None}, "names no repository"),
        ({"repository": {"full_name": "octo-org/../x"}}, "names no repository"),
        ({"repository": {"full_name": "octo-org/x\0"}}, "names no repository"),
        ({"action": "opened\0"}, "action"),
        ({"action": "\ud800"}, "action"),
        ({"action": "a b"}, "action"),
        ({"action": "a" * 101}, "action"),
    ],
)
def test_an_object_that_is_no_payload_is_refused(change: Mapping[str, object], words: str) -> None:
    status, told = refusal("issues", {**OPENED, **change})
    assert status == 400
    assert words in told


@pytest.mark.parametrize("text", ["\0", "\ud800", "\U0001f4a5", "\u202e", "\u2028", "</script>", "x" * 1_000_000])
def test_a_text_of_any_characters_is_taken_as_it_is(text: str) -> None:
    found = sent("issues", OPENED | {"issue": ISSUE | {"title": text, "body": text}})
    assert isinstance(found, Delivery)
    assert found.event.subject is not None
    assert (found.event.subject.title, found.event.subject.body) == (text, text)


def test_numbers_nests_and_keys_that_only_json_allows_are_taken() -> None:
    body = json.dumps(OPENED)[:-1] + ', "a": NaN, "b": 1e999, "c": ' + "[" * 500 + "]" * 500
    body += f', "d": {10**1000}, "action": "labeled", "action": "edited"}}'
    found = sent("issues", body.encode())
    assert isinstance(found, Delivery)
    assert found.event.action == "edited"


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ({"id": 7}, 7),
        ({"id": 10**30}, 10**30),
        *((None, 0), ([], 0), ({}, 0), (7, 0), ({"id": "7"}, 0), ({"id": True}, 0), ({"id": -1}, 0), ({"id": 7.0}, 0)),
    ],
)
def test_an_installation_is_a_number_or_none(told: object, wanted: int) -> None:
    found = sent("issues", OPENED | {"installation": told})
    assert isinstance(found, Delivery)
    assert found.installation == wanted


def test_secrets_in_a_text_are_taken_out_before_it_is_stored() -> None:
    own, leaked = "a-secret-of-ours-0815", "ghp_" + "a1B2" * 9
    payload = OPENED | {"issue": ISSUE | {"title": f"It says {own}", "body": f"token: {leaked}\nThe end."}}
    body = json.dumps(payload).encode()
    found = read(headers("issues", body), body, SECRET, Redaction((own,)))
    assert isinstance(found, Delivery)
    assert found.event.subject is not None
    assert (found.event.subject.title, found.event.subject.body) == (
        "It says [redacted]",
        "token: [redacted]\nThe end.",
    )
