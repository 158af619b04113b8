"""What the ledger says of a badge that a past completion would earn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from ..store import Store
from ..store.schema.tables import AWARD_OPEN, awards

Key = tuple[str, str, str, str]
"""Provider connection, learner, badge template, period."""

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


def awards_of(store: Store, source: str, learners: Iterable[str]) -> dict[Key, Row[Any]]:
    """The awards of these learners."""
    with store.database.read() as transaction:
        rows = transaction.execute(_OF_LEARNERS, {"source": source, "learners": sorted(set(learners))})
        return {(row.connection, row.learner_id, row.template_id, row.period): row for row in rows}


def verdict(award: Row[Any]) -> tuple[str, str]:
    """Whether the learner ``has`` the badge or ``cannot`` have it by a backfill, and why."""
    which = f"award {award.id}"
    match award.state:
        case "held":
            return "cannot", f"{which} is held ({award.reason}): see `badgerelay awards release`"
        case "rejected" | "dead":
            return "cannot", f"{which} is {award.state} ({award.reason}): see `badgerelay awards retry`"
        case "revoked":
            return "cannot", f"{which} was revoked"
        case _:
            return "has", f"{which} is on its way" if award.open else f"{which} is {award.state}"
