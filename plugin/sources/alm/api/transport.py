"""HTTP to one ALM host: kept-alive, bounded in time and size, and every status made an error class here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from .....adapters.errors import ConfigurationError, RejectedError, TemporaryError
from .....adapters.http.session import HeaderAuth, TooLargeError, no_auth, read_all
from .....adapters.http.transport import MAX_ANSWER_BYTES, HostError, UnansweredError
from .....adapters.http.transport import Transport as HttpTransport
from .errors import FailedRequestError, ForbiddenError, NotAlmError, UnknownRecordError, UnreachableError
from .rate_headers import RateLimit, parse_rate_limit, parse_retry_after

if TYPE_CHECKING:
    from .rate_limits import Tempo

API = "/primeapi/v2"
CONNECT_SECONDS = 10.0
"""Seconds until a connection must be made."""

MEDIA_TYPE = "application/vnd.api+json"
"""Without it in ``Accept`` ALM answers 406."""


class UnauthorisedError(ConfigurationError):
    """ALM answered 401: the access token is not, or no longer, accepted."""


class Transport:
    """May be used by several threads at once.

    :ivar rate_limit: what the last answer that said so allows, or None.
    """

    def __init__(
        self, base: str, now: Callable[[], float], pace: Callable[[], None], tempo: Tempo | None = None
    ) -> None:
        """:param base: scheme and host (``https://learningmanager.adobe.com``), without a slash at its end.
        :param pace: called before each request.
        :param tempo: ALM's own limits; None where there is no need to keep to them.
        """
        self.base = base
        self._now = now
        self._pace = pace
        self._tempo = tempo
        self.rate_limit: RateLimit | None = None
        self._http = HttpTransport(base, pace, connect_seconds=CONNECT_SECONDS)

    def get(self, path: str, params: Mapping[str, str] | None, token: str, what: str) -> Any:
        """The JSON of a document.

        :param path: from the root of the host on; may have a query.
        :param what: names the request in messages: ``the learner``.
        :raises AdapterError: see :func:`error_of`; UnreachableError, NotAlmError when there is no such answer;
            OverBudgetError when the connection's rate is used up, or ALM's own.
        """
        headers = {"Accept": MEDIA_TYPE}
        return self._json("GET", path, what, params=params, headers=headers, auth=_oauth(token))

    def post(self, path: str, document: Mapping[str, Any], token: str, what: str) -> Any:
        """The JSON that answers a document. :raises AdapterError: as for :meth:`get`."""
        headers = {"Accept": MEDIA_TYPE, "Content-Type": f"{MEDIA_TYPE};charset=UTF-8"}
        body = json.dumps(document).encode()
        return self._json("POST", path, what, data=body, headers=headers, auth=_oauth(token))

    def post_form(self, path: str, form: Mapping[str, str], what: str) -> Any:
        """The JSON that answers a form. :raises AdapterError: as for :meth:`get`."""
        return self._json("POST", path, what, data=form, headers={"Accept": "application/json"}, auth=no_auth)

    @contextmanager
    def open(self, address: str, token: str | None, what: str) -> Iterator[requests.Response]:
        """The answer to a GET of any address, whatever its status, to be read bit by bit.

        :param token: None for any other host than ALM.
        :raises AdapterError: as for :meth:`get`, while it is read too, but no status is an error.
        """
        auth = no_auth if token is None else _oauth(token)
        with self._answer("GET", address, what, headers={"Accept": f"{MEDIA_TYPE}, */*"}, auth=auth) as response:
            yield response

    def close(self) -> None:
        self._http.close()

    def _json(self, method: str, path: str, what: str, **arguments: Any) -> Any:
        with self._answer(method, self.base + path, what, **arguments) as response:
            status, headers = response.status_code, response.headers
            try:
                body = read_all(response, MAX_ANSWER_BYTES)
            except TooLargeError:
                raise NotAlmError(f"ALM's answer for {what} is larger than {MAX_ANSWER_BYTES >> 20} MiB") from None
        error_for_status = error_of(status, headers, what, self._now())
        if error_for_status is not None:
            raise error_for_status
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise NotAlmError(f"ALM's answer for {what} is not JSON") from None

    @contextmanager
    def _answer(self, method: str, address: str, what: str, **arguments: Any) -> Iterator[requests.Response]:
        kind = self._kind(method, address)
        if kind is not None:
            if self._tempo is not None:
                self._tempo.before(kind)
            self._pace()
        try:
            with self._http.open(method, address, acts=False, **arguments) as response:
                limit = parse_rate_limit(response.headers) if kind is not None else None
                if kind is not None and limit is not None:
                    self.rate_limit = limit
                    if self._tempo is not None:
                        self._tempo.told(kind, limit)
                yield response
        except (HostError, UnansweredError) as error:
            raise UnreachableError(f"ALM could not be asked for {what}: {error}") from None

    def _kind(self, method: str, address: str) -> str | None:
        """What a request is counted as: ``GET users/userSkills``; None where it does not go to ALM."""
        if not address.startswith(f"{self.base}/"):
            return None
        path = urlsplit(address).path.removeprefix(API).strip("/")
        return f"{method} {'/'.join(path.split('/')[::2])}"


def _oauth(token: str) -> HeaderAuth:
    return HeaderAuth(f"oauth {token}")


def error_of(status: int, headers: Mapping[str, str], what: str, now: float) -> Exception | None:
    """The one place where a status becomes an error.

    :param now: seconds since the epoch.
    :return: None for 2xx. Otherwise UnauthorisedError (401), ForbiddenError (403), UnknownRecordError (404),
        ConfigurationError (406), TemporaryError (429), FailedRequestError (5xx), NotAlmError (3xx), RejectedError
        (any other).
    """
    if 200 <= status < 300:
        return None
    if status == 401:
        return UnauthorisedError(
            f"ALM refuses the access token for {what} (401): connect again with a new refresh_token",
            setting="refresh_token",
        )
    if status == 403:
        return ForbiddenError(
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
