"""From the ledger to the provider: claim a batch, then three stages (found, sent, revoked).

Each stage yields portions of results, and ``send_batch`` records each portion before the stage makes its next call: a
process that ends between two calls leaves one portion in doubt, never the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ...adapters.base import Adapter
from ...adapters.errors import AdapterError, OverBudgetError, TemporaryError
from ...adapters.values import Outcome
from ..providers.outcomes import halting
from ..store import Connection, LedgerAward, Store
from ..store.policy import policy_of
from .attempts import AdapterCalls, not_sent
from .outcomes import AbsentError, Portion, UnknownFateError, record_outcomes
from .refused_templates import judged, refuses_template
from .revoke import revoked

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
    calls = AdapterCalls(store, connection, adapter, alive)
    for portion in _stages(store, connection, calls, rows, limit):
        record_outcomes(store, connection, portion)
    return len(rows)


def batch_size(connection: Connection, adapter: Adapter) -> int:
    """Return how many awards are sent together now: one where the last attempt failed."""
    most = adapter.capabilities.max_batch
    return 1 if connection.failures else min(most, policy_of(connection.settings).max_batch or most)


def _stages(
    store: Store, connection: Connection, calls: AdapterCalls, rows: Sequence[LedgerAward], limit: int
) -> Iterator[Portion]:
    """Yield the results of the three stages, in the order of their calls."""
    to_issue = [row for row in rows if row.revoke_reason is None]
    found, to_send = _found(calls, to_issue)
    yield found
    yield from _sent(store, connection, calls, to_send, limit)
    yield from revoked(store, calls, [row for row in rows if row.revoke_reason is not None])


def _found(calls: AdapterCalls, rows: Sequence[LedgerAward]) -> tuple[Portion, list[LedgerAward]]:
    """Look up the awards in doubt. Return the outcomes known without sending, and the awards to send."""
    known: list[tuple[LedgerAward, Outcome]] = []
    to_send: list[LedgerAward] = []
    answered = False
    halt: AdapterError | None = None
    failed = 0  # in a row
    for row in rows:
        outcome: Outcome | None = None
        if row.in_doubt and not calls.adapter.capabilities.can_look_up:
            outcome = UnknownFateError(calls.adapter.name)
        elif row.in_doubt and halt:
            outcome = not_sent(row, halt)
        elif row.in_doubt:
            outcome = calls.find(row)
            failed = failed + 1 if isinstance(outcome, TemporaryError) else 0
            answered = answered or not isinstance(outcome, AdapterError)
            halt = calls.halt
            if halt is None and isinstance(outcome, TemporaryError) and failed == FAILED_LOOKUPS:
                halt = outcome
        if outcome is None:
            to_send.append(row)
        else:
            known.append((row, outcome))
    if halt is None or (answered and not halting([halt])):
        return Portion(known, works=answered), to_send
    known += [(row, _absent(not_sent(row, halt))) for row in to_send]
    return Portion(known, works=answered), []


def _sent(
    store: Store, connection: Connection, calls: AdapterCalls, rows: Sequence[LedgerAward], limit: int
) -> Iterator[Portion]:
    """Issue the awards; yield the outcomes of each call, those of refused templates apart."""
    for portion in _portions(rows, limit):
        if calls.made:
            # The calls took time: another worker may have taken awards over, and there may be a pause.
            portion = store.ledger.renew_leases(portion, store.now())
        if not portion:
            continue
        if calls.halt:
            yield Portion([(row, not_sent(row, calls.halt)) for row in portion])
            continue
        outcomes = calls.issue(portion)
        results = list(zip(portion, outcomes, strict=True))
        refused = [each for each in results if refuses_template(each[1])]
        yield Portion([each for each in results if not refuses_template(each[1])])
        if refused:
            yield Portion(judged(store, connection, calls.adapter, refused), works=True)


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
