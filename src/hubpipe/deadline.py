"""Turn a time limit, and the signals of whoever cancels a run, into an end that leaves no half of a flow behind."""

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from hubpipe.errors import HubpipeError, StoppedError, UsageError

USUAL = 30 * 60.0  # seconds
LONGEST = 24 * 3600.0
# How long what is being written may go on when the run is to end. A runner sends SIGINT, after 7.5 seconds SIGTERM, and
# after 2.5 seconds more it kills: https://docs.github.com/en/actions/reference/workflow-cancellation-reference
FINISHING = 10.0
GRACES = {signal.SIGINT: 6.0, signal.SIGTERM: 2.0}
# How long a library may hold on to the thread after that.
HELD = 10.0
# A library may swallow what ends the run: it is ended again after so many seconds.
AGAIN = 5.0

UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
WRITTEN = re.compile(r"(\d{1,7}(?:\.\d{1,3})?)\s?([smh]?)")
NO_TIME = "timeout is {text!r}: write seconds, or a number with a unit such as 90s, 10m or 2h, up to 24h"

TIME_IS_UP = "the run's time is up after {seconds:g} seconds (timeout)"
NOT_ENDED = "{reason}, and a library does not let go: what is published may be half of it; run this again"
CANCELLED = "the run was cancelled ({name})"


class Stop(BaseException):
    """The run ends now."""


class Deadline:
    """When a run ends at the latest; without `seconds` only somebody who cancels it ends it."""

    def __init__(self, seconds: float | None = None):
        self._seconds = seconds
        self._ends = float("inf") if seconds is None else time.monotonic() + seconds
        self._writing = False
        self._over = False
        self._watched = False
        self.struck = ""

    def begin(self) -> None:
        """Give a stage of the run all of its time, however long the run has waited before it."""
        self._ends = float("inf") if self._seconds is None else time.monotonic() + self._seconds

    def left(self) -> float:
        """Give the seconds that are left, those of the grace while something is being written."""
        return self._ends - time.monotonic()

    def strike(self, reason: str, grace: float) -> None:
        """End the run for a reason: now, or where it is writing in at most `grace` seconds.

        Raises Stop in the thread that calls it.
        """
        if self._over:
            return
        first, self.struck = not self.struck, self.struck or reason
        if not self._writing:
            raise Stop(self.struck)
        if first:
            self._ends = time.monotonic() + grace
        elif self.left() <= 0:
            raise Stop(self.struck)
        else:
            self._ends = min(self._ends, time.monotonic() + grace)
        self._alarm()

    def over(self) -> None:
        """Let nothing end the run any more: what is left is to tell of it."""
        self._over = True

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Finish what is done within, where the run is to end meanwhile, and end then.

        Raises Stop.
        """
        if self.left() <= 0 and not self.struck:
            self.strike(self.reason, 0)
        self._writing = True
        try:
            yield
        finally:
            self._writing = False
        if self.struck:
            raise Stop(self.struck)

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Tell what was done without being ended within: nothing more is begun behind it."""
        self._writing = True
        try:
            yield
        finally:
            self._writing = False

    @property
    def reason(self) -> str:
        """Say that the time is up."""
        return TIME_IS_UP.format(seconds=self._seconds or 0)

    @contextmanager
    def watched(self, last_words: Callable[[HubpipeError], object] = lambda _: None) -> Iterator["Deadline"]:
        """Let the clock and the signals of this process end the run; only its main thread can be ended so.

        Where a library holds that thread far beyond the time, the process ends after `last_words`.
        """
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {number: signal.signal(number, self._cancelled) for number in GRACES}
        before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._rang)
        last = threading.Timer(self.left() + FINISHING + HELD, self._give_up, (last_words,))
        last.daemon = True
        self._watched = True
        if self._seconds is not None:
            self._alarm()
            last.start()
        try:
            yield self
        finally:
            last.cancel()
            self._watched = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _alarm(self) -> None:
        """Have the clock ring when the time is up, where somebody hears it: else it would kill the process."""
        if self._watched and threading.current_thread() is threading.main_thread():
            signal.setitimer(signal.ITIMER_REAL, max(self.left(), 0.01), AGAIN)

    def _give_up(self, last_words: Callable[[HubpipeError], object]) -> None:
        error = StoppedError(NOT_ENDED.format(reason=self.reason))
        try:
            last_words(error)
            sys.stdout.flush()
        finally:
            os._exit(error.exit_code)

    def _rang(self, number: int, frame: FrameType | None) -> None:
        self.strike(self.reason, FINISHING)

    def _cancelled(self, number: int, frame: FrameType | None) -> None:
        found = signal.Signals(number)
        self.strike(CANCELLED.format(name=found.name), GRACES[found])


def seconds_of(text: str) -> float:
    """Read a time limit as a person writes it: `90`, `90s`, `10m`, `2h`.

    Raises UsageError for anything else, and for no time at all.
    """
    found = WRITTEN.fullmatch(text.strip().lower())
    seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
    if not 0 < seconds <= LONGEST:
        raise UsageError(NO_TIME.format(text=text))
    return seconds
