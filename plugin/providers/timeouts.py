"""Calls that come to an end: one that never returns is given up, and named."""

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
"""A call that has neither returned nor asked for a place in the rate for so long is given up."""

MAX_HANGING = 8
"""Calls of one connection that were given up and go on, as no thread can be ended: then no more is called."""

log = logging.getLogger("badgerelay.delivery")


class HangingError(AmbiguousError):
    """An adapter did not return."""


class EndingError(Exception):
    """An adapter raised what ends a process, or another task: in a thread of its own it ends neither."""


class _Watch:
    """When a call last showed that it is alive.

    :ivar since: by ``time.monotonic``.
    :ivar given_up: nobody waits for it any more.
    """

    def __init__(self) -> None:
        self.since = time.monotonic()
        self.waits = False
        self.given_up = False

    def left(self) -> float:
        """Seconds until it counts as hanging, unless it shows meanwhile that it does not."""
        return SILENT_SECONDS if self.waits else max(0.0, self.since + SILENT_SECONDS - time.monotonic())


_watch: contextvars.ContextVar[_Watch | None] = contextvars.ContextVar("badgerelay_adapter_call", default=None)


def watched(pace: Callable[[], None]) -> Callable[[], None]:
    """The pace, whose waiting does not count as an adapter's silence.

    A call that was given up gets no place any more: what it would issue has been looked for, and perhaps sent again.
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
    """What the call gives, made in a thread of its own; raises what it raises.

    Whoever waits for it can be interrupted: that is nothing of the call's.

    :param name: of the adapter, for messages, as ``connection``.
    :raises HangingError: it does not return; it goes on, nobody waits for it, and it gets no place in the rate.
    :raises EndingError: it raised such as SystemExit.
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
