"""HTTP to one ALM host: kept-alive, bounded in time and size, and every status made an error class here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from ...adapters.errors import ConfigurationError, RejectedError, TemporaryError
from .errors import FailedRequestError, NotAlmError, UnknownRecordError, UnreachableError
from .rates import RateLimit, parse_rate_limit, parse_retry_after

CONNECT_TIMEOUT_SECONDS = 10.0
READ_TIMEOUT_SECONDS = 30.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024
POOL_CONNECTIONS = 16
MEDIA_TYPE = "application/vnd.api+json"
"""Without it in ``Accept`` ALM answers 406."""

_CHUNK_BYTES = 64 * 1024


class UnauthorisedError(ConfigurationError):
    """ALM answered 401: the access token is not, or no longer, accepted."""


class Transport:
    """May be used by several threads at once.

    :ivar rate_limit: what the last answer that said so allows, or None.
    """

    def __init__(self, base: str, now: Callable[[], float], pace: Callable[[], None]) -> None:
        """:param base: scheme and host (``https://learningmanager.adobe.com``), without a slash at its end.
        :param pace: called before each request.
        """
        self.base = base
        self._now = now
        self._pace = pace
        self.rate_limit: RateLimit | None = None
        self._session = requests.Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=POOL_CONNECTIONS)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def get(self, path: str, params: Mapping[str, str] | None, token: str, what: str) -> Any:
        """The JSON of a document.

        :param path: from the root of the host on; may have a query.
        :param what: names the request in messages: ``the learner``.
        :raises AdapterError: see :func:`error_of`; UnreachableError, NotAlmError when there is no such answer;
            OverBudgetError when the connection's rate is used up.
        """
        return self._request("GET", path, what, params=params, headers={"Accept": MEDIA_TYPE}, auth=_Token(token))

    def post_form(self, path: str, form: Mapping[str, str], what: str) -> Any:
        """The JSON that answers a form. :raises AdapterError: as for :meth:`get`."""
        return self._request("POST", path, what, data=form, headers={"Accept": "application/json"}, auth=_Token(None))

    def close(self) -> None:
        self._session.close()

    def _request(self, method: str, path: str, what: str, **arguments: Any) -> Any:
        self._pace()
        try:
            with self._session.request(
                method,
                self.base + path,
                timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS),
                allow_redirects=False,
                stream=True,
                **arguments,
            ) as response:
                status, headers = response.status_code, response.headers
                body = _read(response, what)
        except requests.RequestException as error:
            # The message of a requests error has the URL in it.
            raise UnreachableError(f"ALM could not be asked for {what}: {type(error).__name__}") from None
        self.rate_limit = parse_rate_limit(headers) or self.rate_limit
        error_for_status = error_of(status, headers, what, self._now())
        if error_for_status is not None:
            raise error_for_status
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise NotAlmError(f"ALM's answer for {what} is not JSON") from None


class _Token(requests.auth.AuthBase):
    """Sets the one header; being there at all, it keeps requests from sending what a ``.netrc`` says."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"oauth {self._token}"
        return request


def error_of(status: int, headers: Mapping[str, str], what: str, now: float) -> Exception | None:
    """The one place where a status becomes an error.

    :param now: seconds since the epoch.
    :return: None for 2xx. Otherwise UnauthorisedError (401), ConfigurationError (403, 406), UnknownRecordError
        (404), TemporaryError (429), FailedRequestError (5xx), NotAlmError (3xx), RejectedError (any other).
    """
    if 200 <= status < 300:
        return None
    if status == 401:
        return UnauthorisedError(
            f"ALM refuses the access token for {what} (401): connect again with a new refresh_token",
            setting="refresh_token",
        )
    if status == 403:
        return ConfigurationError(
            f"ALM forbids {what} (403): the application needs the scope admin:read and an administrator's consent",
            setting="refresh_token",
        )
    if status == 404:
        return UnknownRecordError(f"ALM does not know {what} (404)")
    if status == 406:
        return ConfigurationError(
            f"ALM does not take our Accept header for {what} (406): something between us and ALM changes requests",
            setting="host",
        )
    if status == 429:
        return TemporaryError(
            f"ALM allows no more requests now ({what}, 429)", retry_after=parse_retry_after(headers, now)
        )
    if status >= 500:
        return FailedRequestError(f"ALM failed on {what} ({status})")
    if 300 <= status < 400:
        return NotAlmError(f"ALM answers {what} with a redirect ({status}), which is not followed")
    return RejectedError(f"alm_{status}", f"ALM refuses {what} ({status})")


def _read(response: requests.Response, what: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in response.iter_content(_CHUNK_BYTES):
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise NotAlmError(f"ALM's answer for {what} is larger than {MAX_ANSWER_BYTES >> 20} MiB")
        parts.append(part)
    return b"".join(parts)
