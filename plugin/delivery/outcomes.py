"""Outcomes of calls, written into the ledger: the award's next state, and whether the circuit opens."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...adapters.errors import (
    AdapterError,
    AmbiguousError,
    ConfigurationError,
    OverBudgetError,
    RejectedError,
    TemporaryError,
)
from ...adapters.values import IssuedBadge, Outcome
from ..providers.backoff import backoff
from ..providers.circuit import SOON_SECONDS, close_circuit, open_circuit
from ..providers.outcomes import asked_to_wait
from ..store import Connection, HeldReason, LedgerAward, Settled, Store
from ..store.ledger.awards import LOOKUP_SECONDS
from .refused_templates import UnusableTemplateError

MAX_SURPRISES = 10
"""Attempts with an exception that no adapter may raise, after which an award is dead."""

ATTEMPTS_ALONE = 3
"""Attempts after which an award that fails alone no longer opens its connection's circuit."""

LONGEST_SECONDS = 60.0
"""Maximum seconds between two attempts of an award, and between two probes of a connection that fails."""

log = logging.getLogger("badgerelay.delivery")


class UnknownFateError(AdapterError):
    """The badge may exist, and the provider cannot be asked: an administrator must decide."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the badge may have been issued, and {name} cannot be asked: look there; `awards release` sends it, "
            "`awards revoke` gives it up"
        )


class AbsentError(OverBudgetError):
    """The provider has no such badge, and the rate limit came before it was sent: no second look-up is needed."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Awards with their outcomes, to be recorded together.

    :param results: an outcome is None where a badge to revoke was never issued.
    :param works: something else went through just now.
    :param revoking: the outcomes are of revoking them.
    """

    results: Sequence[tuple[LedgerAward, Outcome | None]]
    works: bool = False
    revoking: bool = False


def record_outcomes(store: Store, connection: Connection, portion: Portion) -> None:
    """Write the outcomes of awards, and open the circuit of their connection where nothing went through."""
    if not portion.results:
        return
    asked = [
        (row, outcome)
        for row, outcome in portion.results
        if outcome is not None and not isinstance(outcome, UnknownFateError)
    ]
    wait = 0.0
    if portion.works:
        _recover(store, connection, [outcome for _, outcome in asked])
    elif asked and not _its_own_fault(connection, asked):
        wait = _connection_wait(store, connection, [outcome for _, outcome in asked])
    now = store.now()
    settle = _revoked if portion.revoking else _settled
    settled = [settle(row, outcome, now, wait) for row, outcome in portion.results]
    store.ledger.settle(settled, now)
    for each in settled:
        carried = {"correlation_id": each.award.correlation_id, "award_id": each.award.id, "state": each.state}
        log.info("award %s is %s", each.award.id, each.state, extra=carried)


def _its_own_fault(connection: Connection, results: Sequence[tuple[LedgerAward, Outcome]]) -> bool:
    """Return whether one award failed alone, again, while the connection works: then only this award waits."""
    if len(results) > 1 or connection.failures:
        return False
    row, outcome = results[0]
    failed = isinstance(outcome, AmbiguousError) or (isinstance(outcome, TemporaryError) and outcome.may_have_acted)
    return failed and row.attempts >= ATTEMPTS_ALONE and not asked_to_wait(outcome)


def _connection_wait(store: Store, connection: Connection, outcomes: Sequence[Outcome]) -> float:
    """Open the circuit where nothing went through, else close it; return the seconds until the next attempt.

    Where the connection's own rate is used up, it waits; that is not a failure.
    """
    over = [outcome for outcome in outcomes if isinstance(outcome, OverBudgetError)]
    if over:
        pause = over[0].retry_after or 1.0
        store.connections.defer(connection.name, store.now(), pause)
        log.info("connection %s waits for %.1f s: %s", connection.name, pause, over[0])
        if len(over) == len(outcomes):
            return pause
        outcomes = [outcome for outcome in outcomes if not isinstance(outcome, OverBudgetError)]
    kinds = TemporaryError | ConfigurationError | AmbiguousError
    errors = [outcome for outcome in outcomes if isinstance(outcome, kinds)]
    if len(errors) < len(outcomes):
        _recover(store, connection, outcomes)
        return 0.0
    error = next((error for error in errors if isinstance(error, ConfigurationError)), errors[0])
    return open_circuit(store, connection, error, base=0.5, cap=LONGEST_SECONDS)


def _recover(store: Store, connection: Connection, outcomes: Sequence[Outcome]) -> None:
    """Close the circuit after a success; wait where the provider asked for that."""
    close_circuit(store, connection)
    if asked := max(filter(None, map(asked_to_wait, outcomes)), default=None):
        pause = backoff(1, base=0.0, cap=0.0, retry_after=asked)
        store.connections.defer(connection.name, store.now(), pause)
        log.info("connection %s waits for %.1f s, as its provider asks", connection.name, pause)


def _settled(row: LedgerAward, outcome: Outcome | None, now: float, wait: float) -> Settled:
    was_in_doubt = row.in_doubt
    failures = row.attempts // 2 + 1  # while others go through, chance alone makes some fail several times
    match outcome:
        case IssuedBadge():
            how = "the provider has it already" if outcome.existed else "issued"
            return Settled(
                row,
                "issued",
                f"{how}: badge {outcome.id}",
                badge_id=outcome.id,
                badge_url=outcome.url,
                notify="badge_issued",
            )
        case UnusableTemplateError():
            return Settled(row, "held", str(outcome), held_for=HeldReason.TEMPLATE)
        case UnknownFateError():
            return Settled(row, "held", str(outcome), in_doubt=True, held_for=HeldReason.DOUBT)
        case RejectedError():
            return Settled(row, "rejected", f"{outcome.code}: {outcome}", notify="badge_rejected")
        case ConfigurationError():
            # The circuit is open, the award is not delayed: new settings may have come just now.
            return Settled(row, "waiting", str(outcome), now + min(wait, SOON_SECONDS), in_doubt=was_in_doubt)
        case OverBudgetError():
            due = now + (outcome.retry_after or 1.0)
            doubt = was_in_doubt and not isinstance(outcome, AbsentError)
            return Settled(row, "waiting", str(outcome), due, in_doubt=doubt, attempted=False)
        case TemporaryError():
            due = wait or backoff(failures, base=1.0, cap=LONGEST_SECONDS, retry_after=outcome.retry_after)
            due = max(due, LOOKUP_SECONDS) if outcome.may_have_acted else due
            return Settled(row, "waiting", str(outcome), now + due, in_doubt=outcome.may_have_acted)
        case AmbiguousError():
            due = max(LOOKUP_SECONDS, backoff(failures, base=1.0, cap=LONGEST_SECONDS))
            return Settled(row, "waiting", f"{outcome}; looking before sending again", now + due, in_doubt=True)
        case _:
            surprises = row.surprises + 1
            if surprises >= MAX_SURPRISES:
                return Settled(row, "dead", str(outcome), in_doubt=True, surprises=surprises, notify="badge_rejected")
            due = backoff(surprises, base=5.0, cap=3600.0)
            return Settled(row, "waiting", str(outcome), now + due, in_doubt=True, surprises=surprises)


def _revoked(row: LedgerAward, outcome: Outcome | None, now: float, wait: float) -> Settled:
    """Return the outcome of a revocation. The badge stays known; the revocation is tried until it has an end."""
    badge_id, url = row.badge_id, row.badge_url
    match outcome:
        case None:
            return Settled(row, "revoked", f"never issued, and it will not be: {row.revoke_reason}")
        case IssuedBadge():
            cause = f"revoked: badge {outcome.id} ({row.revoke_reason})"
            return Settled(row, "revoked", cause, badge_id=outcome.id, badge_url=url, notify="badge_changed")
        case RejectedError():
            cause = f"it was not revoked: {outcome.code}: {outcome}"
            log.warning("award %s was not revoked: %s", row.id, outcome)
            doubt = row.in_doubt  # of the badge: nobody may send it again without a look
            state = "issued" if badge_id else "rejected"
            return Settled(row, state, cause, badge_id=badge_id, badge_url=url, in_doubt=doubt)
        case _:
            settled = _settled(row, outcome, now, wait)
            in_doubt = row.in_doubt  # of the badge: to revoke twice does no harm
            kept = replace(settled, badge_id=badge_id, badge_url=url, in_doubt=in_doubt)
            return replace(kept, revoke_reason=row.revoke_reason, notify=None)
