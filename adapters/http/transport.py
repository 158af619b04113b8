"""HTTP to one host: kept-alive, bounded in time and size, and clear about what may have been sent."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from urllib3.exceptions import HTTPError, NewConnectionError

from ..errors import AdapterError, AmbiguousError, TemporaryError
from .session import HeaderAuth, TooLargeError, new_session, no_auth, read_all

CONNECT_SECONDS = 3.05
READ_SECONDS = 30.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024


class HostError(TemporaryError):
    """The host cannot be reached, or what answers there is not the provider. During ``check``, a wrong setting.

    :param setting: which setting names the host.
    """

    def __init__(self, message: str, *, setting: str = "host", may_have_acted: bool = False) -> None:
        super().__init__(message, may_have_acted=may_have_acted)
        self.setting = setting


class BrokenOffError(TemporaryError):
    """The connection broke before the answer was there, of a request that does nothing: it can be made again."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Requests to one base URL. May be used by several threads.

    :param setting: the setting that names this host, for messages.
    :param pace: called before each request.
    :param read_seconds: how long the host may stay silent.
    """

    def __init__(
        self, base: str, pace: Callable[[], None], *, setting: str = "host", read_seconds: float = READ_SECONDS
    ) -> None:
        self._base = base
        self._pace = pace
        self._setting = setting
        self._timeout = (CONNECT_SECONDS, read_seconds)
        self._session = new_session(base)
        self._session.headers["Accept"] = "application/json"

    def send(
        self,
        method: str,
        path: str,
        *,
        auth: HeaderAuth | None = None,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        form: Mapping[str, str] | None = None,
        acts: bool,
    ) -> Reply:
        """One request and its whole answer, whatever the status; redirects are not followed.

        :param body: sent as JSON.
        :param form: sent form-encoded, in place of ``body``.
        :param acts: whether carrying it out twice would matter.
        :raises HostError: no connection came about.
        :raises TemporaryError: no answer came, which does not matter.
        :raises AmbiguousError: it was sent, it ``acts``, and no answer came.
        :raises OverBudgetError: the connection's rate is used up; nothing was sent.
        """
        self._pace()
        try:
            with self._session.request(
                method,
                self._base + path,
                params=params,
                json=body,
                data=form,
                auth=auth or no_auth,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                content = self._read(response, acts=acts)
                return Reply(response.status_code, response.headers, content)
        # Not "from error": the text of these exceptions carries the URL with its query.
        except (requests.RequestException, HTTPError, OSError) as error:
            raise self._failure(error, acts=acts) from None

    def close(self) -> None:
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
        return (TemporaryError if slow else BrokenOffError)(f"no answer came ({kind})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and those it wraps: requests and urllib3 keep them in ``args`` and ``reason``."""
    current: BaseException | None = error
    for _ in range(10):
        if current is None:
            return
        yield current
        inner = [getattr(current, "reason", None), *current.args, current.__cause__]
        current = next((item for item in inner if isinstance(item, BaseException)), None)
