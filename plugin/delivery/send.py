"""From the ledger to the provider: claim, look up where in doubt, send or revoke, record the outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...adapters.base import Adapter
from ...adapters.errors import AdapterError, OverBudgetError, TemporaryError
from ...adapters.values import IssuedBadge, Outcome
from ..providers.guarded_adapter import broken
from ..providers.instrumentation import provider_call
from ..providers.outcomes import halting
from ..store import Connection, LedgerAward, Store
from ..store.policy import policy_of
from .attempts import issue, look_up, not_sent
from .outcomes import AbsentError, UnknownFateError, record_outcomes
from .refused_templates import judged, refuses_template
from .revoke import revoke_rows

FAILED_LOOKUPS = 3
"""Failed look-ups in a row after which the others of a batch wait: each may take until its time-out."""


def send_batch(
    store: Store,
    connection: Connection,
    adapter: Adapter,
    owner: str,
    *,
    more: Callable[[], None] = lambda: None,
    alive: Callable[[], None] = lambda: None,
) -> int:
    """Send one batch of a connection's due awards; return how many there were.

    A connection that failed last time is probed with a single award first.

    :param more: called when the batch was full, before it is sent: somebody else may take the next one.
    :param alive: called after each call to the provider, which by itself is bounded.
    """
    limit = batch_size(connection, adapter)
    can_look_up = adapter.capabilities.can_look_up
    rows = store.ledger.claim(connection.name, owner, limit, store.now(), can_look_up=can_look_up)
    if not rows:
        return 0
    if len(rows) == limit and not connection.failures:
        more()
    to_issue = [row for row in rows if row.revoke_reason is None]
    known, to_send, answered = _look_up_doubtful(store, connection, adapter, to_issue, alive)
    record_outcomes(store, connection, known, works=answered)
    halt: AdapterError | None = None
    called = any(row.in_doubt for row in to_issue)
    for portion in _portions(to_send, limit):
        if called:
            # That took its time: what somebody else took over meanwhile is theirs to send, and there may be a pause.
            portion = store.ledger.renew_leases(portion, store.now())
        called = True
        if portion:
            outcomes: list[Outcome] = [not_sent(row, halt) for row in portion] if halt else []
            if not outcomes:
                with provider_call(store, connection.name, "issue", portion) as came_of:
                    outcomes = _without_others(store, adapter, portion, issue(adapter, portion))
                    came_of(outcomes)
                alive()
                halt = halting(outcomes)
            results = list(zip(portion, outcomes, strict=True))
            refused = [each for each in results if refuses_template(each[1])]
            record_outcomes(store, connection, [each for each in results if not refuses_template(each[1])])
            if refused:
                record_outcomes(store, connection, judged(store, connection, adapter, refused), works=True)
    revoke_rows(store, connection, adapter, [row for row in rows if row.revoke_reason is not None], halt, alive)
    return len(rows)


def _without_others(
    store: Store, adapter: Adapter, rows: Sequence[LedgerAward], outcomes: Sequence[Outcome]
) -> list[Outcome]:
    """Return the outcomes, with an error in place of a new badge that another award has already."""
    new = {each.id for each in outcomes if isinstance(each, IssuedBadge) and not each.existed}
    owners = store.badges.owners_of(rows[0].connection, new)
    checked = list(outcomes)
    for index, (row, outcome) in enumerate(zip(rows, outcomes, strict=True)):
        if isinstance(outcome, IssuedBadge) and not outcome.existed and owners.get(outcome.id, set()) - {row.id}:
            checked[index] = broken(adapter.name, ValueError("issue() gives the badge of another award"))
    return checked


def batch_size(connection: Connection, adapter: Adapter) -> int:
    """Return how many awards are sent together now: one where the last attempt failed."""
    most = adapter.capabilities.max_batch
    return 1 if connection.failures else min(most, policy_of(connection.settings).max_batch or most)


def _look_up_doubtful(
    store: Store, connection: Connection, adapter: Adapter, rows: Sequence[LedgerAward], alive: Callable[[], None]
) -> tuple[list[tuple[LedgerAward, Outcome]], list[LedgerAward], bool]:
    """Return the outcomes known without sending, the awards to send, and whether the provider answered at all."""
    known: list[tuple[LedgerAward, Outcome]] = []
    to_send: list[LedgerAward] = []
    answered = False
    halt: AdapterError | None = None
    failed = 0  # in a row
    for row in rows:
        if not row.in_doubt:
            to_send.append(row)
            continue
        if not adapter.capabilities.can_look_up:
            known.append((row, UnknownFateError(adapter.name)))
            continue
        outcome: Outcome | None = not_sent(row, halt) if halt else None
        if halt is None:
            with provider_call(store, connection.name, "find", [row]) as came_of:
                outcome = look_up(adapter, row)
                came_of([outcome])
            alive()
            failed = failed + 1 if isinstance(outcome, TemporaryError) else 0
            answered = answered or not isinstance(outcome, AdapterError)
            halt = halting([outcome])
            if halt is None and isinstance(outcome, TemporaryError) and failed == FAILED_LOOKUPS:
                halt = outcome
        if outcome is None:
            to_send.append(row)
        else:
            known.append((row, outcome))
    if halt is None or (answered and not halting([halt])):
        return known, to_send, answered
    return known + [(row, _absent(not_sent(row, halt))) for row in to_send], [], answered


def _absent(error: AdapterError) -> AdapterError:
    """Return the outcome of an award known not to be there: after a wait it needs no second look-up."""
    return AbsentError(str(error), retry_after=error.retry_after) if isinstance(error, OverBudgetError) else error


def _portions(rows: Sequence[LedgerAward], most: int) -> list[list[LedgerAward]]:
    """Return the portions that are sent together.

    Awards that failed before, and are not there, go in halved portions each time: an award at which the provider
    breaks is alone in the end, and the others are through. An award that met a surprise goes alone at once.
    """
    portions = [[row for row in rows if not row.in_doubt]]
    failed = sorted((row for row in rows if row.in_doubt), key=lambda row: (not row.surprises, -row.attempts))
    while failed:
        size = 1 if failed[0].surprises else max(1, most >> (failed[0].attempts - 1))
        portions.append(failed[:size])
        failed = failed[size:]
    return [portion for portion in portions if portion]
