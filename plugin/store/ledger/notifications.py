"""What hosts are still to be told; committed together with the outcome, deleted once the host has taken it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from .. import leases
from ..database import Database
from ..history import Change, record
from ..schema.tables import awards, events, notifications

_TAKE = leases.taking(notifications, notifications.c.source == sa.bindparam("of_source"))


class Notifications:
    def __init__(self, database: Database) -> None:
        self._database = database

    def sources_due(self, sources: Iterable[str], now: float) -> list[str]:
        with self._database.read() as transaction:
            return [
                source
                for source in sources
                if transaction.scalar(
                    sa.select(
                        sa.exists(sa.select(1).where(notifications.c.source == source, notifications.c.due_at <= now))
                    )
                )
            ]

    def claim(self, source: str, owner: str, limit: int, now: float) -> list[tuple[Row[Any], Row[Any], str]]:
        """Lease notices of a source: each with its award and the host's own id of the event."""
        with self._database.write() as transaction:
            taken = leases.take(transaction, _TAKE, owner=owner, limit=limit, now=now, of_source=source)
            found = {
                row.id: row
                for row in transaction.execute(
                    sa.select(awards, events.c.event_id.label("host_event_id"))
                    .join(events, events.c.id == awards.c.event_id)
                    .where(awards.c.id.in_([notice.award_id for notice in taken]))
                )
            }
        return [
            (notice, found[notice.award_id], found[notice.award_id].host_event_id)
            for notice in taken
            if notice.award_id in found
        ]

    def done(self, notice: Row[Any], award: Row[Any], now: float) -> None:
        with self._database.write() as transaction:
            transaction.execute(sa.delete(notifications).where(notifications.c.id == notice.id))
            cause = f"the host was told: {notice.hook}"
            record(
                transaction,
                [Change(now, award.connection, award.correlation_id, award.state, cause, award_id=award.id)],
            )

    def postpone(self, notice: Row[Any], until: float) -> None:
        with self._database.write() as transaction:
            transaction.execute(
                sa.update(notifications)
                .where(notifications.c.id == notice.id, notifications.c.lease_owner == notice.lease_owner)
                .values(due_at=until, lease_owner=None)
            )
