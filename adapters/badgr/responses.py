"""Turn Badgr's answers into data or exceptions, in :func:`read_answer` only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, urlsplit

from requests.utils import parse_header_links

from ..errors import INVALID_TEMPLATE, ConfigurationError
from ..http.json_values import document, text
from ..http.redact import quote
from ..http.statuses import NotFoundError, RefusedError, common_error, not_the_provider
from ..http.transport import Reply

_CODES = (
    ("previous award of this badge already exists", "already_issued"),
    ("already revoked", "already_revoked"),
)
_FIELD_CODES = {"recipient": "invalid_recipient", "badgeclass": INVALID_TEMPLATE}
_MOST_COMPLAINTS = 200
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """Badgr's envelope. :param cursor: of the next page, or None."""

    result: list[Any]
    cursor: str | None = None


def read_answer(reply: Reply, *, acts: bool, now: float, secrets: Iterable[str] = (), credential: str) -> Answer:
    """Return Badgr's answer, or raise its error.

    :param acts: whether the request may have changed something before it failed.
    :param now: seconds since the epoch.
    :param secrets: texts that must not be quoted from the answer.
    :param credential: the setting to name when the credentials are refused.
    :raises ConfigurationError: 401, 403, or a permanent redirect.
    :raises NotFoundError: 404 or 410 of Badgr's own.
    :raises RefusedError: 400 and every other 4xx.
    :raises TemporaryError: 408, 425, 429, 5xx; as HostError also an answer that is not Badgr's JSON.
    """
    status = reply.status
    if status in {401, 403}:
        raise ConfigurationError(
            f"Badgr refuses the credentials (HTTP {status}); check {credential}: may they issue for this issuer?",
            setting=credential,
        )
    error = common_error(reply, "Badgr", acts=acts, now=now, setting="base_url")
    if error is not None:
        raise error
    if status == 204:
        return Answer([])
    envelope = document(reply.body)
    result = envelope.get("result") if envelope else None
    if envelope is None or status < 200 or (status < 300 and not isinstance(result, list)):
        raise not_the_provider(reply, "Badgr", acts=acts and status < 300, setting="base_url")
    if status < 300:
        return Answer(result if isinstance(result, list) else [], _next_cursor(reply.headers.get("Link")))
    if status in {404, 410}:
        raise NotFoundError(f"Badgr does not have it, or does not show it to these credentials (HTTP {status})")
    raise _refusal(status, envelope, list(secrets))


def _refusal(status: int, envelope: Mapping[str, Any], secrets: list[str]) -> RefusedError:
    fields = envelope.get("fieldErrors")
    rows = fields if isinstance(fields, list) else []
    refusal = _worded(status, [*_flat(envelope.get("validationErrors")), *_flat(fields)], envelope, secrets)
    refusal.rows = {
        index: _worded(status, complaints, envelope, secrets)
        for index, row in enumerate(rows)
        if (complaints := list(_flat(row)))
    }
    return refusal


def _worded(
    status: int, complaints: list[tuple[str, str]], envelope: Mapping[str, Any], secrets: list[str]
) -> RefusedError:
    known = next((code for _, said in complaints for part, code in _CODES if part in said.lower()), None)
    field = next((code for name, _ in complaints if (code := _FIELD_CODES.get(name))), None)
    code = known or field or ("invalid" if status in {400, 422} else f"http_{status}")
    name, said = complaints[0] if complaints else ("", text(envelope.get("status"), "description"))
    shown = quote(f"{name}: {said}" if name else said, secrets)
    return RefusedError(code, f"Badgr refuses it (HTTP {status})" + (f": {shown}" if shown else ""))


def _flat(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the outermost field and the text of complaints, which are nested texts, lists and objects."""
    return islice(_walked(value, "", _DEEPEST), _MOST_COMPLAINTS)


def _walked(value: Any, field: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and value:
        yield field, value
    if depth and isinstance(value, list):
        for item in value:
            yield from _walked(item, field, depth - 1)
    if depth and isinstance(value, dict):
        for name, item in value.items():
            own = "" if name == "non_field_errors" else str(name)[:40]
            yield from _walked(item, field or own, depth - 1)


def _next_cursor(header: str | None) -> str | None:
    """Return the cursor of ``Link: <...cursor=...>; rel="next"``; its host and path are not trusted."""
    for link in parse_header_links(header) if header else []:
        if link.get("rel") == "next":
            try:
                found = parse_qs(urlsplit(link["url"]).query).get("cursor", [])
            except ValueError:
                return None
            return found[0] if found else None
    return None
