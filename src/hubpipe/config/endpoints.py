"""Turn what `endpoint:` says into how it is spoken to: as a chat, or by the Hub's task."""

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias
from urllib.parse import SplitResult, parse_qsl, urlsplit

# The name of a provider (https://huggingface.co/docs/inference-providers), or a server's address.
PROVIDER = re.compile(r"[a-z0-9][a-z0-9-]*")
URL = re.compile(r"https?://[^/\s\\]+[^\s\\]*")
# How the address of an OpenAI-compatible server ends; any other is taken for the address of one task.
CHAT_PATHS = ("/v1", "/chat/completions")
# The providers that serve the Hub's tasks; the others serve chats, and embeddings.
TASK_PROVIDERS = ("hf-inference", "auto")

CHAT_TASKS = frozenset({"text-generation", "image-text-to-text"})
# A chat does these when it is told to.
WRITING_TASKS = frozenset({"summarization", "translation", "text2text-generation"})
NOT_SERVED = frozenset({"decision"})
# How many tokens of about four letters one request holds: what the usual models of a task read, less what is sent
# beside it. The tokenizer is unknown, so a longer text is rather read in more windows than cut by the server unseen.
CHAT_LIMIT, TASK_LIMIT = 8_000, 480
TASK_LIMITS = {"feature-extraction": 250, "sentence-similarity": 250, "summarization": 1_000}
SECRET = re.compile(r"key|token|secret|passw|auth|sig(nature)?$|credential", re.IGNORECASE)

Speech: TypeAlias = Literal["chat", "task"]

NO_PLACE = "name a provider, such as hf-inference, or a server's address: https://HOST/PATH"
HOLDS_A_KEY = (
    "it holds a key ({where}), which everybody who reads the repository sees: take it out and make it a secret "
    "that the workflow gives as endpoint-key"
)
CHATS_ONLY = (
    "{endpoint} is the address of a chat server, which does not do {task}; it does {able}. For labels use "
    "text-generation with labels; for {task} give the address of a server of that task"
)
NO_ENDPOINT_DOES = "no endpoint does {task}: leave endpoint out, or use text-generation with labels"
NO_TARGET = "say what to translate into: the model behind a chat knows no language of its own"
BOTH_LANGUAGES = "an endpoint takes source_language and target_language together: give both, or neither"


def is_url(endpoint: str) -> bool:
    """Tell a server's address from a provider's name."""
    return "://" in endpoint


def speech(endpoint: str, task: str) -> Speech:
    """Tell how an endpoint is asked for a task: with messages to a chat, or by the task's own request."""
    if task in CHAT_TASKS:
        return "chat"
    if is_url(endpoint):
        path = urlsplit(endpoint).path.rstrip("/")
        return "chat" if path.endswith(CHAT_PATHS) else "task"
    return "chat" if task in WRITING_TASKS and endpoint not in TASK_PROVIDERS else "task"


def token_limit(task: str, endpoint: str) -> int:
    """Tell how many tokens of text one request to an endpoint is taken to hold; no server says it, so it is assumed."""
    return CHAT_LIMIT if speech(endpoint, task) == "chat" else TASK_LIMITS.get(task, TASK_LIMIT)


def problems_of_endpoint(endpoint: str) -> Iterator[str]:
    """Say what is wrong with an endpoint's name or address; no message repeats a key."""
    if not is_url(endpoint):
        if not PROVIDER.fullmatch(endpoint):
            yield NO_PLACE
        return
    address = _split(endpoint)
    if address is None or not URL.fullmatch(endpoint):
        yield NO_PLACE
        return
    if address.username is not None or address.password is not None:
        yield HOLDS_A_KEY.format(where="before the @")
    for name, _ in parse_qsl(address.query, keep_blank_values=True):
        if SECRET.search(name):
            yield HOLDS_A_KEY.format(where=f"?{name}=")


def problems_of_task(
    endpoint: str, task: str, source: str | None = None, target: str | None = None
) -> Iterator[tuple[str, str]]:
    """Give (key, message) of what an endpoint cannot do; `source` and `target` are the step's languages."""
    if task in NOT_SERVED:
        yield "task", NO_ENDPOINT_DOES.format(task=task)
        return
    chats = speech(endpoint, task) == "chat"
    if chats and task not in CHAT_TASKS | WRITING_TASKS:
        able = ", ".join(sorted(CHAT_TASKS | WRITING_TASKS))
        yield "task", CHATS_ONLY.format(endpoint=urlsplit(endpoint).hostname, task=task, able=able)
    if task == "translation" and chats and target is None:
        yield "target_language", NO_TARGET
    if task == "translation" and not chats and (source is None) != (target is None):
        yield ("source_language" if source is None else "target_language"), BOTH_LANGUAGES


def _split(endpoint: str) -> SplitResult | None:
    try:
        address = urlsplit(endpoint)
        _ = address.port  # an odd one is found only when it is read
    except ValueError:
        return None
    return address if address.hostname else None
