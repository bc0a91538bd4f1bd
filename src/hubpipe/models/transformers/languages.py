"""Turn the languages of a step into the settings that a translating model needs."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models.transformers.opening import Loaded

# The codes of NLLB (eng_Latn) and of SeamlessM4T (__eng__).
CODE = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}|__[a-z]{3}__")
# How Marian (>>deu<<) and MADLAD (<2de>) name the target ahead of the text.
TAGS = (re.compile(r">>(\S+)<<"), re.compile(r"<2(\S+)>"))
TASK, TO = "translation", "_to_"
MOST_NAMED = 8

NEEDS = "{model} translates between several languages: set {key}, such as {some}"
UNKNOWN = "{model} does not know {key} {wrong!r}; {nearest}"
NEAREST = "the nearest that it knows: {some}"
SOME = "it knows {some}"
ONLY = "{model} translates only into {only}: leave target_language out, or choose another model for {wrong!r}"


def direct(step: Step, loaded: Loaded, name: str) -> dict[str, Any]:
    """Tell a model its languages: by its tokenizer's codes, a tag ahead of the text, or its configuration's tasks.

    Gives what `tasks_of` gives for a task; `forced_bos_token_id` is the token that the translation begins with.
    A model of one direction needs no languages. Raises TaskError for one that is missing or not known.
    """
    if hasattr(loaded.tokenizer, "src_lang"):
        return _by_code(step, loaded, name)
    tags = _tags(loaded.tokenizer)
    if tags:
        return {"prefix": tags[_known(step, "target_language", tags, name)] + " "}
    tasks = {key: settings for key, settings in tasks_of(loaded.model.config).items() if key.startswith(TASK)}
    return tasks[_task(step, tasks, name)] if tasks else {}


def tasks_of(config: Any) -> dict[str, dict[str, Any]]:
    """Give a configuration's settings by task (`task_specific_params`), empty where it has none."""
    found = getattr(config, "task_specific_params", None) or {}
    return {str(task): dict(settings) for task, settings in found.items() if isinstance(settings, Mapping)}


def _by_code(step: Step, loaded: Loaded, name: str) -> dict[str, Any]:
    tokenizer = loaded.tokenizer
    codes = _codes(tokenizer)
    # A model of one direction was saved with its source.
    if step.source_language or not tokenizer.init_kwargs.get("src_lang"):
        tokenizer.src_lang = _known(step, "source_language", codes, name)
    fixed = [code for code, token in codes.items() if token in _first_tokens(loaded.model)]
    if not fixed:
        return {"forced_bos_token_id": codes[_known(step, "target_language", codes, name)]}
    if step.target_language not in (None, *fixed):
        raise TaskError(ONLY.format(model=name, only=fixed[0], wrong=step.target_language))
    return {}


def _codes(tokenizer: Any) -> dict[str, int]:
    """Give the token of each language that a tokenizer has a code for."""
    tokens = getattr(tokenizer, "lang_code_to_token", None)
    if tokens is None:
        named = getattr(tokenizer, "lang_code_to_id", None) or filter(CODE.fullmatch, tokenizer.all_special_tokens)
        tokens = {code.strip("_"): code for code in named}
    found = {code: tokenizer.convert_tokens_to_ids(token) for code, token in tokens.items()}
    return {code: token for code, token in found.items() if token != tokenizer.unk_token_id}


def _first_tokens(model: Any) -> tuple[Any, Any]:
    """Give the tokens that a model begins every answer with, whatever it is asked."""
    return model.generation_config.forced_bos_token_id, model.generation_config.decoder_start_token_id


def _tags(tokenizer: Any) -> dict[str, str]:
    """Give the tag of each language that is named ahead of the text."""
    matches = (pattern.fullmatch(token) for token in tokenizer.get_vocab() for pattern in TAGS)
    return {match.group(1): match.group() for match in matches if match}


def _task(step: Step, tasks: Mapping[str, Any], name: str) -> str:
    """Choose among the translations that a configuration names (`translation_en_to_de`)."""
    if len(tasks) == 1 and step.target_language is None:
        return next(iter(tasks))
    pairs = [key.removeprefix(f"{TASK}_").split(TO) for key in tasks if TO in key]
    source = _known(step, "source_language", [pair[0] for pair in pairs], name)
    target = _known(step, "target_language", [pair[-1] for pair in pairs if pair[0] == source], name)
    return f"{TASK}_{source}{TO}{target}"


def _known(step: Step, key: str, codes: Iterable[str], name: str) -> str:
    """Give the step's language if a model has a code for it."""
    known = list(dict.fromkeys(codes))
    wanted: str | None = getattr(step, key)
    some = ", ".join(known[:MOST_NAMED])
    if wanted is None:
        raise TaskError(NEEDS.format(model=name, key=key, some=some))
    if wanted in known:
        return wanted
    close = get_close_matches(wanted, known, n=3, cutoff=0.4)
    nearest = NEAREST.format(some=", ".join(close)) if close else SOME.format(some=some)
    raise TaskError(UNKNOWN.format(model=name, key=key, wrong=wanted, nearest=nearest))
