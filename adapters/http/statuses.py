"""Errors that follow from an HTTP status alone, at any provider."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import AdapterError, ConfigurationError, RejectedError, TemporaryError
from .retry_after import retry_after
from .transport import HostError, Reply

_LATER = {408, 425, 429}
_TEMPORARY_REDIRECTS = {302, 303, 307}


class NotFoundError(RejectedError):
    """The provider answers 404 or 410; the caller knows which object is missing."""

    def __init__(self, message: str) -> None:
        super().__init__("not_found", message)

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (str(self),), self.__dict__)


class RefusedError(RejectedError):
    """The provider refuses the request as it is.

    :ivar rows: the refusals of single items of a batch, by position; empty if the provider names no item.
    """

    rows: Mapping[int, RejectedError] = {}


def common_error(
    reply: Reply, provider: str, *, acts: bool, now: float, setting: str = "host"
) -> AdapterError | None:
    """Return the error that a status means for any request (retry later, failure, redirect), or None.

    :param provider: its name, for messages.
    :param acts: whether the request may have changed something before it failed.
    :param now: seconds since the epoch.
    :param setting: the setting that names the host.
    """
    status = reply.status
    if status in _LATER or status >= 500:
        return TemporaryError(
            f"{provider} asks to come back later (HTTP {status})"
            if status in _LATER
            else f"{provider} failed (HTTP {status})",
            retry_after=retry_after(reply.headers.get("Retry-After"), now),
            may_have_acted=acts and status not in {425, 429},
        )
    if 300 <= status < 400:
        message = f"the host answers with a redirect (HTTP {status}), which is not followed; check {setting}"
        if status in _TEMPORARY_REDIRECTS:
            return HostError(message, setting=setting)
        return ConfigurationError(message, setting=setting)
    return None


def not_the_provider(reply: Reply, provider: str, *, acts: bool, setting: str = "host") -> HostError:
    """Return the error for an answer that is not of the provider's API."""
    return HostError(
        f"the host's answer is not of {provider}'s API (HTTP {reply.status}); check {setting}",
        setting=setting,
        may_have_acted=acts,
    )
