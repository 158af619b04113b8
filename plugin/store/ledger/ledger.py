"""The ledger: one award per connection, source, learner, badge template and period, written before any call."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from .. import leases
from ..database import Database
from ..history import Change, record, storable
from ..schema.tables import AWARD_TO_SEND, awards, connections, history, notifications, templates
from ..shared_clock import UNSTEADY
from .admission import PAUSED, Admissions

LOOK_SECONDS = 5.0
"""After a call whose answer was given up the provider may still be at work: it is not looked for before this."""

TAKEN_BACK = "its worker is gone; looking before sending again"

DOUBT = "doubt"
"""What holds an award whose badge may have been made by a provider that cannot be asked: a person ends it."""

KEY = ("connection", "source", "learner_id", "template_id", "period")


@dataclass(frozen=True, slots=True)
class Plan:
    """An award that a completion earns.

    :param recipient: ``email``, ``first_name``, ``last_name``, ``locale``.
    :param issued_at: when the learner completed, seconds since the epoch.
    :param period: empty for what is earned once.
    """

    connection: str
    template_id: str
    recipient: dict[str, str | None]
    issued_at: float
    period: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one claimed award.

    :param due_at: when to try again; for ``waiting``.
    :param in_doubt: the provider may have made the badge: look before sending again.
    :param attempted: a call was made for it.
    :param notify: the hook that tells the host, or None.
    :param revoke_reason: what is still to be done is to revoke it.
    :param held_for: what ends it, for ``held``.
    """

    award: Row[Any]
    state: str
    cause: str
    due_at: float = 0.0
    in_doubt: bool = False
    attempted: bool = True
    surprises: int = 0
    badge_id: str | None = None
    badge_url: str | None = None
    notify: str | None = None
    revoke_reason: str | None = None
    held_for: str | None = None


class Ledger:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._plan = database.insert(awards).on_conflict_do_nothing(index_elements=list(KEY)).returning(awards.c.id)

    def plan(
        self, transaction: Connection, event: Row[Any], plans: Iterable[Plan], now: float, admissions: Admissions
    ) -> tuple[list[str], list[Change]]:
        """Write what a completion earns, inside the caller's transaction.

        :param admissions: of this transaction, with the connections of the plans.
        :return: a few words for each award, and the history to record.
        """
        words, changes = [], []
        for plan in plans:
            past = event.backfill is not None  # an administrator has seen how many they are, and has confirmed them
            held = admissions.ask(
                plan.connection, plan.template_id, event.connection, plan.issued_at, event.received_at, past=past
            )
            earned = f"earned by a past completion, backfill {event.backfill}" if past else "earned by the completion"
            state, cause = ("held", held.reason) if held else ("planned", earned)
            award_id = transaction.scalar(
                self._plan,
                {
                    "connection": plan.connection,
                    "source": event.source,
                    "learner_id": event.learner_id,
                    "template_id": plan.template_id,
                    "period": plan.period,
                    "event_id": event.id,
                    "correlation_id": event.correlation_id,
                    "state": state,
                    "reason": held.reason if held else None,
                    "held_for": held.kind if held else None,
                    "in_doubt": past and _takes_twice(transaction, plan),
                    "recipient": json.dumps(plan.recipient),
                    "issued_at": plan.issued_at,
                    "created_at": now,
                    "due_at": now,
                },
            )
            if award_id is None:
                award_id = transaction.scalar(sa.select(awards.c.id).where(*_same(event, plan)))
                state, cause = "done", f"the same badge is award {award_id} already"
                words.append(f"already award {award_id}")
            else:
                admissions.count(plan.connection, held, past=past)
                words.append(f"award {award_id}" + (f" ({held.reason})" if held else ""))
            changes.append(Change(now, plan.connection, event.correlation_id, state, cause, event.id, award_id))
        return words, changes

    def lanes_due(self, now: float) -> list[str]:
        """Provider connections that have due awards and are neither paused nor resting."""
        with self._database.read() as transaction:
            return list(transaction.scalars(_LANES_DUE, {"now": now}))

    def claim(self, name: str, owner: str, limit: int, now: float, *, looks: bool = True) -> list[Row[Any]]:
        """Commit the intent to send: up to ``limit`` due awards of a connection become ``sending``.

        A row's ``in_doubt`` says that an earlier attempt may have reached the provider. Nothing is claimed
        while the connection is paused.

        :param looks: the provider can be asked; else what was never sent is in no doubt.
        """
        with self._database.write() as transaction:
            rows = leases.take(transaction, _TAKE, owner=owner, limit=limit, now=now, of_connection=name, looks=looks)
            record(
                transaction,
                [
                    Change(
                        now,
                        name,
                        row.correlation_id,
                        "sending",
                        _intent(row),
                        award_id=row.id,
                    )
                    for row in rows
                ],
            )
        return rows

    def take_back(self, now: float) -> int:
        """What workers that are gone were sending is looked for at the provider, soon; how many there were.

        Nothing is taken from workers that had no chance to renew their leases, nor looked for while a call that a
        crash has cut off may still act.
        """
        asked = {"now": now, "due": now + LOOK_SECONDS}
        with self._database.read() as transaction:
            if transaction.execute(_LAPSED, asked).first() is None:
                return 0
        with self._database.write() as transaction:
            rows = transaction.execute(_TAKE_BACK, asked).all()
            record(
                transaction,
                [
                    Change(now, row.connection, row.correlation_id, "waiting", TAKEN_BACK, award_id=row.id)
                    for row in rows
                ],
            )
        return len(rows)

    def owners_of(self, name: str, badge_ids: Collection[str]) -> dict[str, set[int]]:
        """The awards that have these badges already, by the badge's id."""
        owners: dict[str, set[int]] = {}
        if badge_ids:
            with self._database.read() as transaction:
                for row in transaction.execute(_OWNERS, {"of_connection": name, "badges": list(badge_ids)}):
                    owners.setdefault(row.badge_id, set()).add(row.id)
        return owners

    def hold(self, rows: Sequence[Row[Any]], now: float) -> list[Row[Any]]:
        """Prolong the leases of claimed awards of one connection; gives those that nobody else has taken over.

        Where the connection has been paused since, they are held, and none is given.
        """
        with self._database.write() as transaction:
            kept = _still_ours(transaction, rows)
            if kept and transaction.scalar(_IS_PAUSED, {"name": kept[0].connection}):
                move(transaction, [awards.c.id.in_([row.id for row in kept])], "held", PAUSED, now, held_for="pause")
                return []
            leases.prolong(transaction, awards, [row.id for row in kept], now)
        return kept

    def settle(self, results: Sequence[Settled], now: float) -> None:
        """Write outcomes. One whose lease was lost in between is left to its new owner, who looks first."""
        with self._database.write() as transaction:
            ours = {row.id for row in _still_ours(transaction, [result.award for result in results])}
            kept = [result for result in results if result.award.id in ours]
            if kept:
                transaction.execute(_SETTLE, [_settled_values(result, now) for result in kept])
            record(
                transaction,
                [
                    Change(
                        now,
                        result.award.connection,
                        result.award.correlation_id,
                        result.state,
                        result.cause,
                        award_id=result.award.id,
                    )
                    for result in kept
                ],
            )
            told = [
                {
                    "connection": result.award.connection,
                    "source": result.award.source,
                    "award_id": result.award.id,
                    "hook": result.notify,
                    "reason": storable(result.cause),
                    "due_at": now,
                }
                for result in kept
                if result.notify and not _from_connection(result.award)
            ]
            if told:
                transaction.execute(sa.insert(notifications), told)


def move(
    transaction: Connection,
    chosen: Sequence[sa.ColumnElement[bool] | sa.TextClause],
    to: str,
    cause: str,
    now: float,
    *,
    held_for: str | None = None,
    **values: Any,
) -> int:
    """Set the state of the chosen awards, with one row of history each, in two statements however many they are.

    :param held_for: what ends it, where they become ``held``.
    :param values: of further columns.
    """
    transaction.execute(
        sa.insert(history).from_select(
            ["at", "connection", "award_id", "correlation_id", "state", "cause"],
            sa.select(
                sa.literal(now),
                awards.c.connection,
                awards.c.id,
                awards.c.correlation_id,
                sa.literal(to),
                sa.literal(cause),
            ).where(*chosen),
        )
    )
    changed = transaction.execute(
        sa.update(awards)
        .where(*chosen)
        .values(
            state=to,
            reason=cause if to == "held" else None,
            held_for=held_for,
            due_at=due_again(now),
            lease_owner=None,
            **values,
        )
    )
    return changed.rowcount


def due_again(now: float) -> sa.ColumnElement[float]:
    """When an award is due that somebody wants done now: at once, unless a call of a moment ago may still act."""
    return sa.case((awards.c.in_doubt, now + LOOK_SECONDS), else_=now)


def _intent(row: Row[Any]) -> str:
    attempt = f"attempt {row.attempts}" + (" to revoke it" if row.revoke_reason is not None else "")
    looking = row.in_doubt and (row.revoke_reason is None or row.badge_id is None)
    return attempt + (", looking at the provider first" if looking else "")


def _takes_twice(transaction: Connection, plan: Plan) -> bool:
    """Whether the provider may not refuse a badge that somebody gave by hand at the time: then it is looked for."""
    allows = transaction.scalar(_ALLOWS, {"of_connection": plan.connection, "template": plan.template_id})
    return allows is None or bool(allows)


def _same(event: Row[Any], plan: Plan) -> list[sa.ColumnElement[bool]]:
    return [
        awards.c.connection == plan.connection,
        awards.c.source == event.source,
        awards.c.learner_id == event.learner_id,
        awards.c.template_id == plan.template_id,
        awards.c.period == plan.period,
    ]


def _still_ours(transaction: Connection, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Those whose lease nobody else has taken; locked until the transaction ends."""
    owners = {row.id: row.lease_owner for row in transaction.execute(_SENDING, {"ids": [row.id for row in rows]})}
    return [row for row in rows if owners.get(row.id) == row.lease_owner]


# Built once: to build them takes longer than the database does.
_LANES_DUE = sa.select(connections.c.name).where(
    ~connections.c.paused,
    connections.c.retry_at <= sa.bindparam("now"),
    sa.exists(
        sa.select(1).where(
            awards.c.connection == connections.c.name,
            *AWARD_TO_SEND,
            awards.c.due_at <= sa.bindparam("now"),
        )
    ),
)
_IS_PAUSED = sa.select(connections.c.paused).where(connections.c.name == sa.bindparam("name"))
_TRIED = sa.or_(awards.c.attempts > 0, awards.c.revoke_reason.is_not(None))  # to revoke it counts its own attempts
_TAKE = leases.taking(
    awards,
    *AWARD_TO_SEND,
    awards.c.connection == sa.bindparam("of_connection"),
    sa.exists(sa.select(1).where(connections.c.name == sa.bindparam("of_connection"), ~connections.c.paused)),
    in_doubt=sa.and_(awards.c.in_doubt, sa.or_(sa.bindparam("looks", type_=sa.Boolean), _TRIED)),
    state="sending",
)
_LAPSED = sa.select(awards.c.id).where(
    awards.c.lease_owner.is_not(None),
    awards.c.state == "sending",
    awards.c.due_at <= sa.bindparam("now"),
    ~UNSTEADY,
)
_TAKE_BACK = (
    sa.update(awards)
    .where(awards.c.id.in_(sa.select(_LAPSED.with_for_update(skip_locked=True).cte("lapsed").c.id)))
    .values(state="waiting", reason=TAKEN_BACK, due_at=sa.bindparam("due"), lease_owner=None, in_doubt=True)
    .returning(awards.c.id, awards.c.connection, awards.c.correlation_id)
)
_OWNERS = sa.select(awards.c.badge_id, awards.c.id).where(
    awards.c.connection == sa.bindparam("of_connection"),
    awards.c.badge_id.in_(sa.bindparam("badges", expanding=True)),
)
_SENDING = (
    sa.select(awards.c.id, awards.c.lease_owner)
    .where(awards.c.id.in_(sa.bindparam("ids", expanding=True)), awards.c.state == "sending")
    .order_by(awards.c.id)  # two that lock the same rows must not do it in different orders
    .with_for_update()
)
_ALLOWS = sa.select(templates.c.allows_duplicates).where(
    templates.c.connection == sa.bindparam("of_connection"), templates.c.template_id == sa.bindparam("template")
)
_SETTLE = (
    sa.update(awards)
    .where(awards.c.id == sa.bindparam("award"))
    .values(
        {
            column: sa.bindparam(f"new_{column}")
            for column in (
                *("state", "reason", "due_at", "in_doubt", "attempts", "surprises"),
                *("badge_id", "badge_url", "revoke_reason", "held_for"),
            )
        }
    )
    .values(lease_owner=None)
)


def _settled_values(result: Settled, now: float) -> dict[str, Any]:
    return {
        "award": result.award.id,
        "new_state": result.state,
        "new_reason": None if result.notify == "badge_issued" else storable(result.cause),
        "new_due_at": result.due_at or now,
        "new_in_doubt": result.in_doubt,
        "new_attempts": result.award.attempts - (not result.attempted),
        "new_surprises": result.surprises,
        "new_badge_id": result.badge_id and storable(result.badge_id),
        "new_badge_url": result.badge_url and storable(result.badge_url),
        "new_revoke_reason": result.revoke_reason,
        "new_held_for": result.held_for,
    }


def _from_connection(award: Row[Any]) -> bool:
    """Whether the completion came through a source connection: such a source has no host process to tell."""
    return ":" in str(award.source)
