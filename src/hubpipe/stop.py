"""Turn work that may take for ever into work that ends in time."""

from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """Do work in a thread of its own, and leave it behind when it is not done after `seconds`.

    A client's timeouts hold for one read each: a server that sends its reply's head a letter at a time would be
    waited for without end, and so would a look-up of its name. Raises TimeoutError, and what the work raises.
    """
    if seconds <= 0:
        raise TimeoutError
    done: Future[Result] = Future()
    context = copy_context()

    def run() -> None:
        try:
            done.set_result(context.run(work))
        except BaseException as fault:  # noqa: BLE001 (it belongs to the thread that waits)
            done.set_exception(fault)

    # A daemon: what was left behind must not keep the process from its end.
    Thread(target=run, daemon=True).start()
    return done.result(seconds)
