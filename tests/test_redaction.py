"""Which texts hold a secret, and what is left of them."""

import base64
import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import click
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hubpipe.cli import commands
from hubpipe.config.endpoints import SECRET
from hubpipe.errors import ConfigError, HubpipeError, Problem, RateLimitError
from hubpipe.redaction import FORMS, REDACTED, Redaction, forms, redaction_for
from hubpipe.redaction.stream import redacted
from tests.leaked import BESIDE_A_NAME, LEAKED, ORDINARY, holds, private_key

ROOT = Path(__file__).parents[1]
OWN = "an-endpoint's key/of+no form="
TOKEN = LEAKED["a classic token of GitHub's"]


class TestForms:
    @pytest.mark.threat("attack", "secrets")
    @pytest.mark.parametrize("name", LEAKED)
    def test_a_secret_goes_and_what_stands_around_it_stays(self, name: str) -> None:
        said = FORMS.text(f"I tried it with {LEAKED[name]} , and it broke\nat once")
        assert not holds(said, LEAKED[name])
        assert said.startswith("I tried it with ")
        assert said.endswith(" , and it broke\nat once")
        assert REDACTED in said

    @pytest.mark.threat("attack", "secrets")
    @pytest.mark.parametrize("name", LEAKED)
    def test_a_secret_goes_out_of_code_quotations_and_assignments(self, name: str) -> None:
        for form in ('KEY="{}"', "`{}`", "```\n{}\n```", "> {}", "<b>{}</b>", "({})", "{}"):
            assert not holds(FORMS.text(form.format(LEAKED[name])), LEAKED[name]), form

    @pytest.mark.threat("attack", "secrets")
    @pytest.mark.parametrize("name", BESIDE_A_NAME)
    def test_a_hash_or_an_identifier_goes_where_the_name_beside_it_says_what_it_is(self, name: str) -> None:
        for form in ("I set {} , and it broke", "```\n{}\n```", "{}"):
            said = FORMS.text(form.format(BESIDE_A_NAME[name]))
            assert not holds(said, BESIDE_A_NAME[name]), form
            assert REDACTED in said, form

    @pytest.mark.threat("attack", "secrets")
    @pytest.mark.parametrize(
        "sign", ["\u200b", "\u00ad", "\0", "\u2060\u2060", "\ufeff", "\u200d", "\ufe0f", "\U000e0041"]
    )
    def test_what_nobody_sees_hides_none(self, sign: str) -> None:
        for at in (3, 12, 30):
            parted = f"{TOKEN[:at]}{sign}{TOKEN[at:]}"
            said = FORMS.text(f"é {sign}first\r\n{parted} , {parted}.{sign}\r\nlast")
            assert said == f"é {sign}first\r\n{REDACTED} , {REDACTED}.{sign}\r\nlast"

    @pytest.mark.parametrize(
        "line",
        [
            "said: read 9 of 9 tokens with sentence-transformers:sentence-transformers/all-MiniLM-L6-v2@1110a243fdf4",
            "kind: loading transformers:facebook/bart-large-mnli for zero-shot-classification",
            "posted a comment: https://github.com/octo-org/octo-repo/issues/12#issuecomment-1234567890",
            "Python 3.11.4 on ubuntu-22.04 at 2026-01-02T10:11:12Z: it crashes in test_nested_lists",
        ],
    )
    def test_the_rules_are_not_loaded_for_what_every_run_says(self, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(forms, "_scanner", lambda: pytest.fail("they were loaded"))
        assert FORMS.text(line) == line

    @pytest.mark.parametrize("name", ORDINARY)
    def test_what_only_looks_like_one_stays(self, name: str) -> None:
        assert FORMS.text(f"See {ORDINARY[name]} here.") == f"See {ORDINARY[name]} here."

    @pytest.mark.threat("payload", "secrets", cases=100)
    @given(st.text(), st.text(), st.sampled_from(sorted(LEAKED.values())))
    def test_a_secret_goes_out_of_any_text_and_lines_stay(self, before: str, behind: str, secret: str) -> None:
        said = FORMS.text(f"{before} {secret} {behind}")
        assert not holds(said.removeprefix(before), secret)
        assert said.count("\n") == (before + secret + behind).count("\n")
        assert FORMS.text(said) == said

    @pytest.mark.threat("attack", "secrets")
    def test_zero_bytes_do_not_hide_one(self) -> None:
        assert not holds(FORMS.text("a\0b\0c\0d\0" * 40 + f" {TOKEN}"), TOKEN)
        assert not holds(FORMS.text(f"\ufeff\udcff é {TOKEN} 🎉 {TOKEN}"), TOKEN)

    @pytest.mark.threat("attack", "secrets")
    def test_a_patchs_key_keeps_its_lines_and_their_signs(self) -> None:
        key = private_key()
        patch = "@@ -1 +1,15 @@\n-old\n" + "".join(f"+{line}\n" for line in key.splitlines()) + "+x = 1\n"
        said = FORMS.text(patch)
        assert not holds(said, key)
        assert said.splitlines()[-1] == "+x = 1"
        assert [line[0] for line in said.splitlines()] == [line[0] for line in patch.splitlines()]

    @pytest.mark.threat("attack", "secrets")
    @pytest.mark.parametrize("written", ["plain", "json", "without its end"])
    def test_a_key_goes_however_it_is_written(self, written: str) -> None:
        key = private_key()
        text = {
            "plain": f"Mine:\n\n{key}\n\nIs it right?",
            "json": 'Mine: {"private_key": "' + key.replace("\n", "\\n") + '"}\n\nIs it right?',
            "without its end": f"Mine:\n\n{key.partition('-----END')[0]}\n\nIs it right?",
        }[written]
        assert not holds(FORMS.text(text), key)
        assert FORMS.text(text).endswith("Is it right?") or written == "json"

    @pytest.mark.threat("attack", "secrets")
    def test_a_thousand_beginnings_of_a_key_are_one(self) -> None:
        begins = private_key().partition("\n")[0]
        assert holds(FORMS.text(f"{begins}\n" * 1_000), begins) is False


class TestOwn:
    @pytest.mark.threat("attack", "secrets", cases=100)
    @given(st.binary(max_size=9), st.binary(max_size=9))
    def test_a_secret_goes_out_of_base64_wherever_it_stands_in_it(self, before: bytes, behind: bytes) -> None:
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            written = encode(before + OWN.encode() + behind).decode()
            assert Redaction((OWN,)).text(f"Basic {written} end") == f"Basic {REDACTED} end"

    @pytest.mark.threat("attack", "secrets")
    @pytest.mark.parametrize("written", [OWN, quote(OWN), quote(OWN, safe="")])
    def test_a_secret_of_no_form_goes_in_every_spelling(self, written: str) -> None:
        assert Redaction((OWN,)).text(f"it was {written}!") == f"it was {REDACTED}!"
        assert FORMS.text(f"it was {OWN}!") == f"it was {OWN}!"

    def test_a_value_too_short_to_be_a_secret_leaves_texts_alone(self) -> None:
        assert Redaction(("x",)).text("x marks the spot") == "x marks the spot"

    def test_are_those_of_the_environment_and_those_given(self) -> None:
        environ = {"GITHUB_TOKEN": "one-of-them", "HF_TOKEN": " another-one ", "PATH": "/usr/bin"}
        assert redaction_for(environ, "a-third-one", None, "").own == ("one-of-them", "another-one", "a-third-one")
        assert "one-of-them" not in repr(redaction_for(environ))


@dataclass(frozen=True)
class _Deep:
    text: str
    many: tuple[object, ...] = ()
    data: bytes = b""
    by: dict[str, object] = field(default_factory=dict)


class TestValues:
    @pytest.mark.threat("attack", "secrets")
    def test_every_string_of_a_value_is_read_and_the_value_given_stays(self) -> None:
        given_value = _Deep(TOKEN, (_Deep(f"a {TOKEN}"), [TOKEN, 1, None]), b"\x00", {TOKEN: {"x": TOKEN}})
        clean = FORMS.all(given_value)
        assert not holds(str(clean), TOKEN)
        assert clean.many == (_Deep(f"a {REDACTED}"), [REDACTED, 1, None])
        assert given_value.text == TOKEN

    def test_a_value_without_secrets_is_itself(self) -> None:
        value = _Deep("plain", (1, "words"))
        assert FORMS.all(value) is value

    @pytest.mark.threat("attack", "secrets")
    def test_an_error_keeps_its_kind_and_what_it_holds(self) -> None:
        config = FORMS.all(ConfigError((Problem("a.yml", 3, "key", f"not {TOKEN}"),)))
        assert isinstance(config, ConfigError)
        assert config.problems == (Problem("a.yml", 3, "key", f"not {REDACTED}"),)
        assert str(config) == f"a.yml:3: key: not {REDACTED}"
        limit = FORMS.all(RateLimitError(f"wait, {TOKEN}"))
        assert (str(limit), limit.until, limit.exit_code) == (f"wait, {REDACTED}", None, 1)
        assert isinstance(limit, HubpipeError)


class TestStream:
    @pytest.mark.threat("attack", "secrets")
    @pytest.mark.parametrize("size", [1, 3, 17, 10_000])
    def test_a_secret_that_comes_in_pieces_goes(self, size: int) -> None:
        below = io.StringIO()
        stream = redacted(below, Redaction((OWN,)))
        text = f"one {TOKEN}\ntwo {OWN}\nthree"
        for start in range(0, len(text), size):
            stream.write(text[start : start + size])
        stream.flush()
        assert below.getvalue() == f"one {REDACTED}\ntwo {REDACTED}\nthree"


class TestWhereSecretsCannotGo:
    @pytest.mark.threat("attack", "secrets")
    def test_no_command_takes_one_as_an_argument_which_every_process_could_read(self) -> None:
        options = [option for command in commands.commands.values() for option in command.params]
        # A file's name is no secret, whatever stands in the file.
        names = {name for option in options for name in option.opts if not isinstance(option.type, click.Path)}
        assert len(names) > 20
        assert not [name for name in names if SECRET.search(name)]

    @pytest.mark.threat("attack", "secrets")
    def test_neither_the_image_nor_the_actions_arguments_hold_one(self) -> None:
        image = (ROOT / "Dockerfile").read_text("utf-8")
        given = re.findall(r"^(?:ARG|ENV) .*?(?<!\\)$", image, re.MULTILINE | re.DOTALL)
        assert len(given) >= 4
        assert not SECRET.search("\n".join(given))
        assert set(yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["runs"]) == {"using", "image"}


@dataclass(frozen=True)
class Texts:
    """A value as `all` gets it."""

    words: tuple[str, ...]
    more: dict[str, str]


PIECES = st.sampled_from(
    [*LEAKED.values(), *BESIDE_A_NAME.values(), OWN, quote(OWN), "\u200b", "\r", "a", "é", " ", ""]
)
TEXTS = st.lists(PIECES | st.text(max_size=20), max_size=6).map("".join)


class TestOneLookAtAll:
    """`all` looks at all texts of a value together, and at each only where that look finds something."""

    @pytest.mark.parametrize("name", LEAKED)
    def test_every_secret_that_a_look_at_its_text_finds_is_found(self, name: str) -> None:
        for form in ("{}", "I tried it with {} , and it broke", 'KEY="{}"', "\u200b{}"):
            value = Texts(("before", form.format(LEAKED[name]), "after"), {"key": ""})
            assert FORMS.all(value).words == ("before", FORMS.text(value.words[1]), "after")
            assert not holds(FORMS.all(value).words[1], LEAKED[name])

    @given(st.lists(TEXTS, max_size=5), TEXTS)
    def test_it_leaves_what_a_look_at_each_leaves(self, words: list[str], more: str) -> None:
        redaction = Redaction((OWN,))
        value = Texts(tuple(words), {"key": more})
        assert redaction.all(value) == Texts(tuple(map(redaction.text, words)), {"key": redaction.text(more)})
