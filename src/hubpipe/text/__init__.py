"""Turn a subject and its material into the texts a model sees."""

from hubpipe.text.document import Document, Part, compose, of_issue
from hubpipe.text.fitting import Fitted, Tokens, fit
from hubpipe.text.markdown import clean
from hubpipe.text.noise import visible
from hubpipe.text.windows import Window, split

__all__ = ["Document", "Fitted", "Part", "Tokens", "Window", "clean", "compose", "fit", "of_issue", "split", "visible"]
