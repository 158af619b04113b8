"""What can go wrong between us and ALM, beyond what ``adapters.errors`` names."""

from __future__ import annotations

from .....adapters.errors import AdapterError, ConfigurationError, TemporaryError


class UnknownRecordError(AdapterError):
    """ALM does not know the record (404). It may later: a webhook can be ahead of the API."""


class ForbiddenError(ConfigurationError):
    """ALM forbids the request (403): the application has not got the scope for it."""


class UnreachableError(TemporaryError):
    """Nothing answered at the host: no such name, refused, timed out, no valid certificate."""


class NotAlmError(TemporaryError):
    """Something answered that does not speak like ALM: a redirect, a page, no JSON."""


class FailedRequestError(TemporaryError):
    """ALM failed on this one request (5xx), or sent a document that is not understood: others may go well."""


class AwaitedError(TemporaryError):
    """It is being asked for already, for many at once: the answer comes within ``retry_after`` or sooner."""


class ReportError(TemporaryError):
    """A report that ALM made cannot be had or read: its message says what is wrong with it."""
