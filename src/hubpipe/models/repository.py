"""What is known of a model's files and of its card, before a weight is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hubpipe.models import formats


@dataclass(frozen=True)
class Card:
    """What a model's card says of it, by the Hub's names; None or empty where it says nothing.

    `task` is the Hub's `pipeline_tag`, `license` the Hub's name of it (the card's own name of it for `other`),
    `parameters` counts all the weights' numbers.
    """

    task: str | None = None
    tags: tuple[str, ...] = ()
    license: str | None = None
    languages: tuple[str, ...] = ()
    base_model: str | None = None
    gated: bool = False
    parameters: int | None = None


@dataclass(frozen=True)
class Repository:
    """A model's files as listed, before a weight is read.

    `folder` is None while the files are only on the Hub; `library` is what the Hub or the name says.
    `sizes` gives bytes by file name, relative to the model's root; `hashes` the sha256, or git's id of the
    file, where the Hub tells it. `embedded`: its hashes are known. `asked` is the revision that the
    configuration names, `pinned` that it is the commit itself. `patterns` are the files that the library reads
    safely beside the usual ones, `modules` the folders of a Sentence Transformers model's parts, `base` the second
    model that is loaded with it (see `bases`). `own`: it was learned with hubpipe, and has its owner's licence.
    """

    name: str
    revision: str | None = None
    folder: Path | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    library: str | None = None
    embedded: bool = False
    card: Card = Card()
    hashes: Mapping[str, str] = field(default_factory=dict)
    asked: str | None = None
    pinned: bool = False
    patterns: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    base: "Repository | None" = None
    own: bool = False

    @property
    def reference(self) -> str:
        """`repo@commit`; the name alone where there is no commit."""
        return f"{self.name}@{self.revision}" if self.revision else self.name

    @property
    def place(self) -> tuple[str, str | None, Path | None]:
        """What tells its files from those of every other: name, commit and folder."""
        return self.name, self.revision, self.folder

    @property
    def wanted(self) -> tuple[str, ...]:
        """The files that hubpipe would download and load."""
        return formats.wanted(self.sizes, self.patterns, self.modules)

    @property
    def wanted_bytes(self) -> int:
        """Bytes of all the files that hubpipe would download and load."""
        return sum(self.sizes[name] for name in self.wanted)

    @property
    def weights(self) -> tuple[str, ...]:
        """Those of the wanted files that hold what was learned."""
        return tuple(name for name in self.wanted if not formats.is_text(name))


@dataclass(frozen=True)
class Source:
    """A folder of safe files to load a model from, and where it is from."""

    folder: Path
    name: str
    revision: str | None
