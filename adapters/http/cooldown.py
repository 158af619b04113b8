"""After a "not now", nobody calls before the time that was asked for: not another thread, not another process."""

from __future__ import annotations

import math

from ..context import Context
from ..errors import OverBudgetError

MAX_SECONDS = 86_400.0


class Rest:
    """:param key: of the connection's storage, where the end of the rest is kept."""

    def __init__(self, context: Context, key: str, what: str) -> None:
        self._context = context
        self._key = key
        self._what = what

    def begin(self, seconds: float) -> None:
        """Let nobody call for so long; a rest that lasts longer already stays."""
        until = self._context.now() + min(max(seconds, 0.0), MAX_SECONDS)
        if until > self._until():
            self._context.storage.put(self._key, repr(until), seconds=max(seconds, 1.0))

    def check(self) -> None:
        """:raises OverBudgetError: it is not over."""
        left = self._until() - self._context.now()
        if left > 0:
            raise OverBudgetError(f"{self._what} asked for {math.ceil(left)} more seconds of rest", retry_after=left)

    def pace(self) -> None:
        """To be called before each request. :raises OverBudgetError: it is not to be sent now."""
        self.check()
        self._context.pace()

    def _until(self) -> float:
        try:
            until = float(self._context.storage.get(self._key) or 0.0)
        except ValueError:
            return 0.0
        # A clock that was set back must not make a rest endless.
        return until if until - self._context.now() <= MAX_SECONDS else 0.0
