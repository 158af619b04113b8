"""Events as they arrive and as the inbox keeps them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

HOSTS = ":hosts"
"""Lane of the events of LMS hosts; ``:hosts:<source>`` is for work that only that host's process can do."""

IMPORTS = f"{HOSTS}-imports"
"""Lane of the files that hosts import: long work on large payloads, for which completions do not wait."""

COLUMNS = (
    "connection",
    "source",
    "event_id",
    "lane",
    "kind",
    "learner_id",
    "learning_object_id",
    "payload",
    "state",
    "reason",
    "correlation_id",
    "occurred_at",
    "received_at",
    "due_at",
    "attempts",
    "backfill",
)
CORRELATION_ID = COLUMNS.index("correlation_id")

Values = tuple[Any, ...]
"""Values of one new row, in the order of ``COLUMNS``."""


def host_lane(source: str) -> str:
    return f"{HOSTS}:{source}"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event on its way in.

    :param connection: the source connection it came through; empty for an LMS host's own.
    :param lane: who works on it.
    :param kind: ``course_completed``, ``skill_created``, ``csv_imported``, or the sender's name for it.
    :param payload: JSON.
    :param occurred_at: seconds since the epoch.
    :param backfill: the number of the backfill that brings it; None for what has just happened.
    """

    connection: str
    source: str
    event_id: str
    lane: str
    kind: str
    payload: str = field(repr=False)
    state: str = "received"
    reason: str | None = None
    learner_id: str | None = None
    learning_object_id: str | None = None
    occurred_at: float | None = None
    backfill: int | None = None


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """An event of the inbox: the columns of the table ``events``, in their order.

    :param id: its number. :param lane: who works on it.
    :param payload: JSON.
    :param reason: why it is in its state, or None.
    :param occurred_at: seconds since the epoch, as ``received_at`` and ``due_at``.
    :param lease_owner: who works on it now, or None.
    :param attempts: how often it was taken.
    :param unmapped: nothing is tied to its learning object.
    :param backfill: the number of the backfill that brought it; None for what has just happened.
    """

    id: int
    connection: str
    source: str
    event_id: str
    lane: str
    kind: str
    learner_id: str | None
    learning_object_id: str | None
    payload: str = field(repr=False)
    state: str
    reason: str | None
    correlation_id: str
    occurred_at: float | None
    received_at: float
    due_at: float
    lease_owner: str | None
    attempts: int
    unmapped: bool = False
    backfill: int | None = None


def unstored(new: NewEvent, now: float, *, number: int = 0) -> InboxEvent:
    """Return the event as the inbox would hand it out, for a source to decide on before anything is stored."""
    return InboxEvent(
        id=number,
        connection=new.connection,
        source=new.source,
        event_id=new.event_id,
        lane=new.lane,
        kind=new.kind,
        learner_id=new.learner_id,
        learning_object_id=new.learning_object_id,
        payload=new.payload,
        state=new.state,
        reason=new.reason,
        correlation_id="",
        occurred_at=new.occurred_at,
        received_at=now,
        due_at=now,
        lease_owner=None,
        attempts=1,
        backfill=new.backfill,
    )


def row_of(event: NewEvent, now: float) -> Values:
    """Return the row of a new event, in the order of ``COLUMNS``."""
    return (
        event.connection,
        event.source,
        event.event_id,
        event.lane,
        event.kind,
        event.learner_id,
        event.learning_object_id,
        event.payload,
        event.state,
        event.reason,
        _correlation_id(event, now),
        event.occurred_at,
        now,
        now,
        0,
        event.backfill,
    )


def _correlation_id(event: NewEvent, now: float) -> str:
    """Return 32 hexadecimal digits. The time comes first, so that an index of them grows at its end.

    The last 20 are the event's own: a redelivery, which is logged but not stored, ends like what it repeats.
    """
    name = f"{event.connection}\0{event.source}\0{event.event_id}".encode(errors="surrogatepass")
    return f"{int(now * 1000):012x}{hashlib.blake2b(name, digest_size=10).hexdigest()}"
