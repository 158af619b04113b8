"""Errors of ALM's API, beside those of ``adapters.errors``."""

from __future__ import annotations

from .....adapters.errors import AdapterError, ConfigurationError, TemporaryError


class UnknownRecordError(AdapterError):
    """ALM does not know the record (404). It may know it later: a webhook can precede the API."""


class ForbiddenError(ConfigurationError):
    """ALM forbids the request (403): the application lacks the scope for it."""


class UnreachableError(TemporaryError):
    """The host did not answer: unknown name, refused, timed out, or no valid certificate."""


class NotAlmError(TemporaryError):
    """The answer is not ALM's: a redirect, a page, or no JSON."""


class FailedRequestError(TemporaryError):
    """ALM failed on this one request (5xx), or its document has an unknown shape. Other requests may succeed."""


class AwaitedError(TemporaryError):
    """The record is part of a report under way: the answer comes within ``retry_after`` or sooner."""


class ReportError(TemporaryError):
    """A report of ALM cannot be fetched or read; the message says why."""
