"""Measure summaries of pull requests against the titles that people gave them.

    python -m benchmarks.summaries [--data dev.csv] [--limit N] [--half odd | --half even] [--words N]

Without --data it reads the project's own pull requests (data/pulls.jsonl). --data reads a file of PRTiger
(https://github.com/soarsmu/PRTiger): columns source (`<desc>`, `<cmt>` and `<iss>` elements) and result (a list with
the person's title, `gold`, and those of fine-tuned BART and T5). A way to summarise sees description, commits and
linked issues' titles, never the title.
"""

import argparse
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import NamedTuple, TypeAlias

import numpy as np
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.scoring import Score
from rouge_score.tokenizers import DefaultTokenizer
from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence
from sumy.nlp.stemmers import Stemmer
from sumy.summarizers.lex_rank import LexRankSummarizer
from sumy.summarizers.text_rank import TextRankSummarizer
from sumy.utils import get_stop_words

from benchmarks.pulls import OWN, Pull, document, read
from hubpipe.config import Step
from hubpipe.infer import ask
from hubpipe.models import load, sentences
from hubpipe.models.base import Model, Places, Text
from hubpipe.models.extract import ONE_LINE

MEASURES = ("rouge1", "rouge2", "rougeL")
LINE = (
    "{way:23} ROUGE-1 {rouge1:4.1f}  ROUGE-2 {rouge2:4.1f}  ROUGE-L {rougeL:4.1f}  recall {recall:5.1%}  "
    "{words:4.1f} words  faithful {faithful:6.1%}  {seconds:.4f} s each"
)
GAP = "{way} minus ours: ROUGE-1 {rouge1:+.1f}  ROUGE-2 {rouge2:+.1f}  ROUGE-L {rougeL:+.1f}"
EXTRACTIVE = ("lead-1", "first commit's subject", "LexRank", "TextRank")
OURS = "ours"

Way: TypeAlias = Callable[[Pull], str]


class Row(NamedTuple):
    """The mean figures of one way to summarise; `recall` is the share of the title's words that it holds."""

    rouge1: float
    rouge2: float
    rougeL: float  # noqa: N815 (the name that the papers and rouge-score use)
    recall: float
    words: float
    faithful: float
    seconds: float


class Words:
    """What sumy asks for words: those of rouge-score, so that nothing must be downloaded."""

    def __init__(self) -> None:
        self._tokenizer = DefaultTokenizer()

    def to_words(self, sentence: str) -> tuple[str, ...]:
        """Split a sentence."""
        return tuple(self._tokenizer.tokenize(sentence))


def main() -> int:
    """Print the figures."""
    given = arguments()
    pulls = half(read(given.data)[: given.limit], given.half)
    step = Step(task="summarization", max_words=given.words)
    model = load(step, {}, Places(offline=True))
    model.predict(["Warm the model up\n\nIt reads this once before the clock starts."])
    print(f"model embedded, {len(pulls)} pull requests of {given.data.name}, {given.half or 'all'} rows, "
          f"max_words {given.words}, {platform.machine()}")  # fmt: skip
    rows = {way: measure(summarise, pulls) for way, summarise in ways(model, step, pulls).items()}
    for way, row in rows.items():
        print(LINE.format(way=way, **row._asdict()))
    for way in sorted(rows.keys() - {OURS, *EXTRACTIVE}):
        gaps = {name: getattr(rows[way], name) - getattr(rows[OURS], name) for name in MEASURES}
        print(GAP.format(way=way, **gaps))
    return 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    options = argparse.ArgumentParser(description="Summaries of pull requests against people's titles.")
    options.add_argument("--data", type=Path, default=OWN, help="a file of PRTiger (default: the project's own)")
    options.add_argument("--limit", type=int, help="read only the first rows")
    options.add_argument("--words", type=int, default=ONE_LINE, help="max_words; one line by default")
    options.add_argument("--half", choices=["odd", "even"], help="read every second row only, counted from 1")
    return options.parse_args()


def half(pulls: Sequence[Pull], which: str | None) -> list[Pull]:
    """Keep every second pull request, or all."""
    return list(pulls[{None: 0, "odd": 0, "even": 1}[which] :: 2 if which else 1])


def ways(model: Model, step: Step, pulls: Sequence[Pull]) -> dict[str, Way]:
    """Name the ways to summarise: ours, the baselines, and what the file holds for every row."""
    published = sorted(set.intersection(*(set(pull.published) for pull in pulls)))
    return {
        OURS: partial(ours, model, step),
        "lead-1": lead,
        "first commit's subject": subject,
        "LexRank": partial(ranked, LexRankSummarizer, step.max_words),
        "TextRank": partial(ranked, TextRankSummarizer, step.max_words),
        **{name: partial(as_published, name) for name in published},
    }


def ours(model: Model, step: Step, pull: Pull) -> str:
    """Ask the model that hubpipe comes with, as production does."""
    prediction = ask(model, step, document(pull)).prediction
    return " ".join(prediction.text.splitlines()) if isinstance(prediction, Text) else ""


def lead(pull: Pull) -> str:
    """Give the description's first sentence."""
    found = sentences.read(pull.body, sys.maxsize)
    return found.sentences[0].text if found.sentences else found.first


def subject(pull: Pull) -> str:
    """Give the first commit's first line."""
    return pull.commits[0].partition("\n")[0] if pull.commits else ""


def ranked(summarizer: Callable[[Stemmer], LexRankSummarizer | TextRankSummarizer], max_words: int, pull: Pull) -> str:
    """Rank the sentences that our model chooses among with one of sumy's summarizers, give the best."""
    words, rank = Words(), summarizer(Stemmer("english"))
    rank.stop_words = get_stop_words("english")
    read = sentences.read(document(pull).text, max_words).sentences
    # LexRank divides by nothing where no two sentences share a word; its order is the text's then.
    with np.errstate(invalid="ignore"):
        found = rank(ObjectDocumentModel([Paragraph([Sentence(sentence.text, words) for sentence in read])]), 1)
    return " ".join(map(str, found))


def as_published(name: str, pull: Pull) -> str:
    """Give what the file holds."""
    return pull.published[name]


def measure(summarise: Way, pulls: Sequence[Pull]) -> Row:
    """Take the mean of each figure over all pull requests."""
    scorer = RougeScorer(MEASURES, use_stemmer=True)
    started = time.perf_counter()
    summaries = [summarise(pull) for pull in pulls]
    seconds = (time.perf_counter() - started) / len(pulls)
    scores = [scorer.score(pull.title, summary) for pull, summary in zip(pulls, summaries, strict=True)]
    return Row(
        rouge1=_f1(scores, "rouge1"),
        rouge2=_f1(scores, "rouge2"),
        rougeL=_f1(scores, "rougeL"),
        recall=fmean(score["rouge1"].recall for score in scores),
        words=fmean(len(summary.split()) for summary in summaries),
        faithful=fmean(faithfulness(summary, pull) for summary, pull in zip(summaries, pulls, strict=True)),
        seconds=seconds,
    )


def _f1(scores: Sequence[Mapping[str, Score]], name: str) -> float:
    return 100 * fmean(score[name].fmeasure for score in scores)


def faithfulness(summary: str, pull: Pull) -> float:
    """Give the share of a summary's content words that its pull request holds; 1 where it has none."""
    tokenizer, dull = DefaultTokenizer(use_stemmer=True), get_stop_words("english")
    source = set(tokenizer.tokenize(document(pull).text))
    words = [word for word in tokenizer.tokenize(summary) if word not in dull]
    return fmean(word in source for word in words) if words else 1.0


if __name__ == "__main__":
    sys.exit(main())
