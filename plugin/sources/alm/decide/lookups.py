"""Look-ups in ALM, one after the other: a failure belongs to its own subject, unless the first ones all fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from .....adapters.errors import RejectedError
from ..api.errors import FailedRequestError, UnknownRecordError

K = TypeVar("K")
T = TypeVar("T")


class SingleLookups(Generic[K]):
    """The look-ups of one batch of events.

    :ivar asked: the keys on which ALM has answered.
    """

    def __init__(self) -> None:
        self._failed = 0
        self.asked: set[K] = set()

    def ask(self, key: K, question: Callable[[], T]) -> T | UnknownRecordError | RejectedError | FailedRequestError:
        """Return the answer, or the error that stands for this key alone.

        :raises FailedRequestError: ALM failed on the first two keys: no single key is the cause.
        """
        try:
            answer = question()
        except (UnknownRecordError, RejectedError) as error:
            self.asked.add(key)
            return error
        except FailedRequestError as error:
            self._failed += 1
            if self._failed > 1 and not self.asked:
                raise
            return error
        self.asked.add(key)
        return answer
