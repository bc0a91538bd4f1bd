"""Turn sentences with their embeddings into the few that stand for all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hubpipe.models.sentences import END_OF_SENTENCE, Sentence

Array = NDArray[np.float32]

# A summary is a part of the text: at most a third of its sentences, where there are many.
SHARE = 3
FEW = 3
# A summary of so few words is one line.
ONE_LINE = 15
REPEATS_TITLE = 0.9
IS_BOILERPLATE = 0.6
# How much centrality, nearness to the title and an early place count, beside the title. Of the words in the titles
# that people gave to 75 pull requests (PRTiger's development set), what is chosen without the title holds .63 in
# 40 words and .67 in 80 (.60 and .64 before the line that stands for the title led).
CENTRALITY, TITLE, LEAD = 0.2, 0.4, 0.4
# For the sentence that leads, the place counts less: descriptions often begin with what was wrong before.
LEAD_FIRST = 0.1
# Where there is none, for the line that stands for it: how early it stands among the paragraphs of one line, how
# near it comes to the length of a title, how near to the middle of all that is said. docs/adr/0006 says what each
# brings, and on what they were chosen.
EARLY, LENGTH, MIDDLE = 1.0, 1.0, 2.0
# A paragraph of one line with a full stop is more often a sentence than the subject of a commit.
STOPPED = 0.5
# People's titles have 8 words on average; half or double as many fit by half.
TITLE_WORDS, TITLE_SPREAD = 8, 0.6
# Between what is worth saying and what is said already (Carbonell & Goldstein 1998 call it lambda).
WORTH = 0.7
BOILERPLATE = (
    "I have read the contributing guidelines and the code of conduct",
    "I have searched the existing issues for duplicates",
    "I have added tests and updated the documentation",
    "All checks and tests pass on my machine",
    "Please review and let me know what you think, thank you",
    "Fix lint and formatting",
    "Address review comments",
    "Work in progress",
    "Merge remote-tracking branch upstream/main",
    "Initial commit",
    "Fix typo",
    "Bump the version",
    "Fix the build and the tests",
    "Clean up",
    "You can trigger a rebase of this pull request by commenting on it",
    "See full diff in the compare view",
    "updated-dependencies: dependency-name, dependency-type: direct, indirect",
)


@dataclass(frozen=True)
class Choice:
    """The sentences to choose from, and what they are worth: `vectors` (sentences × d) are unit embeddings."""

    sentences: Sequence[Sentence]
    vectors: Array
    worth: Array
    max_words: int


def choose(
    sentences: Sequence[Sentence], vectors: Array, title: Array | None, dull: Array, max_words: int
) -> list[int]:
    """Choose the sentences that stand for all, as places: the one that says most first, the others in their order.

    `vectors` (sentences × d), `title` (d) and `dull` (phrases × d) are unit embeddings. Sentences are
    taken by maximal marginal relevance while they fit into `max_words`; when none fits, the shortest alone.
    Beside a title none is taken where all repeat it or are boilerplate.
    Sources: Erkan & Radev 2004 (LexRank: centrality by similarity), Carbonell & Goldstein 1998 (MMR).
    """
    if not sentences:
        return []
    worth = _worth(vectors, title, dull)
    left = [place for place in range(len(sentences)) if worth[place] > 0]
    left = left if left or title is not None else list(range(len(sentences)))
    fits = [place for place in left if sentences[place].words <= max_words]
    if not fits:
        return sorted(left, key=lambda place: sentences[place].words)[:1]
    first_of_all = (LEAD - LEAD_FIRST) * _early(len(sentences))
    lead = _headline(sentences, vectors) if title is None else worth - first_of_all
    first = max(fits, key=lambda place: float(lead[place]))
    choice = Choice(sentences, vectors, worth, max_words)
    return [first] if max_words <= ONE_LINE else [first, *_others(choice, first, fits)]


def _others(choice: Choice, first: int, left: list[int]) -> list[int]:
    """Choose what stands beside the first sentence."""
    chosen = [first]
    most = max(FEW, len(choice.sentences) // SHARE)
    room = choice.max_words - choice.sentences[first].words
    said = choice.vectors @ choice.vectors[first]
    while len(chosen) < most:
        left = [place for place in left if choice.sentences[place].words <= room and place not in chosen]
        if not left:
            break
        gain = WORTH * choice.worth - (1 - WORTH) * said
        best = max(left, key=lambda place: float(gain[place]))
        chosen.append(best)
        room -= choice.sentences[best].words
        said = np.maximum(said, choice.vectors @ choice.vectors[best])
    return sorted(chosen[1:])


def _worth(vectors: Array, title: Array | None, dull: Array) -> Array:
    central = (vectors @ vectors.T).mean(axis=1)
    near = central if title is None else vectors @ title
    worth: Array = CENTRALITY * _spread(central) + TITLE * _spread(near) + LEAD * _early(len(vectors))
    worth[(vectors @ dull.T).max(axis=1, initial=0.0) > IS_BOILERPLATE] = 0.0
    if title is not None:
        worth[near > REPEATS_TITLE] = 0.0
    return worth


def _early(count: int) -> Array:
    """Give 1 for the first of so many sentences, and less and less for the others."""
    return np.linspace(1, 0, count, endpoint=False, dtype=np.float32)


def _headline(sentences: Sequence[Sentence], vectors: Array) -> Array:
    """Tell how well each sentence would do for the title that the text does not have."""
    alone = np.array([sentence.alone for sentence in sentences])
    stopped = np.array([sentence.text.endswith(END_OF_SENTENCE) for sentence in sentences])
    early = alone * (1 - (np.cumsum(alone) - 1) / max(1, alone.sum())) * np.where(stopped, STOPPED, 1.0)
    octaves = np.log([sentence.words / TITLE_WORDS for sentence in sentences])
    fit = np.exp(-((octaves / TITLE_SPREAD) ** 2) / 2)
    middle = vectors.mean(axis=0)
    near = vectors @ middle / max(float(np.linalg.norm(middle)), 1e-9)
    likeness: Array = EARLY * early + LENGTH * fit + MIDDLE * near
    return likeness


def _spread(values: Array) -> Array:
    low, high = values.min(), values.max()
    spread: Array = (values - low) / (high - low) if high > low else np.ones_like(values)
    return spread
