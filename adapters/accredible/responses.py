"""Turn Accredible's answers, of several shapes, into data or exceptions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from ..errors import INVALID_TEMPLATE, ConfigurationError
from ..http.json_values import document, text
from ..http.redact import quote
from ..http.statuses import NotFoundError, RefusedError, common_error, not_the_provider
from ..http.transport import Reply

INSUFFICIENT_CREDITS = "insufficient_credits"
_TAKEN = "already been taken"
_PROPERTIES = (("recipient", "invalid_recipient"), ("group", INVALID_TEMPLATE))
_MOST_COMPLAINTS = 50


def read_answer(reply: Reply, *, acts: bool, now: float, secrets: Iterable[str] = ()) -> dict[str, Any]:
    """Return Accredible's JSON object, or raise its error; an empty body is an empty object.

    A refused batch (422) is an answer if it has a result for each credential.

    :param acts: whether the request may have changed something before it failed.
    :param now: seconds since the epoch.
    :param secrets: texts that must not be quoted from the answer.
    :raises ConfigurationError: 401, 403, or a permanent redirect.
    :raises NotFoundError: 404 or 410 of Accredible's own.
    :raises RefusedError: 400, 422 and every other 4xx.
    :raises TemporaryError: 408, 425, 429, 5xx; as HostError also an answer that is not Accredible's JSON.
    """
    status = reply.status
    if status in {401, 403}:
        raise ConfigurationError(
            f"Accredible refuses the credentials (HTTP {status}); check api_key: is it complete, of this region, and "
            "valid for the group's department?",
            setting="api_key",
        )
    error = common_error(reply, "Accredible", acts=acts, now=now, setting="base_url")
    if error is not None:
        raise error
    answer = document(reply.body)
    if answer is None and 200 <= status < 300 and not reply.body.strip():
        return {}
    if answer is None or status < 200:
        raise not_the_provider(reply, "Accredible", acts=acts and status < 300, setting="base_url")
    if status < 300 or (status == 422 and isinstance(answer.get("results"), list)):
        return answer
    if status in {404, 410}:
        raise NotFoundError(f"Accredible does not have it, or does not show it to this key (HTTP {status})")
    raise refusal_of(answer, f" (HTTP {status})", "invalid" if status in {400, 422} else f"http_{status}", secrets)


def refusal_of(answer: Any, status: str, code: str, secrets: Iterable[str] = ()) -> RefusedError:
    """Return the refusal in an answer, or in one result of a batch.

    :param status: for the message, with a leading blank.
    :param code: used if the complaints are unknown.
    """
    complaints = list(islice(_complaints(answer), _MOST_COMPLAINTS))
    if any(_TAKEN in said.lower() for _, said in complaints):
        code = "already_issued"
    else:
        known = (word for name, _ in complaints for start, word in _PROPERTIES if name.lower().startswith(start))
        code = next(known, code)
    name, said = complaints[0] if complaints else ("", "")
    shown = quote(f"{name}: {said}" if name else said, secrets)
    return RefusedError(code, f"Accredible refuses it{status}" + (f": {shown}" if shown else ""))


def _complaints(answer: Any) -> Iterator[tuple[str, str]]:
    """Yield property and text. ``errors`` and ``error`` are a text, an object of texts and lists, or have details."""
    if not isinstance(answer, dict):
        return
    for key in ("errors", "error"):
        value = answer.get(key)
        if isinstance(value, str):
            yield "", value
        elif isinstance(value, dict) and ("details" in value or "code" in value):
            yield from _details(value.get("details"))
            yield "", text(value, "message")
        elif isinstance(value, dict):
            for name, said in value.items():
                yield from ((str(name)[:60], each) for each in _texts(said))
        else:
            yield from (("", each) for each in _texts(value))
    for key in ("message", "data"):
        if text(answer, key):
            yield "", text(answer, key)


def _details(details: Any) -> Iterator[tuple[str, str]]:
    """Yield property and text of details; Accredible documents ``reason`` and ``message`` for the text."""
    for each in details if isinstance(details, list) else []:
        yield text(each, "property")[:60], text(each, "message") or text(each, "reason")


def _texts(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str):
            yield each
