"""Decoder of webhook deliveries: from bytes to events. Pure: no clock, no network, no store.

ALM sends nothing more for an account until a delivery is acknowledged, so one invalid event never refuses a
delivery: that event carries a ``problem``, and its neighbours are intact.
https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/webhooks/webhooks-usage-guide
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from .event_names import COMPLETED, KNOWN
from .lenient_json import MAX_DEPTH, UNSTORABLE, Doubled, Impossible, NotJsonError, dump, find_flaw, label, read
from .timestamps import parse_moment

__all__ = ["COMPLETED", "KNOWN", "DeliveredEvent", "Delivery", "LoType", "NotJsonError", "decode"]

LoType = Literal["course", "learning_path", "certification"]

MAX_ID = 255
"""Maximum characters of an id or an event's name."""

_PATH_PREFIX = "learningProgram:"
_OTHER_PATH_PREFIX = "learning_program:"
_LO_TYPES: dict[str, LoType] = {
    "course": "course",
    "learningprogram": "learning_path",
    "learning_program": "learning_path",
    "certification": "certification",
}


@dataclass(frozen=True, slots=True)
class DeliveredEvent:
    """One event of a delivery.

    :param event_id: ALM's id; if it is missing or not storable, ``sha256:`` and a digest that is the same for a
        redelivery.
    :param occurred_at: the envelope's ``timestamp``, in UTC.
    :param lo_id: with the prefix ``course:``, ``learningProgram:`` or ``certification:``.
    :param completed_at: ``dateCompleted``, in UTC, with a precision of a minute.
    :param passed: None if ALM does not say, as for certifications.
    :param raw: the event as JSON in ASCII.
    :param problem: the first fault in a sentence, or None. The readable fields are filled in.
    """

    event_id: str
    name: str
    occurred_at: datetime | None
    user_id: str | None
    lo_id: str | None
    lo_instance_id: str | None
    lo_type: LoType | None
    completed_at: datetime | None
    passed: bool | None
    raw: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The events of a body. :param account_id: None if the body names none; empty if its value is not readable."""

    account_id: str | None
    events: tuple[DeliveredEvent, ...]


def decode(body: bytes) -> Delivery:
    """Return the delivery in a body; it has no events if the body is empty or has no ``events``.

    A fault of the envelope itself (``events`` is not a list, a key is repeated, ``accountId`` is not an id)
    becomes one more event, with a ``problem`` and no name, after the readable ones. If ``events`` is repeated,
    the delivery has the events of both.

    :raises NotJsonError: the body is not JSON, or is nested too deep.
    """
    if not body.strip():
        return Delivery(None, ())
    envelope, marked = read(body)
    if not isinstance(envelope, dict):
        return Delivery(None, ())
    problems: list[str] = []
    account_id = _id(envelope, "accountId", problems)
    lists = [envelope.get("events")]
    if isinstance(envelope, Doubled):
        problems.insert(0, f"{label(envelope.repeated())} of the delivery is repeated")
        lists = [value for key, value in envelope.pairs if key == "events"]
    events: list[DeliveredEvent] = []
    for items in lists:
        if isinstance(items, list):
            events.extend(_event(item, marked) for item in items)
        elif items is not None:
            problems.append('"events" is not a list')
    if problems and "events" in envelope:
        digest = hashlib.sha256(body).hexdigest()
        raw = dump({key: value for key, value in envelope.items() if key != "events" or not isinstance(value, list)})
        events.append(
            DeliveredEvent(f"sha256:{digest}", "", None, None, None, None, None, None, None, raw, problems[0])
        )
    if account_id is None and envelope.get("accountId") is not None:
        account_id = ""
    return Delivery(account_id, tuple(events))


def _event(event: Any, marked: bool) -> DeliveredEvent:
    raw = dump(event)
    problems: list[str] = []
    # dump() escapes every character that may not be storable.
    if marked or "\\u" in raw or raw == "null" or raw.count("{") + raw.count("[") > MAX_DEPTH:
        flaw = find_flaw(event)
        if flaw is not None:
            problems.append(flaw)
    if not isinstance(event, dict):
        problems.append("the event is not an object")
        event = {}
    name = _name(event, problems)
    data = event.get("data")
    if not isinstance(data, dict):
        if data is not None:
            problems.append('"data" is not an object')
        data = {}
    instance_id = _lo_id(data, "loInstanceId", problems)
    lo_id = _lo_id(data, "loId", problems)
    if lo_id is None and instance_id is not None:
        lo_id = instance_id.rpartition("_")[0] or None
    user_id = _id(data, "userId", problems, "data.")
    completed_at = _moment(data, "dateCompleted", problems, "data.")
    # If the completion has its own date, the envelope's does not matter.
    occurred_at = _moment(event, "timestamp", problems if completed_at is None else [])
    if name in COMPLETED:
        if user_id is None:
            problems.append('"data.userId" is missing')
        if lo_id is None:
            problems.append('"data.loId" is missing')
    return DeliveredEvent(
        event_id=_event_id(event, raw, problems),
        name=name,
        occurred_at=occurred_at,
        user_id=user_id,
        lo_id=lo_id,
        lo_instance_id=instance_id,
        lo_type=_lo_type(data, lo_id, problems),
        completed_at=completed_at,
        passed=_passed(data, problems),
        raw=raw,
        problem=problems[0] if problems else None,
    )


def _event_id(event: dict[str, Any], raw: str, problems: list[str]) -> str:
    value = event.get("eventId")
    if isinstance(value, str) and value and not isinstance(value, Impossible):
        if len(value) <= MAX_ID and not UNSTORABLE.search(value):
            return value
        if len(value) > MAX_ID:
            problems.append(f'"eventId" is longer than {MAX_ID} characters')
        return f"sha256:{hashlib.sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()}"
    if type(value) is int:
        return str(value)
    if value is not None and value != "":
        problems.append('"eventId" is neither a text nor a whole number')
    canonical = dump(event, sort=True) if event else raw
    return f"sha256:{hashlib.sha256(canonical.encode('ascii')).hexdigest()}"


def _name(event: dict[str, Any], problems: list[str]) -> str:
    value = event.get("eventName")
    if not isinstance(value, str) or not value.strip():
        problems.append('"eventName" is missing' if value in (None, "") else '"eventName" is not a text')
        return ""
    if len(value) > MAX_ID:
        problems.append(f'"eventName" is longer than {MAX_ID} characters')
    return UNSTORABLE.sub("\ufffd", value.strip()[:MAX_ID])


def _id(fields: dict[str, Any], key: str, problems: list[str], prefix: str = "") -> str | None:
    value = fields.get(key)
    if type(value) is int:
        return str(value)
    if type(value) is str:
        value = value.strip()
        if len(value) > MAX_ID:
            problems.append(f'"{prefix}{key}" is longer than {MAX_ID} characters')
            return None
        if UNSTORABLE.search(value):
            problems.append(f'"{prefix}{key}" has a NUL character or is not valid Unicode')
            return None
        return value or None
    if value is not None:
        problems.append(f'"{prefix}{key}" is neither a text nor a whole number')
    return None


def _lo_id(data: dict[str, Any], key: str, problems: list[str]) -> str | None:
    value = _id(data, key, problems, "data.")
    if value is not None and value.startswith(_OTHER_PATH_PREFIX):
        return _PATH_PREFIX + value[len(_OTHER_PATH_PREFIX) :]
    return value


def _lo_type(data: dict[str, Any], lo_id: str | None, problems: list[str]) -> LoType | None:
    value = data.get("loType")
    if isinstance(value, str):
        known = _LO_TYPES.get(value.strip().lower())
        if known is not None:
            return known
    elif value is not None:
        problems.append('"data.loType" is not a text')
    return _LO_TYPES.get(lo_id.partition(":")[0].lower()) if lo_id else None


def _moment(fields: dict[str, Any], key: str, problems: list[str], prefix: str = "") -> datetime | None:
    value = fields.get(key)
    if value is None:
        return None
    try:
        return parse_moment(value)
    except ValueError as error:
        problems.append(f'"{prefix}{key}" {error}')
        return None


def _passed(data: dict[str, Any], problems: list[str]) -> bool | None:
    value = data.get("hasPassed")
    if value is None or isinstance(value, bool):
        return value
    problems.append('"data.hasPassed" is neither true nor false')
    return None
