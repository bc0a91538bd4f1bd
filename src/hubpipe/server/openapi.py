"""Turn the server's routes into their OpenAPI description."""

from typing import Any

from hubpipe import __version__
from hubpipe.server.delivery import IDENTIFIER

ERROR = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
STATE = {
    "type": "object",
    "required": ["database", "model"],
    "properties": {"database": {"type": "boolean"}, "model": {"type": "boolean"}},
}
TAKEN = {
    "oneOf": [
        {"type": "object", "required": ["delivery"], "properties": {"delivery": {"type": "string"}}},
        {"type": "object", "required": ["forgotten"], "properties": {"forgotten": {"type": "string"}}},
    ]
}


def description() -> dict[str, Any]:
    """Describe what the server answers."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "hubpipe", "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": {
            "/webhooks": {"post": _webhooks()},
            "/healthz": {"get": _got("The process lives", "text/plain", {"type": "string"})},
            "/readyz": {
                "get": _got("It can work", "application/json", STATE, {"503": _answer("It cannot work yet", STATE)})
            },
            "/metrics": {"get": _got("Numbers for Prometheus", "text/plain", {"type": "string"})},
            "/openapi.json": {"get": _got("This description", "application/json", {"type": "object"})},
        },
    }


def _webhooks() -> dict[str, Any]:
    return {
        "summary": "Take a delivery of GitHub's",
        "operationId": "webhooks",
        "parameters": [
            _header("X-GitHub-Event", {"type": "string", "minLength": 1}),
            _header("X-GitHub-Delivery", {"type": "string", "pattern": f"^{IDENTIFIER.pattern}$"}),
            _header("X-Hub-Signature-256", {"type": "string", "pattern": "^sha256=[0-9a-f]{64}$"}),
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
        "responses": {
            "202": _answer("It is stored, or there is nothing to do about it", TAKEN),
            "400": _answer("It is not as GitHub sends it", ERROR),
            "401": _answer("It is not signed with the webhook's secret", ERROR),
            "408": _answer("It did not arrive in time", ERROR),
            "413": _answer("It is too large", ERROR),
            "415": _answer("It is no JSON, but a form", ERROR),
            "503": _answer("It could not be stored, or too many large ones arrive at once", ERROR),
        },
    }


def _header(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": True, "schema": schema}


def _got(summary: str, kind: str, schema: dict[str, Any], more: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = {"description": summary, "content": {kind: {"schema": schema}}}
    return {"summary": summary, "responses": {"200": answer, **(more or {})}}


def _answer(words: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": schema}}}
