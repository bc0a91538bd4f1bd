"""Messages to chats: what they are made of, that nobody is called by them, and a server that does what it likes."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubpipe import config
from hubpipe.config import Decide, Flow
from hubpipe.decide import CheckEffect, CommentEffect, Findings, LabelsEffect, NotifyEffect, Plan, notified
from hubpipe.errors import ConfigError, NotifyError, TemplateError
from hubpipe.event import Event, Subject
from hubpipe.models.base import ModelInfo, Past, Score, Span, Text
from hubpipe.render import Context, check_template, write
from hubpipe.render.chat import in_chat
from hubpipe.sinks import Notifier, Outcome, with_news
from hubpipe.sinks.addresses import address_of, secrets_of
from hubpipe.sinks.notify import publish
from hubpipe.sinks.post import post, seconds_to_wait
from hubpipe.sinks.webhooks import LIMITS, body_of, service_of, text_of
from hubpipe.text import Fitted
from tests.models.endpoint_server import dripping
from tests.receiver import SECRET, Receiver, receiving
from tests.standin.wire import LostReply, Reply, Request

URL = "https://github.example/octo-org/editor/issues/12"
SUBJECT = Subject("issue", 12, "It crashes", "Every time", "octocat", url=URL)
EVENT = Event("issues", "opened", "octo-org/editor", SUBJECT)
SERVICES = ("slack", "discord", "teams", "json")
FLOW = """\
version: 1
flows:
  kind:
    on: issues
    pipeline: {task: zero-shot-classification, labels: [bug, question]}
    publish: [labels, notify: {%s}]
"""
# What each of them would do in one of the chats.
CALLS = (
    "@channel @here @everyone @octocat",
    "<!channel> <!everyone> <!here|here> <!subteam^S1>",
    "<@U012AB3CD> <#C123ABC456> <@&165511591545143296> <@!123>",
    "<at>Everyone</at>",
    "[GitHub](https://evil.example) [x][y] [y]: https://evil.example",
    "<https://evil.example|https://github.com>",
    "![x](https://evil.example/pixel.png)",
    "https://evil.example and www.evil.example and HTTPS://EVIL.EXAMPLE",
    "``` all that follows is code",
    "two\nlines\r\nSent by hubpipe, not by a person; the flow admin\u2028- a line of ours",
    "@\u200beveryone <\u202e!here> @\u2060channel",
)


@pytest.fixture
def chat() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def flow_of(keys: str) -> Flow:
    return config.parse(FLOW % keys).flows["kind"] or pytest.fail("no flow")


def problems(keys: str) -> str:
    with pytest.raises(ConfigError) as caught:
        flow_of(keys)
    return str(caught.value)


def effect_of(words: str, template: str | None = None, label: str = "bug") -> NotifyEffect:
    """What a flow would send that found some words everywhere."""
    subject = Subject("issue", 12, words, words, words, url=URL)
    event = Event("issues", "opened", "octo-org/editor", subject)
    found = Findings(text=Text(words), spans=(Span("at", 0, 1, words, 0.9),), similar=(Past(words, 0.9, 7),))
    context = Context("kind", event, (ModelInfo("fake", "fake:", None, "summarization", None),), Fitted("", 1, 1))
    effect = NotifyEffect("kind", ("CHAT_URL",), template=template)
    [written] = write(Plan((effect,), (Score(label, 0.9),)), found, context).effects
    assert isinstance(written, NotifyEffect)
    return written


def shown(service: Any, effect: NotifyEffect) -> list[str]:
    """Give the lines that a chat shows, the last of them hubpipe's own."""
    body = body_of(effect, service)
    if service == "teams":
        blocks = body["attachments"][0]["content"]["body"]
        assert {block["type"] for block in blocks} == {"RichTextBlock"}
        return [run["text"] for block in blocks for run in block["inlines"]]
    return str(body["content" if service == "discord" else "text"]).split("\n")


class TestTheConfiguration:
    @pytest.mark.parametrize("written", ['url: "${CHAT_URL}"', 'url: ["${CHAT_URL}"]'])
    def test_names_variables(self, written: str) -> None:
        target = flow_of(written).publish.notify
        assert target is not None
        assert target.variables == ("CHAT_URL",)

    @pytest.mark.threat("attack", "secrets")
    @pytest.mark.parametrize(
        "url", ["https://hooks.slack.com/services/T1/B2/x3", "slack://a/b/c", "http://127.0.0.1/x"]
    )
    def test_refuses_an_address_and_says_what_to_write_without_saying_it(self, url: str) -> None:
        told = problems(f'url: "{url}"')
        assert "hubpipe.yml:6: flows.kind.publish.notify.url: everybody who reads the repository" in told
        assert 'write "${SLACK_URL}" here' in told
        assert url not in told

    @pytest.mark.parametrize(
        "url", ["CHAT_URL", "$CHAT_URL", "${chat}", "${{ secrets.X }}", "${A}/${B}", "x ${A}", "${A}\\n"]
    )
    def test_refuses_what_is_no_variable(self, url: str) -> None:
        assert "name a variable of the environment" in problems(f'url: "{url}"')

    @pytest.mark.threat("attack", "secrets")
    @pytest.mark.parametrize("name", ["GITHUB_TOKEN", "ACTIONS_RUNTIME_URL", "HUBPIPE_DATABASE_URL", "HF_ENDPOINT"])
    def test_refuses_variables_of_others(self, name: str) -> None:
        assert "are not for addresses" in problems(f'url: "${{{name}}}"')

    @pytest.mark.parametrize(
        ("keys", "words"),
        [
            ("url: []", "it must not be empty"),
            ("labels: bug", "this key is needed"),
            ('url: "${A}", labels: [bgu]', "this flow never finds 'bgu': did you mean 'bug'?"),
            ('url: "${A}", service: slck', "did you mean 'slack'?"),
            ('url: "${A}", label: bug', "unknown key: did you mean 'labels'?"),
        ],
    )
    def test_says_what_is_wrong(self, keys: str, words: str) -> None:
        assert words in problems(keys)

    def test_needs_something_to_tell_of(self) -> None:
        text = (FLOW % 'url: "${A}"').replace("on: issues", "on: push").replace("[labels, notify", "[notify")
        with pytest.raises(ConfigError, match="push brings no issue, pull request, discussion or release to tell of"):
            config.parse(text)

    def test_a_template_is_tried_before_it_is_needed(self) -> None:
        with pytest.raises(TemplateError, match="it may use"):
            check_template("{{ nobody }}", "flows.kind.publish.notify.template", chat=True)
        check_template("{% for one in labels %}{{ one.label }}{% endfor %}", "x", chat=True)


class TestWhatIsPlanned:
    @pytest.mark.parametrize(("labels", "count"), [("[bug]", 1), ("question", 0), ("[question, BUG]", 1)])
    def test_only_some_labels_are_told_of(self, labels: str, count: int) -> None:
        flow = flow_of(f'url: "${{A}}", labels: {labels}')
        plan = notified("kind", flow, Plan((LabelsEffect(("bug",)),), (Score("bug", 0.9),)), EVENT)
        assert [effect.kind for effect in plan.effects][1:] == ["notify"] * count
        assert bool(plan.notes) == (not count)

    def test_a_label_that_is_there_already_is_no_news(self) -> None:
        flow = flow_of('url: "${A}", labels: bug')
        plan = notified("kind", flow, Plan((LabelsEffect(("question",)),), (Score("bug", 0.9),)), EVENT)
        assert [effect.kind for effect in plan.effects] == ["labels"]

    @pytest.mark.parametrize(
        ("outcomes", "edited", "news"),
        [
            ((), False, ""),
            ((Outcome("labels", True, "", news="new"),), False, "new"),
            ((Outcome("comment", True, "", news="edited"),), True, "edited"),
            ((Outcome("comment", True, "", news="edited"), Outcome("labels", True, "", news="new")), True, "new"),
            ((Outcome("check", True, "", news="new"),), False, "new"),
            ((Outcome("check", True, "", news="new"),), True, "edited"),
            ((Outcome("labels", True, "", news="new"), Outcome("comment", False, "", failed=True)), False, "failed"),
        ],
    )
    def test_news_are_what_the_other_effects_changed(
        self, outcomes: tuple[Outcome, ...], edited: bool, news: str
    ) -> None:
        found = with_news(NotifyEffect("kind", ("A",), edited=edited), outcomes)
        assert isinstance(found, NotifyEffect)
        assert found.news == news
        for other in (CommentEffect("kind"), CheckEffect("kind", "", "", "success")):
            assert with_news(other, outcomes) == other

    def test_a_label_is_told_of_although_the_comment_failed_for_the_next_run_finds_it_there(self) -> None:
        flow = config.parse(FLOW.replace("[labels,", "[labels, comment,") % 'url: "${A}", labels: bug').flows["kind"]
        assert flow is not None
        plan = notified("kind", flow, Plan((LabelsEffect(("bug",)), CommentEffect("kind"))), EVENT)
        failed = Outcome("comment", False, "", failed=True)
        told = with_news(plan.effects[-1], (Outcome("labels", True, "", news="new"), failed))
        assert isinstance(told, NotifyEffect)
        assert told.news == "new"
        again = with_news(plan.effects[-1], (Outcome("labels", True, ""), Outcome("comment", True, "", news="new")))
        assert isinstance(again, NotifyEffect)
        assert again.news == ""


class TestTheMessage:
    def test_says_what_where_and_by_whom(self) -> None:
        assert text_of(effect_of("It crashes")).split("\n") == [
            "octo-org/editor, issue #12: It crashes",
            "Found: bug (0.90)",
            "- It crashes",
            "- at: It crashes",
            "- perhaps the same as #7: It crashes",
            URL,
            "Sent by hubpipe, not by a person; the flow kind",
        ]

    def test_for_any_server_holds_its_parts_as_well(self) -> None:
        body = body_of(effect_of("It crashes"), "json")
        assert (body["repository"], body["kind"], body["number"], body["url"]) == ("octo-org/editor", "issue", 12, URL)
        assert body["labels"] == [{"label": "bug", "score": 0.9}]

    @pytest.mark.threat("attack", "output")
    @pytest.mark.parametrize("service", SERVICES)
    @pytest.mark.parametrize(
        "template", [None, "{{ subject.title }}\n{{ summary }}{{ subject.author }} {{ summary | code }}"]
    )
    @pytest.mark.parametrize("call", CALLS)
    def test_calls_nobody_and_leads_nowhere(self, call: str, template: str | None, service: str) -> None:
        effect = effect_of(call, template, label=call[:50])
        lines = shown(service, effect)
        own = [
            line for line in lines if line == "Sent by hubpipe, not by a person; the flow kind" or "Sent by" in line[:8]
        ]
        assert len(own) == 1
        text = "\n".join(line for line in lines if URL not in line).replace("\\", "").replace("&lt;", "<")
        for harm in ("@c", "@h", "@e", "@o", "<!", "<@", "<#", "<a", "<h", "](", "][", "]:", "://", "www.", "```"):
            assert harm not in text.lower(), harm

    @pytest.mark.threat("attack", "output")
    @pytest.mark.parametrize(
        ("first", "second", "harm"),
        [
            ("@", "everyone", "@e"),
            ("<", "!here>", "<!"),
            ("x]", "(y)", "]("),
            ("https:", "//evil.example", "://"),
            ("https:/", "/evil.example", "://"),
            ("ww", "w.evil.example", "www."),
            ("``", "`", "```"),
        ],
    )
    def test_two_values_of_a_template_make_nothing_together(self, first: str, second: str, harm: str) -> None:
        subject = Subject("issue", 12, first, "", second, url=URL)
        context = Context("kind", Event("issues", "opened", "a/b", subject), (), Fitted("", 1, 1))
        effect = NotifyEffect("kind", ("A",), template="x {{ subject.title }}{{ subject.author }}")
        [written] = write(Plan((effect,)), Findings(), context).effects
        assert isinstance(written, NotifyEffect)
        [line] = written.notice.lines
        assert line.replace("\u200b", "") == f"x {first}{second}"
        assert harm not in line

    @pytest.mark.threat("payload", "output", cases=300)
    @settings(max_examples=300, deadline=None)
    @given(st.text(st.characters(codec="utf-8") | st.sampled_from("@<>![](`:/w.#&|*_~\u200b\u202e")))
    def test_is_one_line_of_plain_text_whatever_it_holds(self, text: str) -> None:
        line = in_chat(text)
        assert len(line.splitlines()) <= 1
        assert not any(harm in line for harm in ("](", "://", "``", "<!", "<@", "@e"))

    @pytest.mark.threat("attack", "input")
    @pytest.mark.parametrize("service", SERVICES)
    @pytest.mark.parametrize("words", ["word " * 20_000, "🎉" * 9_000, "&<>" * 9_000, "*_~" * 9_000, "line\n" * 9_000])
    def test_is_never_longer_than_a_service_takes(self, words: str, service: Any) -> None:
        for template in (None, "{% for line in summary %}{{ line }}\n{% endfor %}" * 5):
            lines = shown(service, effect_of(words, template))
            assert len("\n".join(lines).encode("utf-16-le")) // 2 <= LIMITS[service]
            assert lines[-1].replace("\\", "") == "Sent by hubpipe, not by a person; the flow kind"

    def test_allows_no_mention_where_a_service_lets_that_be_said(self) -> None:
        discord = body_of(effect_of("x"), "discord")
        assert (discord["allowed_mentions"], discord["flags"]) == ({"parse": []}, 4)
        slack = body_of(effect_of("x"), "slack")
        assert [slack[key] for key in ("mrkdwn", "link_names", "unfurl_links")] == [False] * 3

    @pytest.mark.threat("attack", "output")
    @pytest.mark.parametrize("url", ["javascript:alert(1)", "https://x.example/a b", "https://x.example/>|<!here", "x"])
    def test_links_to_no_odd_address(self, url: str) -> None:
        subject = Subject("issue", 12, "It crashes", "", url=url)
        context = Context("kind", Event("issues", "opened", "a/b", subject), (), Fitted("", 1, 1), rules=Decide())
        [effect] = write(Plan((NotifyEffect("kind", ("A",)),)), Findings(), context).effects
        assert isinstance(effect, NotifyEffect)
        assert url not in text_of(effect).split("\n")[1:]

    @pytest.mark.parametrize(
        ("host", "service"),
        [
            ("hooks.slack.com", "slack"),
            ("discord.com", "discord"),
            ("canary.discord.com", "discord"),
            ("octo.webhook.office.com", "teams"),
            ("prod-1.westeurope.logic.azure.com", "teams"),
            ("x.environment.api.powerplatform.com", "teams"),
            ("hooks.slack.com.evil.example", "json"),
            ("evil-discord.com", "json"),
            ("chat.example.org", "json"),
        ],
    )
    def test_is_written_for_the_service_that_the_host_is(self, host: str, service: str) -> None:
        assert service_of(host) == service


@pytest.mark.threat("attack", "fetching")
@pytest.mark.parametrize(
    "host",
    ["2852039166", "0xa9fea9fe", "0xA9.254.43518", "169.254.43518", "0", "[::ffff:169.254.169.254]", "[ff02::1]"],
)
def test_a_number_is_the_address_that_a_resolver_makes_of_it(host: str) -> None:
    with pytest.raises(NotifyError, match="is no chat's"):
        address_of("CHAT_URL", f"https://{host}/services/x")
    assert address_of("CHAT_URL", "http://127.1/services/x").host == "127.1"
    assert address_of("CHAT_URL", "https://0x.example/services/x").host == "0x.example"


def sent(chat: Receiver, seconds: float = 5.0) -> str:
    """Send something, and give what is told where that fails."""
    try:
        post(httpx2.URL(chat.address), {"text": "x"}, seconds)
    except NotifyError as fault:
        return str(fault)
    return ""


def breaks(*, reset: bool) -> Callable[[Request], Reply]:
    def answer(request: Request) -> Reply:
        raise LostReply(reset=reset)

    return answer


class TestAServerThatMisbehaves:
    @pytest.mark.threat("fault", "faults")
    @pytest.mark.parametrize(
        ("reply", "words"),
        [
            (Reply(500), "the server failed (HTTP 500): perhaps sent"),
            (Reply(502), "the server failed (HTTP 502): perhaps sent"),
            (Reply(400, b"invalid_payload"), "does not take the message (HTTP 400)"),
            (Reply(403), "does not take this webhook's key (HTTP 403)"),
            (Reply(404), "does not know the webhook any more (HTTP 404)"),
            (Reply(410), "does not know the webhook any more (HTTP 410)"),
            (Reply(200, b"x", cut=0, length=100), ""),
            (breaks(reset=True), "the answer broke off (ReadError): perhaps sent"),
            (breaks(reset=False), "the answer broke off (RemoteProtocolError): perhaps sent"),
            (Reply(200, b"\x00" * 3_000_000), ""),
            (Reply(429, headers={"Retry-After": "3600"}), "asks to wait (HTTP 429, 3600 seconds)"),
            (Reply(503, headers={"Retry-After": "9" * 400}), "asks to wait (HTTP 503"),
        ],
    )
    def test_is_told_and_asked_no_second_time(
        self, chat: Receiver, caplog: pytest.LogCaptureFixture, reply: Any, words: str
    ) -> None:
        chat.script = [reply]
        with caplog.at_level(logging.WARNING):
            told = sent(chat, 1.5)
        assert told == "" if not words else words in told
        assert (SECRET in told, SECRET in caplog.text) == (False, False)
        assert chat.bodies[0] == {"text": "x"}
        assert len(chat.asked) == 1

    @pytest.mark.threat("fault", "faults")
    @pytest.mark.parametrize("status", [429, 503])
    def test_that_asks_to_wait_is_waited_for(self, chat: Receiver, status: int) -> None:
        chat.script = [Reply(status, headers={"Retry-After": "1"})]
        began = time.monotonic()
        assert sent(chat) == ""
        assert time.monotonic() - began >= 1
        assert len(chat.asked) == 2

    @pytest.mark.threat("fault", "faults")
    def test_that_always_asks_to_wait_is_given_up(self, chat: Receiver) -> None:
        chat.script = [Reply(429, headers={"Retry-After": "0"}) for _ in range(9)]
        assert "asks to wait (HTTP 429, 0 seconds)" in sent(chat)
        assert len(chat.asked) == 3

    @pytest.mark.threat("fault", "faults")
    def test_that_says_nothing_is_left_in_time(self, chat: Receiver) -> None:
        chat.script = [chat.hang]
        began = time.monotonic()
        assert "no answer within 1 seconds: perhaps sent" in sent(chat, 1.0)
        assert time.monotonic() - began < 5
        assert len(chat.asked) == 1

    @pytest.mark.threat("fault", "faults")
    def test_that_drips_its_head_is_left_in_time(self) -> None:
        with dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ", iter(lambda: b"x", b"")) as url:
            began = time.monotonic()
            with pytest.raises(NotifyError, match="no answer within 1 seconds"):
                post(httpx2.URL(f"{url}/{SECRET}"), {}, 1.0)
            assert time.monotonic() - began < 5

    @pytest.mark.threat("attack", "fetching")
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_that_leads_elsewhere_is_not_followed(self, chat: Receiver, status: int) -> None:
        with receiving() as other:
            chat.script = [Reply(status, headers={"Location": f"{other.url}/{SECRET}"})]
            told = sent(chat)
            assert f"leads to another address (HTTP {status}), which is not followed" in told
            assert SECRET not in told
            assert other.asked == []

    def test_that_is_not_there_is_told(self) -> None:
        with receiving() as gone:
            url = gone.address
        with pytest.raises(NotifyError, match=r"the server is not reached \(ConnectError\)") as caught:
            post(httpx2.URL(url), {}, 2.0)
        assert SECRET not in str(caught.value)

    def test_without_time_nothing_is_sent(self, chat: Receiver) -> None:
        assert "there is no time left" in sent(chat, 0)
        assert chat.asked == []

    @pytest.mark.parametrize(
        ("text", "seconds"),
        [("7", 7.0), ("Fri, 31 Dec 1999 23:59:59 GMT", 9.0), ("", None), ("-1", None), ("soon", None), ("²", None)],
    )
    def test_says_in_two_ways_how_long(self, text: str, seconds: float | None) -> None:
        assert seconds_to_wait(text, lambda: datetime(1999, 12, 31, 23, 59, 50, tzinfo=UTC)) == seconds


class TestSeveralAddresses:
    def test_each_is_told_and_one_that_fails_does_not_keep_the_others(self, chat: Receiver) -> None:
        with receiving() as other:
            chat.script = [Reply(404)]
            held = {"A": chat.address, "B": other.address}
            effect = NotifyEffect("kind", ("A", "B", "C"), news="new")
            outcome = publish(effect, Notifier(held))
            assert (outcome.done, outcome.failed, len(other.asked)) == (False, True, 1)
        assert outcome.detail.startswith("sent to json (B); A: not sent, the server does not know")
        assert "C is not set, or empty" in outcome.detail
        assert SECRET not in json.dumps(outcome.detail)

    def test_what_could_not_be_published_is_not_told_of(self, chat: Receiver) -> None:
        outcome = publish(NotifyEffect("kind", ("A",), news="failed"), Notifier({"A": chat.address}))
        assert (outcome.done, outcome.failed, chat.asked) == (False, False, [])

    def test_an_addresses_keys_are_secrets_and_its_words_are_none(self) -> None:
        found = secrets_of({"A": f"https://hooks.example.org/services-for-everybody/{SECRET}?token=0123456789abcdef"})
        assert SECRET.rpartition("/")[2] in found
        assert "0123456789abcdef" in found
        assert "services-for-everybody" not in found
        assert "hooks.example.org" not in found
        assert "Notifier(" in repr(Notifier({"A": SECRET}))
        assert SECRET not in repr(Notifier({"A": SECRET}))
