"""Turn the places that a bot's owner names into what the configurations of others' repositories may reach from it.

A workflow has its own repository's keys and its own runner. The bot has its owner's, and whoever may write to one of
its repositories writes a configuration: without this he could have the owner's key sent to a server of his own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import httpx2

from hubpipe.config import Flow, Step
from hubpipe.config.endpoints import is_url, problems_of_endpoint
from hubpipe.errors import ConstraintError, UsageError
from hubpipe.models.hub import FOLDER_PREFIXES

ENDPOINTS = "HUBPIPE_ENDPOINTS"
PORTS = {"http": 80, "https": 443}

NO_ENDPOINT = f"{ENDPOINTS}: {{problem}}"
NOT_ASKED = (
    f"this bot does not ask {{place}}: whoever runs it must name it in {ENDPOINTS}, since its keys go there and its "
    "network is asked"
)
A_FOLDER = "the bot takes no model of a folder on its own machine ({model}): name one of the Hub, or leave model out"


@dataclass(frozen=True)
class Reach:
    """What configurations may name: of `endpoints` providers, and any path of the addresses there."""

    endpoints: frozenset[str] = frozenset()

    def check(self, flow: Flow) -> Flow:
        """Give a flow none of whose steps goes beyond; raises ConstraintError."""
        for step in flow.pipeline:
            self._check(step)
        return flow

    def _check(self, step: Step) -> None:
        if step.model.startswith(FOLDER_PREFIXES):
            raise ConstraintError(A_FOLDER.format(model=step.model))
        if step.endpoint is not None and (place := _place(step.endpoint)) not in self.endpoints:
            raise ConstraintError(NOT_ASKED.format(place=place))


def reach(environ: Mapping[str, str]) -> Reach:
    """Read which endpoints may be asked; raises UsageError for what is none."""
    named = [one for one in re.split(r"[\s,]+", environ.get(ENDPOINTS, "")) if one]
    for endpoint in named:
        for problem in problems_of_endpoint(endpoint):
            raise UsageError(NO_ENDPOINT.format(problem=problem))
    return Reach(frozenset(map(_place, named)))


def _place(endpoint: str) -> str:
    """Give a provider's name, or the server of an address, as the library that sends reads it."""
    if not is_url(endpoint):
        return endpoint
    address = httpx2.URL(endpoint)
    return f"{address.scheme}://{address.host}:{address.port or PORTS[address.scheme]}"
