"""Turn a report on a model into the text of a file, a terminal or a model's card, and a file's name into its form."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from hubpipe.errors import UsageError
from hubpipe.render.neutral import neutralise
from hubpipe.training.examples import Example
from hubpipe.training.report import Side, TrainingReport, as_json, as_markdown, as_page, as_text

Form = Literal["text", "json", "html", "markdown"]
FORMS: dict[str, Form] = {".html": "html", ".htm": "html", ".json": "json", ".md": "markdown", ".txt": "text"}

NO_FORM = "{path}: a report is written as its name ends: {known}"
# https://huggingface.co/docs/hub/model-cards: the Hub reads what a model is from here.
CARD = """\
---
library_name: hubpipe
pipeline_tag: text-classification
tags: [hubpipe, github-issues]
base_model: {base}
---

This model was learned with hubpipe from labelled issues, and gives these labels: {labels}.
Use it with `model: learned`, or by the name of its folder. What follows was measured before it was learned again
from all examples, those of the test too.

{report}
"""
EMBEDDED = "sentence-transformers/all-MiniLM-L6-v2"


def written(report: TrainingReport, form: Form) -> str:
    """Write a report in one of its forms, a new line at its end."""
    match form:
        case "json":
            text = json.dumps(as_json(report), ensure_ascii=False, indent=2)
        case "html":
            text = as_page(report)
        case "markdown":
            text = as_markdown(report)
        case _:
            text = as_text(report)
    return text.rstrip("\n") + "\n"


def form_of(path: Path) -> Form:
    """Tell by its name how a file is to be written; raises UsageError where it does not say."""
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise UsageError(NO_FORM.format(path=path, known=", ".join(FORMS)))
    return form


def card(report: TrainingReport, labels: Sequence[str], encoder: str) -> str:
    """Write a learned model's card."""
    base = EMBEDDED if encoder == "embedded" else encoder
    named = ", ".join(neutralise(label) for label in labels)
    return CARD.format(labels=named, base=json.dumps(base), report=as_markdown(report))


def side(examples: Sequence[Example]) -> Side:
    """Tell how many examples one side of a split has, and of when."""
    dates = [example.created_at for example in examples if example.created_at is not None]
    return Side(len(examples), min(dates, default=None), max(dates, default=None))
