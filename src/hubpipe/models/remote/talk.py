"""Turn a text, or an image, into what a chat model at an endpoint answers about it."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from huggingface_hub import InferenceClient

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models import answers, chat
from hubpipe.models.base import NO_LABELS, Prediction, Text
from hubpipe.models.remote import shapes
from hubpipe.models.remote.calls import Caller, Limit, RefusalError
from hubpipe.models.remote.watch import Watch

SUMMARISE = "Summarise the text in at most {words} words. State only what the text says."
TRANSLATE = "Translate the text{source} into the language {target}. Write the translation and nothing else."
DESCRIBE = "Say in at most three plain sentences what the image shows, and quote the error messages in it."
# What ends a message in the templates of the usual chat models, whose names the server does not tell.
TURNS = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<(?:bos|eos)>"
    r"|<｜[^｜<>\n]{1,40}｜>|</?(?:tool_call|tool_response|think)>",
    re.IGNORECASE,
)
PICTURE_LETTERS = 4_000  # a picture costs about 1,000 tokens
THOUGHT_BEGINS = "<think>"
ENDS_EARLY = "the end of an answer, which is longer than {most} tokens (max_new_tokens)"
SCHEMA_NAME = "labels"
# What some servers refuse, and the word by which their refusal names it.
NAMED = {"temperature": "temperature", "max_tokens": "max_completion_tokens", "system": "system"}
SCHEMA = "schema"


@dataclass
class Talker:
    """Asks a chat model; what a server does not take is left out from then on."""

    caller: Caller
    served: str
    step: Step
    told: str
    labels: Mapping[str, str] = field(default_factory=dict)
    without: set[str] = field(default_factory=set)

    def answer(self, text: str, image: str | None = None) -> Prediction:
        """Ask about a text, and an image beside it (`data:` address); text, or scores where there are labels."""
        matter = chat.defused(text, set(TURNS.findall(text)))
        limit = self.caller.limit()
        while True:
            try:
                answer = self._say(matter, image, limit)
                break
            except RefusalError as fault:
                if not self._simpler(fault):
                    raise
        if not self.labels:
            return answer
        return self.caller.read(lambda: answers.scores(answer.text, self.labels, self.step.multi_label))

    def _simpler(self, fault: RefusalError) -> bool:
        """Leave out what the server may have refused; tell whether there was any."""
        said = fault.said.lower()
        refused = [what for what, word in NAMED.items() if word in said and what not in self.without]
        if not refused and self.labels and SCHEMA not in self.without:
            refused = [SCHEMA]
        self.without.update(refused)
        return bool(refused)

    def _say(self, matter: str, image: str | None, limit: Limit) -> Text:
        messages = chat.conversation(self.told, matter, with_system="system" not in self.without)
        most, newer = self.step.max_new_tokens, "max_tokens" in self.without

        def ask(client: InferenceClient, watch: Watch) -> Text:
            found = client.chat_completion(
                cast("Any", _seen(messages, image)),
                model=self.served,
                max_tokens=None if newer else most,
                extra_body={"max_completion_tokens": most} if newer else None,
                temperature=None if "temperature" in self.without else 0,
                response_format=cast("Any", self._format()),
            )
            [choice, *_] = found.choices
            left_out = ENDS_EARLY.format(most=most) if choice.finish_reason == "length" else ""
            return Text(_said(shapes.written(choice.message.content)), left_out)

        letters = sum(len(message["content"]) for message in messages) + (PICTURE_LETTERS if image else 0)
        return self.caller.call(ask, letters, limit=limit)

    def _format(self) -> dict[str, Any] | None:
        if not self.labels or SCHEMA in self.without:
            return None
        schema = answers.schema(self.labels, self.step.multi_label)
        return {"type": "json_schema", "json_schema": {"name": SCHEMA_NAME, "schema": schema, "strict": True}}


def talker(step: Step, labels: Mapping[str, str], caller: Caller) -> Talker:
    """Make what asks a chat for a step's task.

    Raises TaskError where the step's labels are to be chosen from and there are none.
    """
    if step.labels and not labels:
        raise TaskError(NO_LABELS.format(task=step.task))
    chosen = dict(labels) if step.labels else {}
    return Talker(caller, step.model, step, "\n\n".join(_told(step, chosen)), chosen)


def as_address(data: bytes, kind: str) -> str:
    """Write an image into an address, as chats take it."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _told(step: Step, labels: Mapping[str, str]) -> list[str]:
    parts = []
    if step.task == "summarization":
        parts.append(SUMMARISE.format(words=step.max_words))
    if step.task == "translation":
        source = f" from the language {step.source_language}" if step.source_language else ""
        parts.append(TRANSLATE.format(source=source, target=step.target_language))
    if step.task == "image-text-to-text" and step.instructions is None:
        parts.append(DESCRIBE)
    if step.instructions:
        parts.append(step.instructions)
    return parts + ([answers.instructions(labels, step.multi_label)] if labels else [])


def _said(written: str) -> str:
    """Leave out what a model thinks before it answers, also where it came no further."""
    said = chat.said(written)
    return "" if said.startswith(THOUGHT_BEGINS) else said


def _seen(messages: list[chat.Message], image: str | None) -> list[dict[str, Any]]:
    """Put an image before the words of the last message."""
    if image is None:
        return [dict(message) for message in messages]
    *before, last = messages
    content = [{"type": "image_url", "image_url": {"url": image}}, {"type": "text", "text": last["content"]}]
    return [*(dict(message) for message in before), {"role": last["role"], "content": content}]
