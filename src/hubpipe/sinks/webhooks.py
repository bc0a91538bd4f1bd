"""Turn a Notice into what a chat's webhook takes: plain text, no mention allowed, no preview of a link.

Sources: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks,
https://docs.discord.com/developers/resources/webhook#execute-webhook,
https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using,
https://adaptivecards.io/explorer/TextRun.html
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from hubpipe.config.notify import Service
from hubpipe.decide import Notice, NotifyEffect

SENT_BY = "Sent by hubpipe, not by a person; the flow {flow}"
CUT = "…"
OPEN = "Open on GitHub"
# https://docs.discord.com/developers/resources/message#message-object-message-flags
SUPPRESS_EMBEDS = 1 << 2

# The hosts of each service's webhooks; what is at another host takes JSON of our own.
HOSTS: dict[Service, re.Pattern[str]] = {
    "slack": re.compile(r"hooks\.slack(-gov)?\.com"),
    "discord": re.compile(r"((canary|ptb)\.)?discord(app)?\.com"),
    "teams": re.compile(r"([\w-]+\.)+(logic\.azure\.com|api\.powerplatform\.com|webhook\.office\.com)"),
}
# Characters, those beyond the basic plane twice. Discord takes 2,000; Slack cuts at 40,000 and advises 4,000; a message
# of Teams has 28 kB.
LIMITS: dict[Service, int] = {"slack": 3_900, "discord": 1_950, "teams": 6_000, "json": 6_000}

# Discord's Markdown. A message of Slack's is told to have none, and the other two have none.
_MARKS = re.compile(r"[\\`*_~|>\[\]()#-]")


def service_of(host: str) -> Service:
    """Tell what a host's webhooks speak."""
    return next((service for service, hosts in HOSTS.items() if hosts.fullmatch(host.lower())), "json")


def body_of(effect: NotifyEffect, service: Service) -> dict[str, Any]:
    """Give the body of a request for a notification."""
    notice, sent_by = effect.notice, SENT_BY.format(flow=effect.flow)
    return BODIES[service](notice, sent_by)


def text_of(effect: NotifyEffect) -> str:
    """Give the message as a person reads it."""
    return _text(effect.notice, SENT_BY.format(flow=effect.flow), LIMITS["json"], str, "{}")


def _slack(notice: Notice, sent_by: str) -> dict[str, Any]:
    text = _text(notice, sent_by, LIMITS["slack"], _entities, "<{}>")
    return {"text": text, "mrkdwn": False, "link_names": False, "unfurl_links": False, "unfurl_media": False}


def _discord(notice: Notice, sent_by: str) -> dict[str, Any]:
    text = _text(notice, sent_by, LIMITS["discord"], _escaped, "<{}>")
    return {"content": text, "allowed_mentions": {"parse": []}, "flags": SUPPRESS_EMBEDS}


def _teams(notice: Notice, sent_by: str) -> dict[str, Any]:
    lines = _within([*notice.lines], LIMITS["teams"] - _size(sent_by), str)
    # A run of text has no Markdown, which a block of text has.
    texts = [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": line or " "}]} for line in lines]
    small = {"type": "TextRun", "text": sent_by, "size": "Small", "isSubtle": True}
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": [*texts, {"type": "RichTextBlock", "inlines": [small]}],
    }
    if notice.url:
        card["actions"] = [{"type": "Action.OpenUrl", "title": OPEN, "url": notice.url}]
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card}]}


def _json(notice: Notice, sent_by: str) -> dict[str, Any]:
    return {
        "text": _text(notice, sent_by, LIMITS["json"], str, "{}"),
        "repository": notice.repository,
        "kind": notice.kind,
        "number": notice.number,
        "title": notice.title,
        "url": notice.url,
        "labels": [{"label": one.label, "score": one.score} for one in notice.labels],
        "summary": list(notice.summary),
    }


BODIES: dict[Service, Callable[[Notice, str], dict[str, Any]]] = {
    "slack": _slack,
    "discord": _discord,
    "teams": _teams,
    "json": _json,
}


def _text(notice: Notice, sent_by: str, limit: int, written: Callable[[str], str], link: str) -> str:
    """Write the message's lines, then what no template changes: the link, and who sent it."""
    end = [*([link.format(notice.url)] if notice.url else []), written(sent_by)]
    room = limit - sum(_size(line) + 1 for line in end)
    return "\n".join([*_within(notice.lines, room, written), *end])


def _within(lines: Sequence[str], room: int, written: Callable[[str], str]) -> list[str]:
    """Write the first lines, as many as there is room for; what is left out is shown."""
    kept: list[str] = []
    left = room - _size(CUT) - 1
    for line in map(written, lines):
        if _size(line) + 1 > left:
            return [*kept, CUT]
        kept.append(line)
        left -= _size(line) + 1
    return kept


def _size(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _escaped(text: str) -> str:
    return _MARKS.sub(lambda sign: "\\" + sign.group(), text)
