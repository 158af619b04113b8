"""From Accredible's answer, in any of its shapes, to the exception that says what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from ..errors import INVALID_TEMPLATE, ConfigurationError
from ..http.json_values import document, text
from ..http.redact import quote
from ..http.statuses import NotFoundError, RefusedError, stranger, trouble
from ..http.transport import Reply

INSUFFICIENT_CREDITS = "insufficient_credits"
_TAKEN = "already been taken"
_PROPERTIES = (("recipient", "invalid_recipient"), ("group", INVALID_TEMPLATE))
_MOST_COMPLAINTS = 50


def read_answer(reply: Reply, *, acts: bool, now: float, secrets: Iterable[str] = ()) -> dict[str, Any]:
    """The JSON object that Accredible answered; an empty one for an empty body, which some answers may have.

    A refused batch (422) is an answer too where it says what became of each credential.

    :param acts: whether the request may have changed something before it failed.
    :param now: seconds since the epoch.
    :param secrets: what must not be quoted from the answer.
    :raises ConfigurationError: 401, 403, or a permanent redirect.
    :raises NotFoundError: 404 or 410 of Accredible's own.
    :raises RefusedError: 400, 422 and every other 4xx.
    :raises TemporaryError: 408, 425, 429, 5xx; as HostError also whatever is not Accredible's JSON.
    """
    status = reply.status
    if status in {401, 403}:
        raise ConfigurationError(
            f"Accredible refuses the credentials (HTTP {status}); check api_key: is it complete, of this region, and "
            "good for the group's department?",
            setting="api_key",
        )
    error = trouble(reply, "Accredible", acts=acts, now=now, setting="base_url")
    if error is not None:
        raise error
    answer = document(reply.body)
    if answer is None and 200 <= status < 300 and not reply.body.strip():
        return {}
    if answer is None or status < 200:
        raise stranger(reply, "Accredible", acts=acts and status < 300, setting="base_url")
    if status < 300 or (status == 422 and isinstance(answer.get("results"), list)):
        return answer
    if status in {404, 410}:
        raise NotFoundError(f"Accredible does not have it, or does not show it to this key (HTTP {status})")
    raise refusal_of(answer, f" (HTTP {status})", "invalid" if status in {400, 422} else f"http_{status}", secrets)


def refusal_of(answer: Any, status: str, code: str, secrets: Iterable[str] = ()) -> RefusedError:
    """Why an answer, or one result of a batch, is none.

    :param status: for the message, with a blank before it.
    :param code: where the complaints are none that we know.
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
    """Property and text. ``errors`` and ``error`` are a text, an object of texts and lists, or one with details."""
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
    """Prose calls a detail's text ``reason``, the schema ``message``."""
    for each in details if isinstance(details, list) else []:
        yield text(each, "property")[:60], text(each, "message") or text(each, "reason")


def _texts(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str):
            yield each
