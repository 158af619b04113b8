"""After a 429, no thread and no process calls before the time that the provider asked for."""

from __future__ import annotations

import math

from ..context import Context
from ..errors import OverBudgetError

MAX_SECONDS = 86_400.0
"""Maximum seconds of a cooldown."""


class Cooldown:
    """A time without calls, shared by all processes.

    :param key: of the connection's storage, for the end of the cooldown.
    :param what: the subject of messages: the provider's name.
    """

    def __init__(self, context: Context, key: str, what: str) -> None:
        self._context = context
        self._key = key
        self._what = what

    def begin(self, seconds: float) -> None:
        """Allow no call for so many seconds; a longer cooldown that is under way stays."""
        until = self._context.now() + min(max(seconds, 0.0), MAX_SECONDS)
        if until > self._until():
            self._context.storage.put(self._key, repr(until), seconds=max(seconds, 1.0))

    def check(self) -> None:
        """Check that the cooldown is over. :raises OverBudgetError: it is not."""
        left = self._until() - self._context.now()
        if left > 0:
            raise OverBudgetError(
                f"{self._what} asked for {math.ceil(left)} more seconds without calls", retry_after=left
            )

    def pace(self) -> None:
        """Pace a request. :raises OverBudgetError: it must not be sent now."""
        self.check()
        self._context.pace()

    def _until(self) -> float:
        try:
            until = float(self._context.storage.get(self._key) or 0.0)
        except ValueError:
            return 0.0
        # A clock that was set back must not make a cooldown endless.
        return until if until - self._context.now() <= MAX_SECONDS else 0.0
