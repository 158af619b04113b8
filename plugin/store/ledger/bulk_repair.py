"""Repair by an administrator: events and awards again, held awards released, badges revoked, in bounded portions.

Each portion is a transaction of its own, in the order of the numbers, up to the newest when it began. Run twice, the
second run finds less to do; what is issued is never touched, and the ledger keeps the badges of a replay single.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ..database import Database, Transaction
from ..history import Change, record
from ..schema.tables import AWARD_TO_SEND, EVENT_STATES, HeldReason, awards, connections, events, templates
from .admission import PAUSED
from .transitions import move

AT_ONCE = 500
"""Maximum events or awards of one portion."""

RETRIABLE = ("rejected", "dead", "waiting")
REVOCABLE = (*("issued", "accepted", "declined"), *("planned", "waiting", "held", "rejected", "dead"))
RELEASED, RETRIED, REPLAYED = (f"{what} by an administrator" for what in ("released", "retried", "replayed"))
REVOKED = "to be revoked, says an administrator"
TEMPLATE_DEAD = "its badge template is not active at the provider: goes on by itself once it is"
TEMPLATE_LIVES = "its badge template is active at the provider"
AFTER_PAUSE = f"; {PAUSED}"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A choice of events or awards: all conditions must hold; None is any.

    :param ids: their numbers.
    :param connection: of an event its source connection, of an award its provider connection.
    :param reason: a part of it, in any case of letters.
    :param since: when the event arrived, or the award was planned; seconds since the epoch. ``until`` is exclusive.
    """

    ids: tuple[int, ...] | None = None
    state: str | None = None
    connection: str | None = None
    source: str | None = None
    reason: str | None = None
    template: str | None = None
    since: float | None = None
    until: float | None = None


class Repair:
    """Repairs in portions. Each method has a ``count_`` twin that changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count_replay(self, chosen: Chosen) -> int:
        return self._count(events, _of_events(chosen))

    def replay(self, chosen: Chosen, now: Callable[[], float]) -> int:
        """Make events due again from the start; return how many there were."""
        return self._in_portions(
            events, _of_events(chosen), lambda transaction, ids: _replay(transaction, ids, now())
        )

    def count_retry(self, chosen: Chosen) -> int:
        return self._count(awards, _of_awards(chosen, RETRIABLE))

    def retry(self, chosen: Chosen, now: Callable[[], float]) -> int:
        """Try rejected, dead and waiting awards again; return how many there were."""
        return self._in_portions(
            awards,
            _of_awards(chosen, RETRIABLE),
            lambda transaction, ids: _plan_again(transaction, ids, RETRIED, now()),
        )

    def count_revoke(self, chosen: Chosen) -> int:
        return self._count(awards, _of_awards(chosen, REVOCABLE))

    def revoke(self, chosen: Chosen, reason: str, now: Callable[[], float]) -> int:
        """Let badges be revoked, and awards not be issued; return how many there were.

        :param reason: for the provider, which may show it to the recipient.
        """
        return self._in_portions(
            awards,
            _of_awards(chosen, REVOCABLE),
            lambda transaction, ids: _plan_again(
                transaction, ids, f"{REVOKED}: {reason}", now(), **_to_revoke(reason)
            ),
        )

    def count_release(self, chosen: Chosen) -> int:
        return self._count(awards, _releasable(chosen))

    def release(self, chosen: Chosen, now: Callable[[], float]) -> int:
        """Release held awards; return how many there were. Those of a paused connection wait for ``resume``.

        To release an award in doubt, where the provider cannot be asked, is to say that there is no badge.
        """
        undoubted = sa.and_(awards.c.in_doubt, sa.func.coalesce(awards.c.held_for, "") != HeldReason.DOUBT)
        return self._in_portions(
            awards,
            _releasable(chosen),
            lambda transaction, ids: _plan_again(transaction, ids, RELEASED, now(), in_doubt=undoubted),
        )

    def follow_templates(self, name: str, now: Callable[[], float]) -> tuple[int, int]:
        """Hold the awards of templates that are not active; release those of templates that are active again.

        An award in doubt is looked up at the provider first, and held when the provider refuses it.

        :return: how many awards were held, and how many released.
        """
        mine: list[sa.ColumnElement[bool]] = [awards.c.connection == name]
        planned: list[sa.ColumnElement[bool] | sa.TextClause] = [
            *mine,
            *AWARD_TO_SEND,
            ~awards.c.in_doubt,
            awards.c.revoke_reason.is_(None),
        ]
        held = self._in_portions(
            awards,
            [*planned, awards.c.template_id.in_(_templates(name, active=False))],
            lambda transaction, ids: move(
                transaction, [awards.c.id.in_(ids)], "held", TEMPLATE_DEAD, now(), held_for=HeldReason.TEMPLATE
            ),
        )
        waiting = [*mine, awards.c.held_for == HeldReason.TEMPLATE, awards.c.state == "held"]
        released = self._in_portions(
            awards,
            [*waiting, awards.c.template_id.in_(_templates(name, active=True))],
            lambda transaction, ids: _plan_again(transaction, ids, TEMPLATE_LIVES, now()),
        )
        return held, released

    def _count(self, table: sa.Table, wanted: Sequence[sa.ColumnElement[bool]]) -> int:
        with self._database.read() as transaction:
            return transaction.scalar(sa.select(sa.func.count()).select_from(table).where(*wanted)) or 0

    def _in_portions(
        self,
        table: sa.Table,
        wanted: Sequence[sa.ColumnElement[bool] | sa.TextClause],
        repair: Callable[[Transaction, Sequence[int]], int],
    ) -> int:
        """Read the numbers once, which may take its time; then repair a portion at a time, where still chosen."""
        with self._database.read() as transaction:
            found = array("q", transaction.scalars(sa.select(table.c.id).where(*wanted).order_by(table.c.id)))
        done = 0
        for start in range(0, len(found), AT_ONCE):
            some = table.c.id.in_(found[start : start + AT_ONCE].tolist())
            portion = sa.select(table.c.id).where(*wanted, some).order_by(table.c.id).with_for_update(of=table)
            with self._database.write() as transaction:
                # As a pause does it: the connections first, then awards.
                transaction.execute(_CONNECTIONS)
                if ids := transaction.scalars(portion).all():
                    done += repair(transaction, ids)
        return done


def _replay(transaction: Transaction, ids: Sequence[int], now: float) -> int:
    rows = transaction.execute(
        sa.update(events)
        .where(events.c.id.in_(ids))
        .values(state="received", reason=None, due_at=now, lease_owner=None, attempts=0)
        .returning(events.c.id, events.c.connection, events.c.correlation_id)
    ).all()
    record(
        transaction,
        [Change(now, row.connection, row.correlation_id, "received", REPLAYED, row.id) for row in rows],
    )
    return len(rows)


def _to_revoke(reason: str) -> dict[str, Any]:
    return {"revoke_reason": reason, "attempts": 0, "surprises": 0}


def _plan_again(transaction: Transaction, ids: Sequence[int], cause: str, now: float, **values: Any) -> int:
    """Plan awards again; hold them where the connection is paused. :param values: of further columns."""
    mine = awards.c.id.in_(ids)
    paused = transaction.scalars(sa.select(connections.c.name).where(connections.c.paused)).all()
    count = 0
    if paused:
        held = [mine, awards.c.connection.in_(paused)]
        count += move(transaction, held, "held", cause + AFTER_PAUSE, now, held_for=HeldReason.PAUSE, **values)
    return count + move(transaction, [mine, awards.c.connection.not_in(paused)], "planned", cause, now, **values)


def _of_events(chosen: Chosen) -> list[sa.ColumnElement[bool]]:
    source = None if chosen.source is None else _either(events.c.source, events.c.connection, chosen.source)
    return _wanted(
        events,
        chosen,
        events.c.state.in_(EVENT_STATES),
        ~_refused(),
        source,
        since=events.c.received_at,
    )


def _refused() -> sa.ColumnElement[bool]:
    """Return the condition that the event was dead on arrival: no repair elsewhere makes it readable."""
    return sa.and_(events.c.state == "dead", events.c.attempts == 0)


def _of_awards(chosen: Chosen, states: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    template = None if chosen.template is None else awards.c.template_id == chosen.template
    source = None if chosen.source is None else _award_source(chosen.source)
    return _wanted(awards, chosen, awards.c.state.in_(states), source, template, since=awards.c.created_at)


def _releasable(chosen: Chosen) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of held awards, without those that only ``resume`` frees."""
    paused = sa.exists(sa.select(1).where(connections.c.name == awards.c.connection, connections.c.paused))
    return [
        *_of_awards(chosen, ("held",)),
        awards.c.held_for.is_not(None),
        ~sa.and_(awards.c.held_for == HeldReason.PAUSE, paused),
    ]


def _templates(name: str, *, active: bool) -> sa.Select[tuple[str]]:
    """Select the ids of a connection's templates that are active, or of those that are not."""
    right = templates.c.state == "active" if active else templates.c.state != "active"
    return sa.select(templates.c.template_id).where(templates.c.connection == name, right)


def _award_source(name: str) -> sa.ColumnElement[bool]:
    """Return the condition that the award is of a source, or that its event came through a source connection."""
    through = sa.select(1).where(events.c.id == awards.c.event_id, events.c.connection == name)
    return sa.or_(awards.c.source == name, sa.exists(through))


def _either(one: sa.Column[Any], other: sa.Column[Any], value: str) -> sa.ColumnElement[bool]:
    return sa.or_(one == value, other == value)


def _wanted(
    table: sa.Table, chosen: Chosen, *more: sa.ColumnElement[bool] | None, since: sa.Column[Any]
) -> list[sa.ColumnElement[bool]]:
    found = [condition for condition in more if condition is not None]
    if chosen.ids is not None:
        found.append(table.c.id.in_(chosen.ids))
    if chosen.state is not None:
        found.append(table.c.state == chosen.state)
    if chosen.connection is not None:
        found.append(table.c.connection == chosen.connection)
    if chosen.reason is not None:
        found.append(table.c.reason.icontains(chosen.reason, autoescape=True))
    if chosen.since is not None:
        found.append(since >= chosen.since)
    if chosen.until is not None:
        found.append(since < chosen.until)
    return found


_CONNECTIONS = sa.select(connections.c.name).order_by(connections.c.name).with_for_update(read=True)
