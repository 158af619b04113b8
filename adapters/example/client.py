"""The provider's API: requests, and the error of each status. No other file deals with HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..context import Context
from ..errors import INVALID_TEMPLATE, ConfigurationError, RejectedError, TemporaryError
from ..http.hosts import base_url
from ..http.retry_after import retry_after
from ..http.session import HeaderAuth
from ..http.transport import Reply, Transport

MAX_PAGES = 100_000
CODES = {"unknown_template": INVALID_TEMPLATE}
"""The provider's codes, with badgerelay's code for each."""

_CODE = re.compile(r"[a-z_]{1,64}")


class ExampleClient:
    """HTTP client of one connection. May be used by several threads; opens nothing before the first call."""

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        base = base_url(settings["host"])
        self._transport = Transport(base, context.pace, read_seconds=settings["read_timeout"])
        self._auth = HeaderAuth(f"Bearer {settings['api_key']}")
        self._now = context.now

    def ask(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Send a request that changes nothing. Raises as :meth:`act`, except AmbiguousError."""
        reply = self._transport.send("GET", path, auth=self._auth, params=params, acts=False)
        return self._read(reply, acts=False)

    def act(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request that must not be carried out twice.

        :raises AmbiguousError: the request was sent and no answer came.
        :raises TemporaryError: the request failed now; ``may_have_acted`` if the answer is not valid.
        :raises ConfigurationError: the provider does not accept the key.
        :raises RejectedError: the provider refuses the request, and will refuse it again.
        """
        reply = self._transport.send("POST", path, auth=self._auth, body=body, acts=True)
        return self._read(reply, acts=True)

    def pages(self, path: str, params: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
        """Yield every object of a list. :raises TemporaryError: the list cannot be read to its end."""
        number: Any = 1
        for _ in range(MAX_PAGES):
            page = self.ask(path, {**(params or {}), "page": str(number)})
            items, following = page.get("items"), page.get("next")
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise TemporaryError("the provider sent a list without items")
            yield from items
            if following is None:
                return
            if not isinstance(following, int) or following <= number:
                break
            number = following
        raise TemporaryError("the provider's pages do not come to an end")

    def close(self) -> None:
        self._transport.close()

    def _read(self, reply: Reply, *, acts: bool) -> dict[str, Any]:
        """Return the error of a status, or None. It quotes nothing of the answer, which may contain an address."""
        status, document = reply.status, _document(reply.body)
        if status in (401, 403):
            raise ConfigurationError(
                f"the provider refuses the key (HTTP {status}); check api_key", setting="api_key"
            )
        if status == 429 or status >= 500:
            raise TemporaryError(
                f"the provider cannot do it now (HTTP {status})",
                retry_after=retry_after(reply.headers.get("Retry-After"), self._now()),
                may_have_acted=acts and status != 429,
            )
        if 300 <= status < 400:
            raise ConfigurationError(f"the host redirects (HTTP {status}); check host", setting="host")
        if document is None:
            raise TemporaryError(
                f"the host's answer is not the provider's (HTTP {status}); check host", may_have_acted=acts
            )
        if status >= 400:
            raise refusal(document.get("error"))
        return document


def refusal(error: Any) -> RejectedError:
    """Return the error for ``{"code": ..., "message": ...}``, the provider's form of a refusal."""
    said = error.get("code") if isinstance(error, dict) else None
    code = said if isinstance(said, str) and _CODE.fullmatch(said) else "refused"
    return RejectedError(CODES.get(code, code), f"the provider refuses it: {code}")


def _document(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
