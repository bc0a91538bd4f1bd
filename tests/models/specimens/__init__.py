"""One tiny model for each library and task that the table of libraries names."""

from tests.models import tiny
from tests.models.specimens import libraries, media, text
from tests.models.specimens.maker import Maker, StepKeys

MAKERS: dict[tuple[str, str], Maker] = {
    **{("transformers", task): make for task, make in tiny.MAKERS.items()},
    **text.MAKERS,
    **media.MAKERS,
    **libraries.MAKERS,
}
STEPS: dict[tuple[str, str], StepKeys] = {
    ("transformers", "zero-shot-classification"): {"hypothesis_template": tiny.HYPOTHESIS},
    **text.STEPS,
    **media.STEPS,
    **libraries.STEPS,
}
