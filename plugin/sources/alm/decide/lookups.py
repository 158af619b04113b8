"""Asking ALM about one thing after the other: a failure is that one thing's own, unless the first ones all fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from .....adapters.errors import RejectedError
from ..api.errors import FailedRequestError, UnknownRecordError

K = TypeVar("K")
T = TypeVar("T")


class Asking(Generic[K]):
    """Of one batch of events.

    :ivar asked: what ALM has answered on.
    """

    def __init__(self) -> None:
        self._failed = 0
        self.asked: set[K] = set()

    def ask(self, key: K, question: Callable[[], T]) -> T | UnknownRecordError | RejectedError | FailedRequestError:
        """The answer, or why ALM does not give one.

        :raises FailedRequestError: ALM failed on the first two that it was asked for: no single one's fault.
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
