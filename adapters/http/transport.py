"""HTTP to one host: kept-alive, bounded in time and size, and clear about what may have been sent."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError, NewConnectionError

from ..errors import AdapterError, AmbiguousError, TemporaryError
from .session import TooLargeError, new_session, no_auth, read_all

CONNECT_SECONDS = 3.05
"""Seconds until a connection must be made."""

READ_SECONDS = 30.0
"""Seconds for which a host may stay silent."""

MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""Maximum bytes of an answer."""


class HostError(TemporaryError):
    """The host cannot be reached, or it is not the provider. During ``check`` this is a wrong setting.

    :param setting: the setting that names the host.
    """

    def __init__(self, message: str, *, setting: str = "host", may_have_acted: bool = False) -> None:
        super().__init__(message, may_have_acted=may_have_acted)
        self.setting = setting


class UnansweredError(TemporaryError):
    """No answer came to a request that changes nothing."""


class BrokenOffError(UnansweredError):
    """The connection broke before the answer to a request that changes nothing: it can be sent again at once."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Requests to one base URL. May be used by several threads.

    :param setting: the setting that names this host, for messages.
    :param pace: called before each request of :meth:`send`.
    :param connect_seconds: seconds until a connection must be made.
    :param read_seconds: seconds for which the host may stay silent.
    """

    def __init__(
        self,
        base: str,
        pace: Callable[[], None],
        *,
        setting: str = "host",
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._base = base
        self._pace = pace
        self._setting = setting
        self._timeout = (connect_seconds, read_seconds)
        self._session = new_session(base)
        self._session.headers["Accept"] = "application/json"

    def send(
        self,
        method: str,
        path: str,
        *,
        auth: AuthBase | None = None,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        form: Mapping[str, str] | None = None,
        acts: bool,
    ) -> Reply:
        """Send one request and return its whole answer, whatever the status; redirects are not followed.

        :param body: sent as JSON.
        :param form: sent form-encoded, in place of ``body``.
        :param acts: whether carrying it out twice would matter.
        :raises HostError: no connection came about.
        :raises UnansweredError: no answer came, and carrying it out twice would not matter.
        :raises AmbiguousError: the request was sent, carrying it out twice would matter, and no answer came.
        :raises OverBudgetError: the connection's rate limit is used up; nothing was sent.
        """
        self._pace()
        with self.open(
            method, self._base + path, auth=auth, params=params, json=body, data=form, acts=acts
        ) as response:
            return Reply(response.status_code, response.headers, self._read(response, acts=acts))

    @contextmanager
    def open(
        self, method: str, url: str, *, acts: bool, auth: AuthBase | None = None, **arguments: Any
    ) -> Iterator[requests.Response]:
        """Send one request, without pacing, and yield its answer to be read in pieces.

        Reading inside the ``with`` block raises the same errors as :meth:`send`.

        :param url: absolute; it may be of another host.
        :param arguments: further arguments of ``requests.Session.request``.
        """
        try:
            with self._session.request(
                method,
                url,
                auth=auth or no_auth,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
                **arguments,
            ) as response:
                yield response
        # Not "from error": the text of these exceptions contains the URL with its query.
        except (requests.RequestException, HTTPError, OSError) as error:
            raise self._failure(error, acts=acts) from None

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._session.close()

    def _read(self, response: requests.Response, *, acts: bool) -> bytes:
        try:
            return read_all(response, MAX_ANSWER_BYTES)
        except TooLargeError:
            raise HostError(
                f"the answer is larger than {MAX_ANSWER_BYTES} bytes", setting=self._setting, may_have_acted=acts
            ) from None

    def _failure(self, error: Exception, *, acts: bool) -> AdapterError:
        causes = list(_causes(error))
        kind = type(causes[-1]).__name__
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            return HostError("the host's TLS certificate is not valid; check the host", setting=self._setting)
        never_sent = isinstance(error, (requests.ConnectTimeout, requests.exceptions.ProxyError)) or any(
            isinstance(cause, NewConnectionError) for cause in causes
        )
        if isinstance(error, requests.exceptions.SSLError) and not acts:
            never_sent = True
        if never_sent:
            return HostError(f"the host cannot be reached ({kind}); check the host", setting=self._setting)
        if acts:
            return AmbiguousError(f"the request was sent and no answer came ({kind})")
        slow = isinstance(error, requests.Timeout) or any(isinstance(cause, TimeoutError) for cause in causes)
        return (UnansweredError if slow else BrokenOffError)(f"no answer came ({kind})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and its causes, which requests and urllib3 keep in ``args`` and ``reason``."""
    current: BaseException | None = error
    for _ in range(10):
        if current is None:
            return
        yield current
        inner = [getattr(current, "reason", None), *current.args, current.__cause__]
        current = next((item for item in inner if isinstance(item, BaseException)), None)
