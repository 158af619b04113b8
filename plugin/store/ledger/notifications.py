"""Notifications of hosts: committed together with the outcome, deleted once the host has taken them."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from .. import leases
from ..database import Database, values_of
from ..history import Change, record
from ..schema.tables import awards, events, notifications
from .awards import LedgerAward

_TAKE = leases.taking(notifications, notifications.c.source == sa.bindparam("of_source"))


@dataclass(frozen=True, slots=True)
class Notice:
    """A hook call that is due: the columns of the table ``notifications``, in their order.

    :param id: its number. :param connection: the award's provider connection.
    :param source: the LMS host to notify.
    :param reason: of a rejection, or None.
    :param due_at: seconds since the epoch. :param attempts: how often it was taken.
    """

    id: int
    connection: str
    source: str
    award_id: int
    hook: str
    reason: str | None
    due_at: float
    lease_owner: str | None
    attempts: int


class Notifications:
    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, source: str, owner: str, limit: int, now: float) -> list[tuple[Notice, LedgerAward, str]]:
        """Lease notices of a source: each with its award and the host's own id of the event."""
        with self._database.write() as transaction:
            taken = leases.take(transaction, _TAKE, Notice, owner=owner, limit=limit, now=now, of_source=source)
            rows = transaction.execute(
                sa.select(awards, events.c.event_id.label("host_event_id"))
                .join(events, events.c.id == awards.c.event_id)
                .where(awards.c.id.in_([notice.award_id for notice in taken]))
            ).all()
        host_ids = {row.id: str(row.host_event_id) for row in rows}
        found = {award.id: award for award in values_of(LedgerAward, (row[:-1] for row in rows))}
        return [
            (notice, found[notice.award_id], host_ids[notice.award_id])
            for notice in taken
            if notice.award_id in found
        ]

    def done(self, notice: Notice, award: LedgerAward, now: float) -> None:
        with self._database.write() as transaction:
            transaction.execute(sa.delete(notifications).where(notifications.c.id == notice.id))
            cause = f"the host was notified: {notice.hook}"
            record(
                transaction,
                [Change(now, award.connection, award.correlation_id, award.state, cause, award_id=award.id)],
            )

    def postpone(self, notice: Notice, until: float) -> None:
        with self._database.write() as transaction:
            transaction.execute(
                sa.update(notifications)
                .where(notifications.c.id == notice.id, notifications.c.lease_owner == notice.lease_owner)
                .values(due_at=until, lease_owner=None)
            )
