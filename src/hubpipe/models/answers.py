"""Turn labels into a request for JSON, and what a model answers to it into Scores."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema

from hubpipe.models.base import Scores, ranked

ONE = "Choose the one label that fits the text best, or none if none fits."
SEVERAL = "Choose every label that fits the text, or none if none fits."
ANSWER = 'Answer with JSON and nothing else: {{"labels": {example}}}, or {{"labels": []}} for none. The labels are:'

NO_JSON = "the model did not answer with the JSON that it was asked for, so no label was taken from its answer"
SEVERAL_ANSWERS = "the model gave several answers that differ, so no label was taken from them"


def instructions(labels: Mapping[str, str], multi_label: bool) -> str:
    """Write what a model is told so that it names labels in JSON; `labels` is name -> description, never empty."""
    example = json.dumps(list(labels)[: 2 if multi_label else 1], ensure_ascii=False)
    lines = [
        f"- {json.dumps(name, ensure_ascii=False)}" + (f": {description}" if description else "")
        for name, description in labels.items()
    ]
    return "\n".join([SEVERAL if multi_label else ONE, ANSWER.format(example=example), *lines])


def schema(labels: Mapping[str, str], multi_label: bool) -> dict[str, Any]:
    """Give the JSON schema of an answer: labels out of those given, at most one unless several may hold."""
    named = {"type": "array", "items": {"enum": list(labels)}, "uniqueItems": True}
    return {
        "type": "object",
        "properties": {"labels": named if multi_label else named | {"maxItems": 1}},
        "required": ["labels"],
        "additionalProperties": False,
    }


def scores(text: str, labels: Mapping[str, str], multi_label: bool) -> Scores:
    """Read the labels that an answer names: 1.0 for each, 0.0 for the others, never one that was not given.

    The JSON may stand between other words. An answer without it, or with several that differ, gives no
    scores and a remark that says so.
    """
    check = jsonschema.Draft202012Validator(schema(labels, multi_label)).is_valid
    answers = {frozenset(found["labels"]) for found in _objects(text) if check(found)}
    if len(answers) != 1:
        return Scores((), SEVERAL_ANSWERS if answers else NO_JSON)
    (named,) = answers
    return ranked((label, float(label in named)) for label in labels)


def _objects(text: str) -> Iterator[Any]:
    """Give every JSON object of a text that stands in no other."""
    decoder = json.JSONDecoder()
    place = text.find("{")
    while place >= 0:
        try:
            found, end = decoder.raw_decode(text, place)
            yield found
        # The second: an object nested a thousand times.
        except (ValueError, RecursionError):
            end = place + 1
        place = text.find("{", end)
