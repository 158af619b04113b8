"""The inbox's events and the ledger's awards of past completions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..schema.tables import AWARD_OPEN, awards, events

AwardKey = tuple[str, str, str, str]
"""Provider connection, learner, badge template, period."""


@dataclass(frozen=True, slots=True)
class EventState:
    """The state of an event, and the reason for it."""

    id: int
    event_id: str
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class LearnerAward:
    """An award of a learner.

    :param event_id: the inbox's number of the event that earned it.
    :param held_for: the kind of hold, if the award is held.
    :param open: whether it is still to be issued.
    """

    id: int
    connection: str
    learner_id: str
    template_id: str
    period: str
    state: str
    reason: str | None
    held_for: str | None
    event_id: int
    open: bool


def events_by_id(
    transaction: Connection, connection: str, source: str, event_ids: Collection[str]
) -> dict[str, EventState]:
    """Return the states of a source's events, by the source's ids of them."""
    query = sa.select(events.c.id, events.c.event_id, events.c.state, events.c.reason).where(
        events.c.connection == connection, events.c.source == source, events.c.event_id.in_(event_ids)
    )
    return {row.event_id: EventState(**row._mapping) for row in transaction.execute(query)}


def awards_of_learners(transaction: Connection, source: str, learners: Iterable[str]) -> dict[AwardKey, LearnerAward]:
    """Return the awards of a source's learners."""
    rows = transaction.execute(_OF_LEARNERS, {"source": source, "learners": sorted(set(learners))})
    return {
        (row.connection, row.learner_id, row.template_id, row.period): LearnerAward(
            **{**row._mapping, "open": bool(row.open)}
        )
        for row in rows
    }


_OF_LEARNERS: sa.Select[Any] = sa.select(
    awards.c.id,
    awards.c.connection,
    awards.c.learner_id,
    awards.c.template_id,
    awards.c.period,
    awards.c.state,
    awards.c.reason,
    awards.c.held_for,
    awards.c.event_id,
    sa.case((AWARD_OPEN, True), else_=False).label("open"),
).where(awards.c.source == sa.bindparam("source"), awards.c.learner_id.in_(sa.bindparam("learners", expanding=True)))
