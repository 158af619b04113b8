"""Turn Credly's answers into data or exceptions, in :func:`read_answer` only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import INVALID_TEMPLATE, ConfigurationError, RejectedError
from ..http.json_values import document
from ..http.redact import quote
from ..http.statuses import NotFoundError, RefusedError, common_error, not_the_provider
from ..http.transport import Reply

_CODES = (
    ("already has this badge", "already_issued"),
    ("already been replaced", "already_replaced"),
    ("invalid or missing badge template", INVALID_TEMPLATE),
)
_ATTRIBUTE_CODES = {"recipient_email": "invalid_recipient", "badge_template_id": INVALID_TEMPLATE}


@dataclass(frozen=True, slots=True)
class Answer:
    """Credly's envelope; ``data`` may be any JSON."""

    data: Any
    metadata: Mapping[str, Any]


class CredlyRefusedError(RefusedError):
    """Credly refuses the request as it is. :ivar current_badge_id: the successor of a replaced badge, or None."""

    current_badge_id: str | None = None


def unknown_organization() -> ConfigurationError:
    """Return the error of a 404 for which only the organization can be missing."""
    return ConfigurationError(
        "Credly does not know the organization; check organization_id", setting="organization_id"
    )


def read_answer(
    reply: Reply, *, acts: bool, now: float, secrets: Iterable[str] = (), credential: str = "token"
) -> Answer:
    """Return Credly's answer, or raise its error.

    :param acts: whether the request may have changed something before it failed.
    :param now: seconds since the epoch.
    :param secrets: texts that must not be quoted from the answer.
    :param credential: the setting to name when the credentials are refused.
    :raises ConfigurationError: 401, 403, or a permanent redirect.
    :raises NotFoundError: 404 or 410.
    :raises CredlyRefusedError: 400, 422 and every other 4xx.
    :raises TemporaryError: 408, 425, 429, 5xx; as HostError also an answer that is not Credly's JSON.
    """
    status = reply.status
    envelope = document(reply.body)
    if status in {401, 403}:
        raise ConfigurationError(
            f"Credly refuses the credentials (HTTP {status}); check {credential}: is it complete, still valid "
            "(tokens end after 180 days), with read and write rights?",
            setting=credential,
        )
    error = common_error(reply, "Credly", acts=acts, now=now)
    if error is not None:
        raise error
    data = envelope.get("data") if envelope else None
    metadata = envelope.get("metadata") if envelope else None
    if envelope is None or status < 200 or (status < 300 and "data" not in envelope):
        raise not_the_provider(reply, "Credly", acts=acts)
    metadata = metadata if isinstance(metadata, dict) else {}
    if status < 300:
        return Answer(data, metadata)
    raise _refusal(status, data if isinstance(data, dict) else {}, metadata, secrets)


def _refusal(status: int, data: dict[str, Any], metadata: Mapping[str, Any], secrets: Iterable[str]) -> RejectedError:
    complaints = list(_complaints(data))
    said = quote(complaints[0][1] if complaints else "", secrets)
    if status in {404, 410}:
        return NotFoundError(f"Credly does not have it (HTTP {status})" + (f": {said}" if said else ""))
    code = "invalid" if status in {400, 422} else f"http_{status}"
    code = next((known for attribute, text in complaints if (known := _code(attribute, text))), code)
    message = f"Credly refuses it (HTTP {status})" + (f": {said}" if said else "")
    refusal = CredlyRefusedError(code, message)
    index, current = data.get("error_index"), metadata.get("current_badge_id")
    if isinstance(index, int) and not isinstance(index, bool):
        refusal.rows = {index: RefusedError(code, message)}
    if isinstance(current, str) and current:
        refusal.current_badge_id = current
    return refusal


def _complaints(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield attribute and text of ``data.message``, then of ``data.errors``, whose messages are a list or text."""
    if isinstance(data.get("message"), str):
        yield "", data["message"]
    errors = data.get("errors")
    for error in errors if isinstance(errors, list) else []:
        if isinstance(error, dict):
            messages = error.get("messages")
            for text in messages if isinstance(messages, list) else [messages]:
                if isinstance(text, str):
                    yield str(error.get("attribute")), text


def _code(attribute: str, text: str) -> str | None:
    lowered = text.lower()
    return next((code for part, code in _CODES if part in lowered), _ATTRIBUTE_CODES.get(attribute))
