"""Tiny Transformers models that read text, made in seconds."""

from tests.models.specimens.maker import Maker, StepKeys

# By library and task: what writes the model into a folder, and the keys that its step needs.
MAKERS: dict[tuple[str, str], Maker] = {}
STEPS: dict[tuple[str, str], StepKeys] = {}
