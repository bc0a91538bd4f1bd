"""Where a flow's notifications go: addresses that the environment holds, since whoever knows one may write there."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from hubpipe.config.section import Bool, Section, Some, listed

Service = Literal["slack", "discord", "teams", "json"]

VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]{0,99})\}")
# What the runner, hubpipe and the Hub's libraries read themselves is no chat's address.
TAKEN = ("ACTIONS_", "GITHUB_", "HF_", "HUBPIPE_", "INPUT_", "RUNNER_")

NO_VARIABLE = (
    'name a variable of the environment as "${SLACK_URL}": capital letters, digits and _; its value is a secret of the '
    "repository that the step's env gives (SLACK_URL: ${{ secrets.SLACK_URL }})"
)
AN_ADDRESS = (
    "everybody who reads the repository could write there with this address: revoke it, make a new one, put it into a "
    'secret that the step\'s env gives (SLACK_URL: ${{ secrets.SLACK_URL }}), and write "${SLACK_URL}" here'
)
TAKEN_NAME = "the names of others' variables ({taken}) are not for addresses: call it something else, such as SLACK_URL"


def _variable(text: str) -> str:
    if VARIABLE.fullmatch(text) is None:
        raise ValueError(AN_ADDRESS if "://" in text else NO_VARIABLE)
    if text[2:].startswith(TAKEN):
        raise ValueError(TAKEN_NAME.format(taken=", ".join(TAKEN)))
    return text


Variable = Annotated[
    str, AfterValidator(_variable), WithJsonSchema({"type": "string", "pattern": f"^{VARIABLE.pattern}$"})
]


class NotifyTarget(Section):
    """Send a message to a chat, or to any server that takes JSON, when there is something new."""

    url: Annotated[
        tuple[Variable, ...],
        BeforeValidator(listed, json_schema_input_type=Variable | Annotated[list[Variable], Some]),
    ] = Field(min_length=1, max_length=10)
    """The variable of the environment that holds the address, as `${SLACK_URL}`, or a list of them."""
    labels: (
        Annotated[tuple[str, ...], BeforeValidator(listed, json_schema_input_type=str | Annotated[list[str], Some])]
        | None
    ) = Field(default=None, min_length=1)
    """Only when one of these labels is found, and with `labels` set; without it, whenever there is something new."""
    edits: Bool = False
    """Again when what was told changes: hubpipe's comment, or where the flow publishes nothing else the subject."""
    service: Service | None = None
    """What the address speaks: slack (Mattermost, too), discord, teams or json; told by its host where not given."""
    template: str | None = None
    """A Jinja2 template of the message, in plain text; every value in it is neutralised."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables, each once."""
        return tuple(dict.fromkeys(text[2:-1] for text in self.url))
