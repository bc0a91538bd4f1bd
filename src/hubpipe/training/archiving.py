"""Turn the examples that a model learned from into the archive that lies beside it."""

from collections.abc import Sequence

from hubpipe.models import hub
from hubpipe.models.base import Places
from hubpipe.models.learned import archive, tuned
from hubpipe.models.learned.archive import MOST, Archived
from hubpipe.models.learned.folder import Learned
from hubpipe.models.learned.scorer import Scorer
from hubpipe.training.examples import Example
from hubpipe.training.learning import Plan
from hubpipe.training.splitting import by_date


def files(examples: Sequence[Example], learned: Learned, plan: Plan, places: Places) -> dict[str, bytes]:
    """Embed examples (the newest, MOST at most) with a learned model's encoder, and pack them as files by name.

    Raises what `hub.fetch` raises for the encoder.
    """
    newest = by_date(examples)[-MOST:]
    source = hub.fetch(hub.locate(plan.encoder, plan.revision, places), places)
    scorer = Scorer(tuned.load(source, learned.parts.tensors), learned.parts)
    texts = [example.text for example in newest]
    return archive.pack(
        scorer.embed(texts, quick=True), [_kept(example, text) for example, text in zip(newest, texts, strict=True)]
    )


def _kept(example: Example, text: str) -> Archived:
    return Archived(example.title, example.labels, example.number, example.url, digest=archive.digest(text))
