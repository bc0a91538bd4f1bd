"""Which secrets a runner is asked to mask, and that no text can have anything else hidden."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubpipe import runner
from hubpipe.redaction import FORMS, REDACTED, Redaction
from hubpipe.redaction.masks import KEY_LINE, LEAST, masks_of
from tests.leaked import BESIDE_A_NAME, HEX, LEAKED, identifier, private_key, some
from tests.leaked_services import BY_THEMSELVES, IN_COMPANY

RUNNER = {"GITHUB_ACTIONS": "true"}
TOKEN = LEAKED["a classic token of GitHub's"]
# A mask of one of these would hide what stands in many logs and outputs; the name or the place tells the secret alone.
TOLD_BY_THEIR_COMPANY = (
    "an AWS key",
    "a password in an address",
    "a password of a database",
    "a key of an Azure storage account",
)
KEYS = ("a private key", "a private key of OpenSSH's")


def found_in(text: str) -> list[str]:
    secrets: list[str] = []
    Redaction(found=secrets.append).text(text)
    return [mask for secret in secrets for mask in masks_of(secret)]


def said(text: str, environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    runner.masking(Redaction(), environ).text(text)
    return capsys.readouterr().out.splitlines()


@pytest.mark.threat("attack", "secrets")
@pytest.mark.parametrize("name", sorted({*LEAKED, *BY_THEMSELVES} - {*TOLD_BY_THEIR_COMPANY, *KEYS}))
def test_a_secret_by_itself_is_a_mask(name: str) -> None:
    secret = {**LEAKED, **BY_THEMSELVES}[name]
    [mask] = found_in(f"I set {secret} , and it broke")
    assert mask == secret or (mask in secret and secret.startswith("Authorization"))


@pytest.mark.threat("attack", "secrets")
@pytest.mark.parametrize("before", ["", "+", "> "])
def test_each_line_of_a_key_is_a_mask_by_itself(before: str) -> None:
    key = private_key()
    written = "\n".join(before + line for line in key.splitlines())
    masks = found_in(f"Mine:\n\n{written}\n\nIs it right?")
    assert set(key.splitlines()[1:-1]) <= set(masks)
    assert not [mask for mask in masks if "PRIVATE" in mask]
    assert found_in('{"key": "' + key.replace("\n", "\\n") + '"}') == key.splitlines()[1:-1]


@pytest.mark.threat("attack", "secrets")
@pytest.mark.parametrize("name", sorted({*TOLD_BY_THEIR_COMPANY, *BESIDE_A_NAME, *IN_COMPANY}))
def test_what_its_company_alone_tells_is_redacted_and_no_mask_unless_its_form_is_its_own(name: str) -> None:
    known = {**LEAKED, **BESIDE_A_NAME, **{name: form.format(secret) for name, (secret, form) in IN_COMPANY.items()}}
    for mask in found_in(f"It is {known[name]} , so"):
        assert FORMS.text(mask) == REDACTED


@pytest.mark.threat("attack", "secrets")
@pytest.mark.parametrize(
    "word", ["true", "success", "npm test", "published=true", some(40, HEX), identifier(), "v1.2.3"]
)
@pytest.mark.parametrize("form", ["https://x:{}@h.example", "CIRCLECI_TOKEN={}", "heroku_api_key: {}", "KEY"])
def test_nobody_can_have_a_word_a_commit_or_an_identifier_hidden(word: str, form: str) -> None:
    head, *_, tail = private_key().splitlines()
    text = f"{head}\n{word}\n{word}\n{tail}" if form == "KEY" else form.format(word)
    assert found_in(f"See {text} here") == []


@pytest.mark.threat("payload", "secrets", cases=100)
@given(st.text(), st.sampled_from(["https://x:{}@h.example", "AN_API_KEY={}", "{}"]), st.sampled_from(list(LEAKED)))
def test_a_mask_is_long_of_one_line_and_known_without_anything_around_it(text: str, form: str, name: str) -> None:
    for mask in found_in(form.format(text + LEAKED[name] + text)):
        assert len(mask) >= LEAST
        assert len(mask.splitlines()) == 1
        assert KEY_LINE.fullmatch(mask) or FORMS.text(mask) == REDACTED


@pytest.mark.threat("attack", "secrets")
def test_what_nobody_sees_in_a_secret_is_in_no_mask() -> None:
    assert found_in(f"{TOKEN[:9]}\u200b{TOKEN[9:]}") == [TOKEN]


def test_a_runner_is_told_once_and_reads_percent_signs_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    token = "A" * 21 + some(30) + "%2B" + some(40)
    written = token.replace("%", "%25")
    assert said(f"{token} and {token}", RUNNER, capsys) == [f"::add-mask::{written}"]


@pytest.mark.threat("attack", "secrets")
def test_what_the_job_shows_itself_is_no_mask(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(TOKEN, {**RUNNER, "SITE_KEY": f"it is {TOKEN}"}, capsys) == []


@pytest.mark.threat("attack", "secrets")
def test_none_is_said_to_anybody_but_a_runner(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(TOKEN, {}, capsys) == []
    assert said(TOKEN, {"GITHUB_ACTIONS": "false"}, capsys) == []


@pytest.mark.threat("attack", "secrets")
def test_ten_thousand_tokens_are_a_hundred_masks_and_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said("\n".join(f"{TOKEN[:-6]}{number:06}" for number in range(10_000)), RUNNER, capsys)
    assert [line.partition("::add-mask::")[1] for line in lines[:-1]] == ["::add-mask::"] * runner.MOST_MASKS
    assert lines[-1].startswith("::warning::")
    # Those that are none are looked at, too, but not without end.
    lines = said("\n".join(f"https://x:word-{number:06}@h.example" for number in range(10_000)), RUNNER, capsys)
    assert [line[:11] for line in lines] == ["::warning::"]
