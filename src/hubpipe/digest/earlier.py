"""Turn what an earlier run found into what this run may keep: what the same model said, asked in the same way."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

from hubpipe.change import Memory
from hubpipe.config import Step
from hubpipe.models.base import ModelInfo

LENGTH = 16  # hexadecimal digits


def stands_for(step: Step, info: ModelInfo, asked: str, prompts: Mapping[str, str]) -> str:
    """Stand for the model and all settings that an answer depends on: its reference, and a hash of the rest."""
    settings = step.model_dump(mode="json", exclude={"when", "timeout", "fallback"})
    told = json.dumps([settings, asked, dict(prompts)], sort_keys=True)
    return f"{info.reference} {hashlib.sha256(told.encode()).hexdigest()[:LENGTH]}"


def usable(earlier: Memory | None, by: str) -> Memory | None:
    """Keep what was found by the same model, asked in the same way; the rest is forgotten."""
    if earlier is None or earlier.by == by:
        return earlier
    return replace(earlier, by=by, found={})
