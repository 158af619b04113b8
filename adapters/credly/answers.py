"""From an HTTP status to the exception that says what to do: in :func:`read_answer` and nowhere else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import INVALID_TEMPLATE, AdapterError, ConfigurationError, RejectedError, TemporaryError
from ..retry_after import retry_after
from ..transport import HostError, Reply

MAX_QUOTE = 300
_MAX_SEARCHED = 4_000
_EMAIL = re.compile(r"[^\s@<>\"'(),;:]{1,320}(?:@|%40)[^\s@<>\"'(),;]{1,320}")

_CODES = (
    ("already has this badge", "already_issued"),
    ("already been replaced", "already_replaced"),
    ("invalid or missing badge template", INVALID_TEMPLATE),
)
_ATTRIBUTE_CODES = {"recipient_email": "invalid_recipient", "badge_template_id": INVALID_TEMPLATE}
_LATER = {408, 425, 429}
_TEMPORARY_REDIRECTS = {302, 303, 307}


@dataclass(frozen=True, slots=True)
class Answer:
    """Credly's envelope; ``data`` is whatever JSON they sent."""

    data: Any
    metadata: Mapping[str, Any]


class NotFoundError(RejectedError):
    """404 or 410, in Credly's own words; what is missing, the caller knows."""

    def __init__(self, message: str) -> None:
        super().__init__("not_found", message)

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (str(self),), self.__dict__)


class RefusedError(RejectedError):
    """Credly refuses the request as it is.

    :ivar error_index: which item of a batch is the reason, or None.
    :ivar current_badge_id: the badge that took the place of the one to replace, or None.
    """

    error_index: int | None = None
    current_badge_id: str | None = None


def unknown_organization() -> ConfigurationError:
    """What 404 means where only the organization can be what is missing."""
    return ConfigurationError(
        "Credly does not know the organization; check organization_id", setting="organization_id"
    )


def read_answer(
    reply: Reply, *, acts: bool, now: float, secrets: Iterable[str] = (), credential: str = "token"
) -> Answer:
    """What Credly answered.

    :param acts: whether the request may have changed something before it failed.
    :param now: seconds since the epoch.
    :param secrets: what must not be quoted from the answer.
    :param credential: the setting to name when the credentials are refused.
    :raises ConfigurationError: 401, 403, or a permanent redirect.
    :raises NotFoundError: 404 or 410.
    :raises RefusedError: 400, 422 and every other 4xx.
    :raises TemporaryError: 408, 425, 429, 5xx; as HostError also whatever is not Credly's JSON.
    """
    status = reply.status
    document = _document(reply.body)
    if status in {401, 403}:
        raise ConfigurationError(
            f"Credly refuses the credentials (HTTP {status}); check {credential}: is it complete, still valid "
            "(tokens end after 180 days), with read and write rights?",
            setting=credential,
        )
    if status in _LATER or status >= 500:
        raise TemporaryError(
            f"Credly asks to come back later (HTTP {status})"
            if status in _LATER
            else f"Credly failed (HTTP {status})",
            retry_after=retry_after(reply.headers.get("Retry-After"), now),
            may_have_acted=acts and status not in {425, 429},
        )
    if 300 <= status < 400:
        raise _redirect(status)
    data = document.get("data") if document else None
    metadata = document.get("metadata") if document else None
    if document is None or status < 200 or (status < 300 and "data" not in document):
        raise HostError(
            f"what answers there is not Credly's API (HTTP {status}, no JSON envelope); check the host",
            may_have_acted=acts,
        )
    metadata = metadata if isinstance(metadata, dict) else {}
    if status < 300:
        return Answer(data, metadata)
    raise _refusal(status, data if isinstance(data, dict) else {}, metadata, secrets)


def _document(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _redirect(status: int) -> AdapterError:
    message = f"the host answers with a redirect (HTTP {status}), which is not followed; check the host"
    return HostError(message) if status in _TEMPORARY_REDIRECTS else ConfigurationError(message, setting="host")


def _refusal(status: int, data: dict[str, Any], metadata: Mapping[str, Any], secrets: Iterable[str]) -> RejectedError:
    complaints = list(_complaints(data))
    said = quote(complaints[0][1] if complaints else "", secrets)
    if status in {404, 410}:
        return NotFoundError(f"Credly does not have it (HTTP {status})" + (f": {said}" if said else ""))
    code = "invalid" if status in {400, 422} else f"http_{status}"
    code = next((known for attribute, text in complaints if (known := _code(attribute, text))), code)
    refusal = RefusedError(code, f"Credly refuses it (HTTP {status})" + (f": {said}" if said else ""))
    index, current = data.get("error_index"), metadata.get("current_badge_id")
    if isinstance(index, int) and not isinstance(index, bool):
        refusal.error_index = index
    if isinstance(current, str) and current:
        refusal.current_badge_id = current
    return refusal


def _complaints(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Attribute and text: ``data.message`` first, then ``data.errors``, whose messages are a list or a string."""
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


def quote(text: str, secrets: Iterable[str] = ()) -> str:
    """A provider's sentence, fit for logs: one line, at most MAX_QUOTE characters, no e-mail, none of ``secrets``."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "(secret)")
    if len(text) > _MAX_SEARCHED:
        # What the cut leaves of its last word could be half an address.
        text = text[:_MAX_SEARCHED].rpartition(" ")[0]
    line = " ".join(_EMAIL.sub("(e-mail)", text).split())
    line = "".join(character if character.isprintable() else "?" for character in line)
    return line if len(line) <= MAX_QUOTE else line[: MAX_QUOTE - 1] + "…"
