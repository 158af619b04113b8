"""The time-out of calls to adapters: a call that never returns is given up."""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from ...adapters.errors import AmbiguousError, OverBudgetError, TemporaryError

T = TypeVar("T")

SILENT_SECONDS = 300.0
"""Maximum seconds without a return or a request to the rate limit, after which a call is given up."""

MAX_HANGING = 8
"""Maximum calls of one connection that were given up and still run, as no thread can be ended; then none is made."""

log = logging.getLogger("badgerelay.delivery")


class HangingError(AmbiguousError):
    """An adapter did not return."""


class EndingError(Exception):
    """An adapter raised an exception that would end a process, such as SystemExit."""


class _Watch:
    """The progress of one call.

    :ivar since: when it last showed progress, by ``time.monotonic``.
    :ivar waits: it waits for the rate limit.
    :ivar given_up: nobody waits for its answer.
    """

    def __init__(self) -> None:
        self.since = time.monotonic()
        self.waits = False
        self.given_up = False

    def left(self) -> float:
        """Return the seconds until the call counts as hanging, unless it shows progress."""
        return SILENT_SECONDS if self.waits else max(0.0, self.since + SILENT_SECONDS - time.monotonic())


_watch: contextvars.ContextVar[_Watch | None] = contextvars.ContextVar("badgerelay_adapter_call", default=None)


def watched(pace: Callable[[], None]) -> Callable[[], None]:
    """Return the pace without counting its waiting as the adapter's silence.

    A call that was given up is refused: its award has been looked up, and perhaps sent again.
    """

    def paced() -> None:
        watch = _watch.get()
        if watch is None:
            return pace()
        if watch.given_up:
            raise OverBudgetError("this call was given up, and sends nothing more")
        watch.waits = True
        try:
            return pace()
        finally:
            watch.since, watch.waits = time.monotonic(), False

    return paced


def bounded(call: Callable[[], T], name: str, connection: str) -> T:
    """Make a call in a thread of its own, and return its answer or raise its exception.

    The waiting thread can be interrupted without an effect on the call.

    :param name: the adapter's name, for messages.
    :param connection: the connection's name, for messages.
    :raises HangingError: the call does not return. It runs on, and the rate limit refuses its requests.
    :raises EndingError: the call raised an exception that ends a process.
    :raises TemporaryError: too many calls of this connection hang already.
    """
    hanging = f"badgerelay hanging {name} of {connection}"
    count = sum(thread.name == hanging for thread in threading.enumerate())
    if count >= MAX_HANGING:
        raise TemporaryError(
            f"{count} calls of the adapter {name} hang, so it is not called: restart badgerelay, and tell its maker",
            retry_after=SILENT_SECONDS,
        )
    watch, given, raised = _Watch(), list[T](), list[Exception]()

    def run() -> None:
        _watch.set(watch)
        try:
            given.append(call())
        except Exception as error:
            raised.append(error)
        except BaseException as error:
            raised.append(EndingError(type(error).__name__).with_traceback(error.__traceback__))

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(run,), name=f"badgerelay {name}", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(watch.left())
        if thread.is_alive() and not watch.left():
            watch.given_up, thread.name = True, hanging
            log.error("the adapter %s of connection %s has not returned in time", name, connection)
            raise HangingError(f"the adapter {name} has not returned within {SILENT_SECONDS:g} s")
    if raised:
        raise raised[0]
    return given[0]
