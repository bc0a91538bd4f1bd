"""Turn what is written to a stream into the same lines without secrets."""

import io
from typing import TextIO, cast

from hubpipe.redaction import Redaction


def redacted(stream: TextIO, redaction: Redaction) -> TextIO:
    """Give a stream that passes on to another one what is written to it, without secrets."""
    return cast("TextIO", _Redacted(stream, redaction))


def learn(stream: object, redaction: Redaction) -> None:
    """Let a stream that `redacted` gave, or one that stands before it, know more from now on."""
    while stream is not None:
        if isinstance(stream, _Redacted):
            stream.redaction = redaction
        stream = getattr(stream, "below", None)


class _Redacted(io.TextIOBase):
    """Stands before a stream; what is written reaches it by whole lines, since a secret may come in pieces."""

    def __init__(self, stream: TextIO, redaction: Redaction):
        self.below = stream
        self.redaction = redaction
        self._waiting = ""

    # Without an encoding click would look for a stream of bytes below, and write to that.
    encoding = "utf-8"

    def write(self, text: str) -> int:
        """Take text, and pass on the lines that are whole."""
        lines, end, self._waiting = (self._waiting + text).rpartition("\n")
        if end:
            self.below.write(self.redaction.text(lines) + end)
        return len(text)

    def flush(self) -> None:
        """Pass on what waits for the end of its line, too."""
        waiting, self._waiting = self._waiting, ""
        if waiting:
            self.below.write(self.redaction.text(waiting))
        self.below.flush()

    def isatty(self) -> bool:
        """Tell whether a person looks at the stream below."""
        return self.below.isatty()

    def fileno(self) -> int:
        """Give the number of the file below."""
        return self.below.fileno()
