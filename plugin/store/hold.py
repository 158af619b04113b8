"""What one process does at a time, for as long as it lasts: held while it runs, and free soon after it was killed."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

from sqlalchemy.engine import Row

from .database import StoreUnavailableError
from .leases import LEASE_SECONDS, RENEW_SECONDS
from .locks import Turns


class HeldError(Exception):
    """Another process does it; says which."""


class Hold:
    """Holds it within a ``with`` block.

    :param what: in words, at most 64 characters.
    :param now: seconds since the epoch. :param sleep: for seconds.
    """

    def __init__(
        self, turns: Turns, what: str, now: Callable[[], float], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._turns = turns
        self._what = what
        self._now = now
        self._sleep = sleep
        self._owner = f"process {os.getpid()} on {socket.gethostname()[:24]} {secrets.token_hex(6)}"
        self._holder = self._owner
        self._ended = threading.Event()
        self._renewing = threading.Thread(target=self._renew, name=f"hold {what}", daemon=True)

    def __enter__(self) -> Hold:
        """One who was killed holds it for a moment yet, which is waited for. :raises HeldError: another is alive."""
        first = held = self._claim()
        while held.owner != self._owner:
            if held != first:
                self.check()
            self._sleep(RENEW_SECONDS / 2)
            held = self._claim()
        self._renewing.start()
        return self

    def check(self) -> None:
        """:raises HeldError: another process has it by now, as this one stood still for long."""
        if self._holder != self._owner:
            raise HeldError(f"{self._holder.rpartition(' ')[0]} works on {self._what}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._renewing.join()
        with suppress(StoreUnavailableError):  # it ends by itself
            self._turns.give_back(self._what, self._owner)

    def _renew(self) -> None:
        while not self._ended.wait(RENEW_SECONDS):
            with suppress(StoreUnavailableError):
                self._claim()

    def _claim(self) -> Row[Any]:
        held = self._turns.claim(self._what, self._owner, seconds=LEASE_SECONDS, now=self._now())
        self._holder = held.owner
        return held
