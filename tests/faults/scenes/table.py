"""All scenes."""

from tests.faults.scenes import Scene
from tests.faults.scenes.issues import Digest, Issue, Similar, Stale
from tests.faults.scenes.orders import Label, Undo
from tests.faults.scenes.pulls import Check, Description, Release
from tests.faults.scenes.stages import Analyse, Apply

SCENES: tuple[Scene, ...] = (
    Issue(),
    *(Stale(), Digest(), Similar()),
    *(Check(), Description(), Release()),
    *(Label(), Undo()),
    *(Analyse(), Apply()),
)
