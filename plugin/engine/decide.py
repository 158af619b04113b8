"""Decisions about events: claim events from the inbox, ask their source, write its decisions to the ledger."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ..providers.backoff import backoff
from ..runtime.logs import one_line
from ..runtime.tracing import span
from ..sources.decisions import Decided, Decision, Dies, Done, Earns, Ignores, Source, Waits
from ..store import InboxEvent, Store, StoreUnavailableError, Transaction
from ..store.backfill.badges import confirmed
from ..store.history import Change, record
from ..store.inbox.inbox import finish, follow

BATCH = 100
"""Maximum events of one batch. SQLite commits no delivery while their decisions are written, about 50 ms."""

MAX_SURPRISES = 8
"""Attempts after which an event that raises an unexpected error is dead."""

log = logging.getLogger("badgerelay.delivery")


def decide_batch(
    store: Store,
    source: Source,
    lane: str,
    owner: str,
    *,
    limit: int = BATCH,
    planned: Callable[[str], None] = lambda _: None,
) -> int:
    """Decide on one batch of a lane's due events. Return how many there were.

    :param limit: maximum events of the batch.
    :param planned: called with the name of a provider connection once awards of it are in the ledger.
    :raises StoreUnavailableError: when the database does not answer.
    """
    rows = store.inbox.claim(lane, owner, limit, store.now())
    if rows:
        with span("badgerelay.decide", connection=lane, correlation_ids=[row.correlation_id for row in rows]):
            _decide(store, source, lane, rows, planned)
    return len(rows)


def _decide(
    store: Store, source: Source, lane: str, rows: Sequence[InboxEvent], planned: Callable[[str], None]
) -> None:
    undecided = {row.id: row for row in rows}
    try:
        for portion in source.decide(rows):
            write_decisions(store, portion)
            for name in _earned_of(portion):
                planned(name)
            for row, _ in portion:
                undecided.pop(row.id)
    except StoreUnavailableError:
        raise  # not the fault of an event: a worker claims all of them again when their leases end
    except Exception as error:
        log.exception("deciding on events of %s failed", lane)
        if len(rows) == 1:
            write_decisions(store, [(row, _surprised(row, error)) for row in undecided.values()])
            return
        for row in undecided.values():  # one by one, so that an event fails alone
            _decide(store, source, lane, [row], planned)


def _earned_of(decided: Sequence[Decided]) -> set[str]:
    """Return the provider connections of the awards that these decisions plan."""
    return {plan.connection for _, decision in decided if isinstance(decision, Earns) for plan in decision.plans}


def write_decisions(store: Store, decided: Sequence[Decided]) -> None:
    """Commit decisions and the awards that they plan, in one transaction."""
    if not decided:
        return
    now = store.now()
    finished = []
    with store.database.write() as transaction:
        changes: list[Change] = []
        decided = [(row, _as_confirmed(transaction, row, decision)) for row, decision in decided]
        admissions = store.planning.admit(
            transaction, _earned_of(decided), {row.connection for row, _ in decided}, now
        )
        for row, decision in decided:
            state, reason, values = _outcome(row, decision, now)
            if isinstance(decision, Earns):
                changes.append(
                    Change(now, row.connection, row.correlation_id, row.state, decision.how, event_id=row.id)
                )
                words, planned = store.ledger.plan(transaction, row, decision.plans, now, admissions)
                reason = ", ".join([*words, *(f"checks {event.learning_object_id}" for event in decision.follow)])
                follow(transaction, store.database, decision.follow, now)
                changes += planned
            unmapped = isinstance(decision, Ignores) and decision.unmapped
            done = finish(transaction, row, state, reason, unmapped=unmapped, **{"due_at": now, **values})
            # A wait that continues for the same reason is recorded once.
            if done and (state, reason) != (row.state, row.reason):
                changes.append(Change(now, row.connection, row.correlation_id, state, reason, event_id=row.id))
                finished.append((row, state, reason))
        admissions.close(transaction)
        record(transaction, changes)
    for row, state, reason in finished:
        carried = {"correlation_id": row.correlation_id, "event_id": row.id, "state": state}
        log.info("event %s is %s: %s", row.id, state, one_line(reason), extra=carried)
    for name, count in admissions.held.items():
        log.warning("connection %s: %d awards are held, more than it may plan in an hour", name, count)


def _outcome(row: InboxEvent, decision: Decision, now: float) -> tuple[str, str, dict[str, Any]]:
    match decision:
        case Earns():
            return "done", "", {}
        case Done(what):
            return "done", what, {}
        case Ignores(reason=reason):
            return "ignored", reason, {}
        case Waits(reason, seconds, lane, counts):
            attempts = row.attempts if counts else row.attempts - 1
            return "waiting", reason, {"due_at": now + seconds, "lane": lane or row.lane, "attempts": attempts}
        case Dies(reason):
            return "dead", reason, {}


def _as_confirmed(transaction: Transaction, row: InboxEvent, decision: Decision) -> Decision:
    """Return the decision; for an event of a backfill, with the awards of the confirmed plan only."""
    if row.backfill is None or not isinstance(decision, Earns):
        return decision
    agreed = confirmed(transaction, row.backfill, row.learner_id or "")
    plans = tuple(plan for plan in decision.plans if (plan.connection, plan.template_id, plan.period) in agreed)
    if not plans:
        return Ignores(f"what it earns now is not in the plan of backfill {row.backfill}, which was confirmed")
    return replace(decision, plans=plans)


def _surprised(row: InboxEvent, error: Exception) -> Decision:
    what = f"an unexpected {type(error).__name__} inside badgerelay; the log has it"
    if row.attempts >= MAX_SURPRISES:
        return Dies(what)
    return Waits(what, backoff(row.attempts, base=2.0, cap=600.0), counts=True)
