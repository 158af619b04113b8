"""Forks of this process, as by ``gunicorn --preload``, Celery's prefork pool or ``os.fork``.

SQLite's and libpq's handles must not be used on both sides of a fork, and no lock may be held by a thread that the
child does not have. So before a fork each :class:`Gate` closes and transactions end; the child starts anew.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import weakref
from types import TracebackType

FORK_SECONDS = 5.0
"""Maximum seconds that a fork waits for transactions and imports that are under way in other threads."""

IMPORT_POLL_SECONDS = 0.005
"""Seconds between two looks at imports that are under way."""

log = logging.getLogger("badgerelay.host")


class ForkAware:
    """An object that is informed of forks once it was given to :func:`watch_forks`, while somebody refers to it."""

    def before_fork(self, deadline: float) -> None:
        """Prepare for a fork, in the thread that forks. :param deadline: of waiting, by ``time.monotonic``."""

    def after_fork_in_parent(self) -> None:
        """Go on after a fork, in the parent."""

    def after_fork_in_child(self) -> None:
        """Forget threads, locks and handles of the parent, in the child."""


class Gate:
    """Counts the threads inside; while it is shut, further threads wait outside. Used with ``with``, also nested."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._shut = False
        self._mine = threading.local()

    def __enter__(self) -> None:
        depth = getattr(self._mine, "depth", 0)
        with self._changed:
            if self._shut and not depth:  # who is inside already must be able to finish
                self._changed.wait_for(lambda: not self._shut, FORK_SECONDS)
            self._inside += 1
        self._mine.depth = depth + 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._mine.depth = max(0, getattr(self._mine, "depth", 0) - 1)
        with self._changed:
            self._inside -= 1
            if self._shut:
                self._changed.notify_all()

    def shut(self, deadline: float) -> bool:
        """Let nobody in and wait until the deadline for those inside. Returns whether nobody is inside."""
        own = getattr(self._mine, "depth", 0)
        with self._changed:
            self._shut = True
            self._changed.wait_for(lambda: self._inside <= own, max(0.0, deadline - time.monotonic()))
            return self._inside == 0

    def open(self) -> None:
        """Let those in who wait outside."""
        with self._changed:
            self._shut = False
            self._changed.notify_all()


_watching: weakref.WeakSet[ForkAware] = weakref.WeakSet()
_lock = threading.RLock()
_process = os.getpid()
_inherited: list[object] = []


def watch_forks(member: ForkAware) -> None:
    """Inform the object of each fork of this process; only a weak reference to it is kept."""
    with _lock:
        _watching.add(member)


def keep_inherited(thing: object) -> None:
    """Refer to the parent's handles for ever: an object that is collected would close them, in the parent too."""
    _inherited.append(thing)


def notice_fork() -> None:
    """Start anew if this process was forked by a program that does not call Python's handlers."""
    if os.getpid() != _process:
        _in_child()


def _before() -> None:
    _lock.acquire()
    deadline = time.monotonic() + FORK_SECONDS
    for member in list(_watching):
        member.before_fork(deadline)
    # The child would wait for ever for a module that a thread of the parent is importing.
    while _importing() and time.monotonic() < deadline:
        time.sleep(IMPORT_POLL_SECONDS)


def _importing() -> bool:
    ours = [module for name, module in list(sys.modules.items()) if name.startswith("badgerelay.")]
    return any(getattr(getattr(module, "__spec__", None), "_initializing", False) for module in ours)


def _in_parent() -> None:
    for member in list(_watching):
        member.after_fork_in_parent()
    _lock.release()


def _in_child() -> None:
    global _lock, _process  # the parent's lock may be held by a thread that is not here
    _lock, _process = threading.RLock(), os.getpid()
    for member in list(_watching):
        member.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
