"""What can go wrong between us and ALM, beyond what ``adapters.errors`` names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...adapters.errors import AdapterError, TemporaryError

if TYPE_CHECKING:
    from .documents import LearnerRecord


class UnknownRecordError(AdapterError):
    """ALM does not know the record (404). It may later: a webhook can be ahead of the API."""


class UnreachableError(TemporaryError):
    """Nothing answered at the host: no such name, refused, timed out, no valid certificate."""


class NotAlmError(TemporaryError):
    """Something answered that does not speak like ALM: a redirect, a page, no JSON."""


class FailedRequestError(TemporaryError):
    """ALM failed on this one request (5xx), or sent a document that is not understood: others may go well."""


class IncompleteError(TemporaryError):
    """Some learners were found before ALM stopped answering.

    :param found: those already read; ids that are missing may or may not exist.
    """

    def __init__(self, message: str, *, found: dict[str, LearnerRecord], retry_after: float | None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.found = found
