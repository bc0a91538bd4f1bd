"""Turn a new comment into the order that it gives, and into why that is not carried out."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hubpipe.config import Commands, Config
from hubpipe.event import Comment, Event, Subject, command_in
from hubpipe.event.commands import NAME, WORDS

if TYPE_CHECKING:
    from hubpipe.github import GitHub

# The roles that may give commands, by the least one that the configuration names.
ENOUGH = {"write": ("write",), "triage": ("triage", "write")}
HOUR = timedelta(hours=1)
# Whose commands count for the whole repository: else a stranger could use them up.
OWN_PEOPLE = ("OWNER", "MEMBER", "COLLABORATOR")

BY_A_BOT = "a program wrote it, and hubpipe takes no commands from one"
NOT_ASKED = "who may give commands is asked of GitHub, which was not asked (no token)"
STRANGER = "commands are for people with the role {least} or more, and {who} has the role {role} (commands.roles)"
MANY_OF_ONE = "{who} has given {count} commands within an hour, and {most} are carried out (commands.per_person)"
MANY = "{count} commands were given here within an hour, and {most} are carried out (commands.per_repository)"


@dataclass(frozen=True)
class Order:
    """A command on an issue or pull request; `word` is empty where hubpipe knows none such."""

    word: str
    comment: Comment
    repo: str
    number: int
    subject: Subject

    @property
    def name(self) -> str:
        """How the command is told in a report."""
        return f"{NAME} {self.word}".strip()

    @property
    def who(self) -> str:
        """Who gave it."""
        return self.comment.author or "ghost"


@dataclass(frozen=True)
class Refusal:
    """Why an order is not carried out; where it `reacts`, its author sees a reaction, else nothing at all."""

    reason: str
    reacts: bool = False


def order_of(event: Event, config: Config) -> Order | None:
    """Give the order that a new comment holds; None where it holds none for hubpipe itself.

    A flow whose own `command` is the same word goes before what hubpipe does by itself.
    """
    subject, comment = event.subject, event.comment
    if event.name != "issue_comment.created" or config.commands is None or subject is None or comment is None:
        return None
    said = command_in(comment.body)
    if said is None or subject.number is None or said in (flow.command for flow in config.matching(event).values()):
        return None
    return Order(said if said in WORDS else "", comment, event.repo, subject.number, subject)


def refusal_of(order: Order, rules: Commands, github: "GitHub | None") -> Refusal | None:
    """Say why an order is not carried out, None where it is: by whom it is, and how many there were in an hour."""
    if order.comment.by_bot:
        return Refusal(BY_A_BOT)
    if github is None:
        return Refusal(NOT_ASKED)
    role = github.role(order.repo, order.comment.author) if order.comment.author else "none"
    if role not in ENOUGH[rules.roles]:
        return Refusal(STRANGER.format(least=rules.roles, who=order.who, role=role))
    return _over(order, rules, github)


def _over(order: Order, rules: Commands, github: "GitHub") -> Refusal | None:
    """Count the commands that were given before this one; those of programs never count."""
    before = [
        one
        for one in github.comments_since(order.repo, datetime.now(UTC) - HOUR)
        if one.id < order.comment.id and not one.by_bot and command_in(one.body) is not None
    ]
    by_one = sum(one.author == order.comment.author for one in before)
    by_all = sum(one.association in OWN_PEOPLE or one.author == order.comment.author for one in before)
    if by_one >= rules.per_person:
        return Refusal(MANY_OF_ONE.format(who=order.who, count=by_one + 1, most=rules.per_person), reacts=True)
    if by_all >= rules.per_repository:
        return Refusal(MANY.format(count=by_all + 1, most=rules.per_repository), reacts=True)
    return None
