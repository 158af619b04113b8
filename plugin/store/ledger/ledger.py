"""The ledger: one award per connection, source, learner, badge template and period, written before any call."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from .. import leases
from ..database import Database, Transaction, values_of
from ..history import Change, record, storable
from ..inbox.events import InboxEvent
from ..schema.tables import AWARD_TO_SEND, HeldReason, awards, connections, notifications, templates
from ..shared_clock import UNSTEADY
from .admission import PAUSED, Admissions
from .awards import KEY, LOOKUP_SECONDS, TAKEN_BACK, LedgerAward, Plan, Settled
from .transitions import move


class Ledger:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._plan = database.insert(awards).on_conflict_do_nothing(index_elements=list(KEY)).returning(awards.c.id)

    def plan(
        self, transaction: Transaction, event: InboxEvent, plans: Iterable[Plan], now: float, admissions: Admissions
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
            state, cause = ("held", held.message) if held else ("planned", earned)
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
                    "reason": held.message if held else None,
                    "held_for": held.reason if held else None,
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
                words.append(f"award {award_id}" + (f" ({held.message})" if held else ""))
            changes.append(Change(now, plan.connection, event.correlation_id, state, cause, event.id, award_id))
        return words, changes

    def find(self, event: InboxEvent, plan: Plan) -> LedgerAward | None:
        """Return the award that this completion would earn, where the ledger has it already."""
        with self._database.read() as transaction:
            found = values_of(LedgerAward, transaction.execute(sa.select(awards).where(*_same(event, plan))))
        return found[0] if found else None

    def claim(self, name: str, owner: str, limit: int, now: float, *, can_look_up: bool = True) -> list[LedgerAward]:
        """Commit the intent to send: up to ``limit`` due awards of a connection become ``sending``.

        A row's ``in_doubt`` says that an earlier attempt may have reached the provider. Nothing is claimed
        while the connection is paused.

        :param can_look_up: the provider can be asked; if not, an award that was never sent is not in doubt.
        """
        with self._database.write() as transaction:
            wanted = {"of_connection": name, "can_look_up": can_look_up}
            claimed = leases.take(transaction, _TAKE, LedgerAward, owner=owner, limit=limit, now=now, **wanted)
            record(
                transaction,
                [
                    Change(now, name, award.correlation_id, "sending", _intent(award), award_id=award.id)
                    for award in claimed
                ],
            )
        return claimed

    def take_back(self, now: float) -> int:
        """Let awards of lost workers be looked up at the provider soon; return how many there were.

        Leases that had no chance of renewal count as alive. No look-up is made while a call that a crash has cut off
        may still act.
        """
        asked = {"now": now, "due": now + LOOKUP_SECONDS}
        if not self._database.rows(_LAPSED, asked):
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

    def renew_leases(self, rows: Sequence[LedgerAward], now: float) -> list[LedgerAward]:
        """Renew the leases of claimed awards of one connection; return those that no other worker has taken over.

        Where the connection has been paused since, the awards are held, and none is returned.
        """
        with self._database.write() as transaction:
            kept = _still_ours(transaction, rows)
            if kept and transaction.scalar(_IS_PAUSED, {"name": kept[0].connection}):
                move(
                    transaction,
                    [awards.c.id.in_([row.id for row in kept])],
                    "held",
                    PAUSED,
                    now,
                    held_for=HeldReason.PAUSE,
                )
                return []
            leases.prolong(transaction, awards, [row.id for row in kept], now)
        return kept

    def settle(self, results: Sequence[Settled], now: float) -> None:
        """Write outcomes. An award whose lease was lost is left to its new owner, who looks it up first."""
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
            notices = [
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
            if notices:
                transaction.execute(sa.insert(notifications), notices)


def _intent(row: LedgerAward) -> str:
    attempt = f"attempt {row.attempts}" + (" to revoke it" if row.revoke_reason is not None else "")
    looking = row.in_doubt and (row.revoke_reason is None or row.badge_id is None)
    return attempt + (", looking at the provider first" if looking else "")


def _takes_twice(transaction: Transaction, plan: Plan) -> bool:
    """Return whether the provider may accept a second badge, so that one given by hand must be looked up first."""
    allows = transaction.scalar(_ALLOWS, {"of_connection": plan.connection, "template": plan.template_id})
    return allows is None or bool(allows)


def _same(event: InboxEvent, plan: Plan) -> list[sa.ColumnElement[bool]]:
    return [
        awards.c.connection == plan.connection,
        awards.c.source == event.source,
        awards.c.learner_id == event.learner_id,
        awards.c.template_id == plan.template_id,
        awards.c.period == plan.period,
    ]


def _still_ours(transaction: Transaction, rows: Sequence[LedgerAward]) -> list[LedgerAward]:
    """Return the awards whose lease no other worker has taken; they are locked until the transaction ends."""
    owners = {row.id: row.lease_owner for row in transaction.execute(_SENDING, {"ids": [row.id for row in rows]})}
    return [row for row in rows if owners.get(row.id) == row.lease_owner]


# Built once: to build them takes longer than the database does.
_IS_PAUSED = sa.select(connections.c.paused).where(connections.c.name == sa.bindparam("name"))
_TRIED = sa.or_(awards.c.attempts > 0, awards.c.revoke_reason.is_not(None))  # to revoke it counts its own attempts
_TAKE = leases.taking(
    awards,
    *AWARD_TO_SEND,
    awards.c.connection == sa.bindparam("of_connection"),
    sa.exists(sa.select(1).where(connections.c.name == sa.bindparam("of_connection"), ~connections.c.paused)),
    in_doubt=sa.and_(awards.c.in_doubt, sa.or_(sa.bindparam("can_look_up", type_=sa.Boolean), _TRIED)),
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


def _from_connection(award: LedgerAward) -> bool:
    """Return whether the completion came through a source connection, which has no host process to notify."""
    return ":" in str(award.source)
