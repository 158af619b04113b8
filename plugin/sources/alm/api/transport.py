"""HTTP to one ALM host: kept alive, limited in time and size, with an error class for each status."""

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
    from .rate_limits import ApiLimits

API = "/primeapi/v2"
CONNECT_SECONDS = 10.0
"""Maximum seconds to connect."""

MEDIA_TYPE = "application/vnd.api+json"
"""Media type of the API; ALM answers 406 if ``Accept`` lacks it."""


class UnauthorisedError(ConfigurationError):
    """ALM answered 401: the access token is not, or no longer, accepted."""


class Transport:
    """The HTTP connections to one host. Several threads may share it.

    :ivar rate_limit: the rate that the last answer stated, or None.
    """

    def __init__(
        self, base: str, now: Callable[[], float], pace: Callable[[], None], limits: ApiLimits | None = None
    ) -> None:
        """Create a transport.

        :param base: scheme and host (``https://learningmanager.adobe.com``), without a slash at its end.
        :param pace: called before each request.
        :param limits: ALM's own limits; None to ignore them.
        """
        self.base = base
        self._now = now
        self._pace = pace
        self._limits = limits
        self.rate_limit: RateLimit | None = None
        self._http = HttpTransport(base, pace, connect_seconds=CONNECT_SECONDS)

    def get(self, path: str, params: Mapping[str, str] | None, token: str, what: str) -> Any:
        """Return the JSON of a document.

        :param path: from the root of the host on; may have a query.
        :param what: names the request in messages: ``the learner``.
        :raises AdapterError: see :func:`error_of`; UnreachableError or NotAlmError: ALM gives no such answer;
            OverBudgetError: the connection's rate or ALM's own is used up.
        """
        headers = {"Accept": MEDIA_TYPE}
        return self._json("GET", path, what, params=params, headers=headers, auth=_oauth(token))

    def post(self, path: str, document: Mapping[str, Any], token: str, what: str) -> Any:
        """Send a document and return the JSON of the answer. :raises AdapterError: as for :meth:`get`."""
        headers = {"Accept": MEDIA_TYPE, "Content-Type": f"{MEDIA_TYPE};charset=UTF-8"}
        body = json.dumps(document).encode()
        return self._json("POST", path, what, data=body, headers=headers, auth=_oauth(token))

    def post_form(self, path: str, form: Mapping[str, str], what: str) -> Any:
        """Send a form and return the JSON of the answer. :raises AdapterError: as for :meth:`get`."""
        return self._json("POST", path, what, data=form, headers={"Accept": "application/json"}, auth=no_auth)

    @contextmanager
    def open(self, address: str, token: str | None, what: str) -> Iterator[requests.Response]:
        """Open the answer to a GET of any address, of any status, to be read in pieces.

        :param token: None for any other host than ALM.
        :raises AdapterError: as for :meth:`get`, also while the answer is read; but a status is not an error.
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
            if self._limits is not None:
                self._limits.before(kind)
            self._pace()
        try:
            with self._http.open(method, address, acts=False, **arguments) as response:
                limit = parse_rate_limit(response.headers) if kind is not None else None
                if kind is not None and limit is not None:
                    self.rate_limit = limit
                    if self._limits is not None:
                        self._limits.learn(kind, limit)
                yield response
        except (HostError, UnansweredError) as error:
            raise UnreachableError(f"ALM could not be asked for {what}: {error}") from None

    def _kind(self, method: str, address: str) -> str | None:
        """Return the kind of a request, such as ``GET users/userSkills``, or None for another host than ALM."""
        if not address.startswith(f"{self.base}/"):
            return None
        path = urlsplit(address).path.removeprefix(API).strip("/")
        return f"{method} {'/'.join(path.split('/')[::2])}"


def _oauth(token: str) -> HeaderAuth:
    return HeaderAuth(f"oauth {token}")


def error_of(status: int, headers: Mapping[str, str], what: str, now: float) -> Exception | None:
    """Return the error for a status, or None for a success.

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
