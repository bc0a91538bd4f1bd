"""Turn a step's `endpoint:` into the place that is asked, and the key that may be sent there."""

import ipaddress
import logging
from dataclasses import dataclass, field
from typing import Any, cast

import httpx2
from huggingface_hub import InferenceClient, constants

from hubpipe.config import Step
from hubpipe.config.endpoints import is_url, problems_of_endpoint
from hubpipe.errors import EndpointError, TaskError
from hubpipe.models.base import Places

log = logging.getLogger("hubpipe")

HUB_KEY = "HF_TOKEN (in the Action: hub-token)"
OTHER_KEY = "HUBPIPE_ENDPOINT_KEY (in the Action: endpoint-key)"
HUB_KEY_STARTS = "hf_"
# The hosts that Hugging Face's own libraries send its tokens to.
HUB_HOSTS = ("huggingface.co", ".huggingface.co", ".endpoints.huggingface.cloud")

KEY_FOR_PROVIDER = (
    "the provider {provider} needs a Hugging Face token: set HF_TOKEN (in the Action: hub-token) to one that may "
    "call Inference Providers. Secrets are not there for a pull request from a fork"
)
NO_HUB_KEY = (
    "HF_TOKEN is no Hugging Face token (they begin with hf_), and no other key is sent to the provider {provider}: "
    "correct it, or give the provider's own address as endpoint with its key in HUBPIPE_ENDPOINT_KEY"
)
BAD_PLACE = "endpoint: {problem}"
KEPT_BACK = "the key in %s is not sent to %s, where the connection is not encrypted. Use an https address"


@dataclass(frozen=True)
class Where:
    """A provider or an address that is asked for a model.

    `model` is what the client calls `model`: an address, or with a provider the Hub's name. `host` names the place
    for people. `variable` is where its key belongs; `kept_back` tells that there is one that must not be sent there.
    """

    model: str
    provider: str | None
    host: str
    variable: str
    key: str | None = field(default=None, repr=False)
    kept_back: bool = False

    def client(self, timeout: float, content_type: str | None = None) -> InferenceClient:
        """Make a client that sends this place's key and no other; `timeout` in seconds."""
        # Otherwise the client asks the Hub which program may be calling, whatever server it is to ask.
        constants.HF_HUB_DISABLE_TELEMETRY = True
        # Without its own value the client would send whatever token it finds on this machine to any host.
        own = {} if self.key else {"authorization": None}
        # The bytes that arrive are counted: they must not grow when they are unpacked.
        headers = {"accept-encoding": "identity", "content-type": content_type, **own}
        return InferenceClient(
            model=self.model,
            provider=cast("Any", self.provider),
            token=self.key,
            timeout=timeout,
            headers=cast("Any", {name: value for name, value in headers.items() if value or name == "authorization"}),
        )


def where(step: Step, places: Places) -> Where:
    """Find out what a step's endpoint is, and which key belongs there.

    Raises EndpointError where a provider's token is missing, TaskError for what is no endpoint at all.
    """
    endpoint = step.endpoint or ""
    for problem in problems_of_endpoint(endpoint):
        raise TaskError(BAD_PLACE.format(problem=problem))
    return _at_address(endpoint, places) if is_url(endpoint) else _at_provider(endpoint, step.model, places)


def key_variable(endpoint: str) -> str:
    """Name the variable that holds the key for an endpoint."""
    return _variable(httpx2.URL(endpoint).host) if is_url(endpoint) else HUB_KEY


def _variable(host: str) -> str:
    return HUB_KEY if host == HUB_HOSTS[0] or host.endswith(HUB_HOSTS[1:]) else OTHER_KEY


def _at_provider(provider: str, model: str, places: Places) -> Where:
    if places.token is None:
        raise EndpointError(KEY_FOR_PROVIDER.format(provider=provider))
    # With any other key the client would ask the provider itself, and the key would go there.
    if not places.token.startswith(HUB_KEY_STARTS):
        raise EndpointError(NO_HUB_KEY.format(provider=provider))
    return Where(model, provider, provider, HUB_KEY, places.token)


def _at_address(endpoint: str, places: Places) -> Where:
    # Read by the library that sends, so that both see the same host.
    address = httpx2.URL(endpoint)
    variable = _variable(address.host)
    key = places.token if variable == HUB_KEY else places.endpoint_key
    host = address.netloc.decode("ascii")
    if key and address.scheme != "https" and not _is_this_machine(address.host):
        log.warning(KEPT_BACK, variable, host)
        return Where(endpoint, None, host, variable, kept_back=True)
    return Where(endpoint, None, host, variable, key or None)


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
