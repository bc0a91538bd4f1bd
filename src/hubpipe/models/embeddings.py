"""Turn an encoder's vectors into features, similarities, zero-shot labels, summaries and answers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np

from hubpipe.config import Step
from hubpipe.errors import TaskError
from hubpipe.models import extract, finding, passages, sentences
from hubpipe.models.base import NO_LABELS, Model, ModelInfo, Prediction, Span, Spans, Text, Vector, ranked
from hubpipe.models.hub import Source
from hubpipe.models.keeping import Encoder
from hubpipe.models.phrases import phrases
from hubpipe.models.sentences import Sentence, thin
from hubpipe.models.similarity import BACKGROUND, TITLE_WEIGHT, Array, Yardstick, unit

NO_QUESTIONS = "{task} answers questions: set pipeline.questions"

THINNED = "{count} of {total} {what} (evenly spaced)"


def check(step: Step, labels: Mapping[str, str]) -> None:
    """Refuse a step that chooses among no labels or answers no question, before anything is loaded.

    Raises TaskError.
    """
    if step.task in ("zero-shot-classification", "sentence-similarity") and not labels:
        raise TaskError(NO_LABELS.format(task=step.task))
    if step.task == "question-answering" and not step.questions:
        raise TaskError(NO_QUESTIONS.format(task=step.task))


def build(step: Step, labels: Mapping[str, str], library: str, source: Source, encoder: Encoder) -> Model:
    """Make a model of an encoder for one of the tasks that encoders do.

    Raises TaskError where a choosing task has no labels, and an asking one no questions.
    """
    check(step, labels)
    # For summaries and answers a text is read sentence by sentence.
    limit = None if step.task in ("summarization", "question-answering") else encoder.limit
    info = ModelInfo(library, source.name, source.revision, step.known_task, limit)
    match step.task:
        case "zero-shot-classification":
            return ZeroShot(info, encoder, labels, step.multi_label)
        case "sentence-similarity":
            return Similarity(info, encoder, labels)
        case "summarization":
            return Summarizer(info, encoder, step.max_words)
        case "question-answering":
            questions = {name: question.instructions for name, question in (step.questions or {}).items()}
            return QuestionAnswering(info, encoder, questions)
        case _:
            return Features(info, encoder)


class Embedder(ABC):
    """What the tasks share: an encoder, and what is known of it."""

    def __init__(self, info: ModelInfo, encoder: Encoder):
        self.info = info
        self._encoder = encoder

    def tokens(self, text: str) -> Sequence[tuple[int, int]]:
        """Give the character offsets of every token."""
        return self._encoder.tokens(text)

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Give one prediction for each text."""
        return self._answers(texts) if texts else []

    @abstractmethod
    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Give one prediction for each of at least one text."""


class Features(Embedder):
    """feature-extraction: the embedding itself."""

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Give each text's unit embedding."""
        return [Vector(tuple(map(float, row))) for row in self._encoder.embed(texts)]


class Similarity(Embedder):
    """sentence-similarity: cosine to each candidate, by its description where it has one."""

    def __init__(self, info: ModelInfo, encoder: Encoder, labels: Mapping[str, str]):
        super().__init__(info, encoder)
        self._names = tuple(labels)
        self._vectors = encoder.embed([description or name for name, description in labels.items()])

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Score each text by cosine; what points away is as unlike as can be: 0."""
        cosines = self._encoder.embed(texts) @ self._vectors.T
        return [ranked(zip(self._names, row, strict=True)) for row in cosines]


class ZeroShot(Embedder):
    """zero-shot-classification: nearness to what a label's name, description and usual phrases say."""

    def __init__(self, info: ModelInfo, encoder: Encoder, labels: Mapping[str, str], multi_label: bool):
        super().__init__(info, encoder)
        self._names = tuple(labels)
        # Sharing 1.0 among one label would give it to every text.
        self._alone = multi_label or len(labels) == 1
        ways = [phrases(name, description) for name, description in labels.items()]
        vectors = encoder.embed([*BACKGROUND, *(phrase for way in ways for phrase in way)])
        ends = np.cumsum([len(BACKGROUND), *map(len, ways)])
        self._yardstick = Yardstick(np.split(vectors, ends)[1:-1], vectors[: len(BACKGROUND)])

    def centre(self, texts: Array) -> bool:
        """See labels from the repository's own texts (n × d, unit embeddings), where they share 1.0; say whether."""
        if not self._alone:
            self._yardstick.centre(texts)
        return not self._alone

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Score each text for every label, its title counting more than the rest."""
        titles = [sentences.split_title(text)[0] or text for text in texts]
        vectors = self._encoder.embed([*titles, *texts])
        read = unit(TITLE_WEIGHT * vectors[: len(texts)] + vectors[len(texts) :])
        scores = self._yardstick.score(read, self._alone)
        return [ranked(zip(self._names, row, strict=True)) for row in scores]


class Summarizer(Embedder):
    """summarization: the sentences that stand for the text, in its own words; nothing that its title says already."""

    def __init__(self, info: ModelInfo, encoder: Encoder, max_words: int):
        super().__init__(info, encoder)
        self._max_words = max_words

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Choose each text's sentences, one a line: the one that says most, then the others in their order."""
        return [self._summarize(text) for text in texts]

    def _summarize(self, text: str) -> Text:
        title, body = sentences.split_title(text)
        read = sentences.read(body, self._max_words)
        found = [sentence for sentence in read.sentences if not sentences.repeats(sentence.text, title)]
        alone = [] if title else [read.first]
        lines = self._choose(title, found) if found else alone
        return Text("\n".join(lines), read.left_out)

    def _choose(self, title: str, found: Sequence[Sentence]) -> list[str]:
        vectors = self._encoder.embed([*(sentence.text for sentence in found), *extract.BOILERPLATE, title])
        count = len(found)
        chosen = extract.choose(
            found,
            vectors[:count],
            title=vectors[-1] if title else None,
            dull=vectors[count:-1],
            max_words=self._max_words,
        )
        return [found[place].text for place in chosen]


class QuestionAnswering(Embedder):
    """question-answering: the section under the heading that asks the same, or else the sentence that is nearest.

    A Span's label is the question's name, its score how well heading or sentence fit; where none does, there is no
    span.
    """

    def __init__(self, info: ModelInfo, encoder: Encoder, questions: Mapping[str, str]):
        super().__init__(info, encoder)
        self._names = tuple(questions)
        # Many headings are a question's name ("environment"), others put it in words.
        self._asked = (*questions, *questions.values())
        self._vectors = encoder.embed(self._asked)

    def _answers(self, texts: Sequence[str]) -> list[Prediction]:
        """Answer all questions about each text."""
        return [self._spans(text) for text in texts]

    def _spans(self, text: str) -> Spans:
        every = passages.sections(text)
        sections = thin(every)
        left_out = [_thinned("headings", every, sections)]
        fit = self._fit([section.heading for section in sections])
        found = finding.assign(fit)
        spans = [self._span(text, row, sections[place], fit[row, place]) for row, place in found.items()]
        if len(found) < len(self._names):
            every = passages.sentences(text)
            told = thin(every)
            left_out.append(_thinned("sentences", every, told))
            fit = self._fit([text[sentence.start : sentence.end] for sentence in told])
            for row in set(range(len(self._names))) - found.keys():
                spans += [self._span(text, row, told[place], fit[row, place]) for place in finding.best(fit[row])]
        spans.sort(key=lambda span: (span.start, span.end, self._names.index(span.label)))
        return Spans(tuple(spans), ", ".join(filter(None, left_out)))

    def _fit(self, lines: Sequence[str]) -> Array:
        """Tell how well each line fits each question, by its name or by its words."""
        if not lines:
            return np.zeros((len(self._names), 0), dtype=np.float32)
        both = finding.likeness(self._asked, lines, self._vectors @ self._encoder.embed(lines).T)
        fit: Array = both.reshape(2, len(self._names), len(lines)).max(axis=0)
        return fit

    def _span(self, text: str, row: int, passage: passages.Passage, score: float) -> Span:
        stretch = text[passage.start : passage.end]
        return Span(self._names[row], passage.start, passage.end, stretch, float(score))


def _thinned(what: str, every: Sequence[object], kept: Sequence[object]) -> str:
    return THINNED.format(count=len(every) - len(kept), total=len(every), what=what) if len(kept) < len(every) else ""
