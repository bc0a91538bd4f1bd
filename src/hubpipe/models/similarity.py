"""Turn the embeddings of a text and of labels into scores, without a single labelled example."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

# The numbers below were chosen on the training half of NLBSE'24 (1,500 issues of five repositories; bug,
# feature, question with GitHub's own descriptions) for the embedded model. Macro-F1 on those issues: names
# .50, and descriptions .50, and the phrases below .55. Accuracy .58; .65 on the 41 % scored over 0.6 and
# .73 on the 19 % over 0.7; calibration error .05. It is a start without a labelled example, no more.
# How much of a text its first line is: titles tell the kind of an issue better than reports do.
TITLE_WEIGHT = 5.0
# Softmax slope over standard scores.
SLOPE = 0.75
# Each label by itself: how many standard deviations over the background are as likely as not.
MULTI_SLOPE, MULTI_MIDDLE = 0.9, 1.0

# How much of what a repository's own texts score for a label on average, over what they score for all, is taken off
# it, and how many texts weigh as much as none. Chosen on NLBSE'24's training half and on corefx's older half, where
# labels are balanced and where one dominates (see docs/learning.md; benchmarks/centring.py prints the table).
CENTRED, FIRM = 0.25, 20

# Issues of every kind: how near they are to a label on average is what "not this label" looks like.
BACKGROUND = (
    "Crash when opening a large file on Windows",
    "Login page returns 500 after upgrading to version 3.2",
    "Segmentation fault in the image decoder",
    "Wrong result when summing negative numbers",
    "Memory usage grows until the process is killed",
    "Build fails with undefined reference on macOS",
    "Tooltip is cut off at the edge of the window",
    "Timeout while downloading packages behind a proxy",
    "Add support for dark mode",
    "Allow custom certificates in the HTTP client",
    "Option to export the report as CSV",
    "Support Python 3.13",
    "Provide a Docker image for ARM",
    "Make the cache size configurable",
    "Keyboard shortcut for switching tabs",
    "Expose the retry policy in the public API",
    "How do I run the tests on a single file?",
    "Is it possible to use two databases at once?",
    "What does this warning mean?",
    "Difference between the sync and the async client",
    "Can I train the model on my own data?",
    "Where is the configuration file stored?",
    "Why is the first request slow?",
    "Help with connecting to a remote server",
    "Update the installation guide",
    "Typo in the README",
    "Refactor the parser into smaller functions",
    "Bump the lodash dependency from 4.1 to 4.2",
    "Flaky test in the continuous integration",
    "Remove deprecated functions",
    "Release 2.0 checklist",
    "Improve performance of the query planner",
)


def unit(vectors: Array) -> Array:
    """Scale vectors (… × d) to length 1; a zero vector stays."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Array = vectors / np.maximum(lengths, 1e-12)
    return scaled


class Yardstick:
    """Labels as directions away from the background, with the scale of each."""

    def __init__(self, labels: Sequence[Array], background: Array):
        """Take one array (phrases × d) a label and the background (texts × d), all of unit embeddings."""
        centres = unit(np.stack([label.mean(axis=0) for label in labels]))
        self.directions = unit(centres - background.mean(axis=0))
        similar = background @ self.directions.T
        self.mean = similar.mean(axis=0)
        self.deviation = similar.std(axis=0) + 1e-6

    def centre(self, texts: Array) -> None:
        """Take what unit embeddings of a repository's own texts (n × d) say to all labels off what each label scores.

        A label that all of them are near, because of what the repository is about, tells less. A part of it: where most
        are near because most have the label, all of it would be a lie.
        """
        known = ((texts @ self.directions.T - self.mean) / self.deviation).mean(axis=0)
        share = CENTRED * len(texts) / (len(texts) + FIRM)
        self.mean = self.mean + share * (known - known.mean()) * self.deviation

    def score(self, texts: Array, multi_label: bool) -> Array:
        """Score unit embeddings (n × d) for each label (n × labels), from 0 to 1.

        Scores share 1.0 among the labels, or stand each by itself with `multi_label`.
        """
        standard = (texts @ self.directions.T - self.mean) / self.deviation
        if multi_label:
            alone: Array = 1 / (1 + np.exp(-MULTI_SLOPE * (standard - MULTI_MIDDLE)))
            return alone
        weights = np.exp(SLOPE * (standard - standard.max(axis=1, keepdims=True)))
        shared: Array = weights / weights.sum(axis=1, keepdims=True)
        return shared
