"""The server against its own description: schemathesis asks it whatever that allows, and what it does not."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import missing_required_header, negative_data_rejection, positive_data_acceptance

from hubpipe.event import SUBJECTS
from hubpipe.server.delivery import signature
from hubpipe.server.openapi import description
from tests.server.bot import SECRET, Bot, Process
from tests.standin.payloads import recorded

pytestmark = pytest.mark.e2e

EXAMPLES = 60  # of each route
BOUNDED = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[*HealthCheck],
)
schema = schemathesis.openapi.from_dict(description())
schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A door without a worker."""
    folder = tmp_path_factory.mktemp("web")
    with Bot(folder, f"sqlite:///{folder}/bot.sqlite", {"HUBPIPE_WEBHOOK_SECRET": SECRET}).running("web") as process:
        yield process


# The heads that a test writes are there and right, whatever was to be tried without them.
SIGNED_ANYWAY = (negative_data_rejection, missing_required_header)


class Signed(requests.auth.AuthBase):
    """Signs a body as it is sent, and names an event that hubpipe handles where one is given."""

    def __init__(self, kind: str | None = None):
        self._kind = kind

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body: Any = request.body or b""
        request.headers["X-Hub-Signature-256"] = signature(body.encode() if isinstance(body, str) else body, SECRET)
        if self._kind is not None:
            request.headers["X-GitHub-Event"] = self._kind
            request.headers["X-GitHub-Delivery"] = "a-guid"
        return request


def test_what_is_published_is_the_description_and_openapi(web: Process) -> None:
    published = json.loads(web.get("/openapi.json").data)
    assert published == description()
    Draft202012Validator.check_schema(published["paths"]["/webhooks"]["post"]["responses"]["202"])
    schemathesis.openapi.from_dict(published).validate()


@schema.parametrize()
@BOUNDED
def test_every_answer_is_one_that_the_description_has(case: "Case[Any]", web: Process) -> None:
    case.call_and_validate(base_url=web.url)


@schema.include(path="/webhooks").parametrize()
@BOUNDED
def test_every_answer_to_a_signed_request_is_one_that_the_description_has(case: "Case[Any]", web: Process) -> None:
    case.call_and_validate(base_url=web.url, auth=Signed(), excluded_checks=[*SIGNED_ANYWAY])


ANSWERS: Counter[int] = Counter()
KINDS = cycle(sorted(SUBJECTS))


@schema.include(path="/webhooks").parametrize()
@BOUNDED
def test_every_answer_about_an_event_that_hubpipe_handles_is_one_that_the_description_has(
    case: "Case[Any]", web: Process
) -> None:
    kind = next(KINDS)
    known = next((payload for name, payload in recorded() if name == kind), {})
    if isinstance(case.body, dict):
        case.body = known | case.body
    excluded = [*SIGNED_ANYWAY, positive_data_acceptance]
    ANSWERS[case.call_and_validate(base_url=web.url, auth=Signed(kind), excluded_checks=excluded).status_code] += 1


def test_the_inside_was_reached(web: Process) -> None:
    assert set(ANSWERS) >= {202, 400}
    assert 'hubpipe_deliveries_total{outcome="stored"}' in web.get("/metrics").data.decode()
    assert "Traceback" not in web.words()
