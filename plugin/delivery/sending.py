"""From the ledger to the provider: claim, look where in doubt, send in batches, write what came of it."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.engine import Row

from ...adapters.base import Adapter, Award, IssuedBadge, Outcome, Recipient
from ...adapters.errors import (
    AdapterError,
    AmbiguousError,
    ConfigurationError,
    OverBudgetError,
    RejectedError,
    TemporaryError,
)
from ..metrics.calls import provider_call
from ..policy import policy_of
from ..store import Connection, Settled, Store
from ..store.leases import RENEW_SECONDS
from .backoff import backoff

MAX_SURPRISES = 10
"""Attempts that end in an exception that no adapter may raise, after which an award is dead."""

ATTEMPTS_ALONE = 3
"""From this attempt on, an award on which alone the provider fails does not make its connection rest."""

MAX_BADGE_ID = 255
"""Characters of a provider's badge id."""

PROBE_SECONDS = 300.0
"""How often a connection whose settings are wrong is tried again with a single award."""

LOOK_SECONDS = 5.0
"""After a call whose answer was given up the provider may still be at work: it is not looked for before this."""

SOON_SECONDS = 1.0
"""Until what older settings failed at is tried with newer ones."""

LONGEST_SECONDS = 60.0
"""Between two attempts at an award while its connection works; where nothing goes through, the connection rests."""

log = logging.getLogger("badgerelay.delivery")


def send_batch(
    store: Store, connection: Connection, adapter: Adapter, owner: str, *, more: Callable[[], None] = lambda: None
) -> int:
    """Send one batch of a connection's due awards; how many there were.

    A connection that failed last time is probed with a single award first.

    :param more: called when the batch was full, before it is sent: somebody else may take the next one.
    """
    limit = batch_size(connection, adapter)
    claimed_at = store.now()
    rows = store.ledger.claim(connection.name, owner, limit, claimed_at)
    if not rows:
        return 0
    if len(rows) == limit and not connection.failures:
        more()
    known: list[tuple[Row[Any], Outcome]] = []
    to_send = []
    halt: AdapterError | None = None
    for row in rows:
        outcome: Outcome | None = None
        if row.in_doubt and adapter.capabilities.can_look_up:
            outcome = halt
            if halt is None:
                with provider_call(store, connection.name, "find", [row]) as came_of:
                    outcome = _look(adapter, row)
                    came_of([outcome])
                halt = _halting([outcome])
        if outcome is None:
            to_send.append(row)
        else:
            known.append((row, outcome))
    if halt is not None:
        known += [(row, halt) for row in to_send]
        to_send = []
    _put_down(store, connection, known)
    for portion in _portions(to_send, limit):
        if abs(store.now() - claimed_at) > RENEW_SECONDS:
            # Look-ups and earlier portions took their time: what somebody else took over meanwhile is theirs to send.
            portion = store.ledger.hold(portion, store.now())
        if portion:
            outcomes: list[Outcome] = [halt] * len(portion) if halt else []
            if not outcomes:
                with provider_call(store, connection.name, "issue", portion) as came_of:
                    outcomes = _issue(adapter, portion)
                    came_of(outcomes)
                halt = _halting(outcomes)
            _put_down(store, connection, list(zip(portion, outcomes, strict=True)))
    return len(rows)


def batch_size(connection: Connection, adapter: Adapter) -> int:
    """How many awards are sent together now: one alone where the last attempt failed."""
    most = adapter.capabilities.max_batch
    return 1 if connection.failures else min(most, policy_of(connection.settings).max_batch or most)


def _halting(outcomes: Sequence[Outcome | None]) -> AdapterError | None:
    """What concerns the whole connection, so that no further call is made."""
    return next((each for each in outcomes if isinstance(each, ConfigurationError | OverBudgetError)), None)


def _portions(rows: Sequence[Row[Any]], most: int) -> list[list[Row[Any]]]:
    """What goes out together.

    What failed before, and is not there, goes in half the company each time: an award at which the provider breaks
    is alone in the end, and the others are through. One that met a surprise goes alone at once.
    """
    portions = [[row for row in rows if not row.in_doubt]]
    failed = sorted((row for row in rows if row.in_doubt), key=lambda row: (not row.surprises, -row.attempts))
    while failed:
        size = 1 if failed[0].surprises else max(1, most >> (failed[0].attempts - 1))
        portions.append(failed[:size])
        failed = failed[size:]
    return [portion for portion in portions if portion]


def award_of(row: Row[Any]) -> Award:
    """The ledger's row as adapters see it."""
    recipient = json.loads(row.recipient)
    return Award(
        id=str(row.id),
        template_id=row.template_id,
        recipient=Recipient(
            email=recipient["email"] or "",
            first_name=recipient["first_name"] or "",
            last_name=recipient["last_name"] or "",
            earner_id=f"{row.source}:{row.learner_id}",
            locale=recipient["locale"],
        ),
        issued_at=datetime.fromtimestamp(row.issued_at, UTC),
    )


def _look(adapter: Adapter, row: Row[Any]) -> Outcome | None:
    """The badge if it is there, None if it is not, or the error that kept us from knowing: then nothing is sent."""
    try:
        badge = adapter.find(award_of(row))
        return None if badge is None else _checked(adapter, replace(badge, existed=True))
    except AdapterError as error:
        return _still_in_doubt(error)
    except Exception as error:
        return _surprise(adapter, error)


def _issue(adapter: Adapter, rows: Sequence[Row[Any]]) -> list[Outcome]:
    try:
        outcomes = list(adapter.issue([award_of(row) for row in rows]))
        if len(outcomes) != len(rows):
            raise ValueError(f"{len(outcomes)} outcomes for {len(rows)} awards")
    except AdapterError as error:
        return [error] * len(rows)
    except Exception as error:
        return [_surprise(adapter, error)] * len(rows)
    return [_checked(adapter, outcome) for outcome in outcomes]


def _checked(adapter: Adapter, outcome: Any) -> Outcome:
    """The outcome, or a surprise where it is none, or a badge whose id could not be kept."""
    if isinstance(outcome, AdapterError):
        return outcome
    if isinstance(outcome, IssuedBadge) and isinstance(outcome.id, str) and 0 < len(outcome.id) <= MAX_BADGE_ID:
        return outcome
    return _surprise(adapter, TypeError("no outcome"))


class _SurpriseError(AdapterError):
    """An adapter raised what it may not, or broke its contract."""


def _surprise(adapter: Adapter, error: Exception) -> _SurpriseError:
    # The frames without the message, which may quote what the adapter was handed.
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("the adapter %s broke its contract: %s\n%s", adapter.name, type(error).__name__, frames)
    return _SurpriseError(f"the adapter {adapter.name} failed with {type(error).__name__}; the log has it")


def _still_in_doubt(error: AdapterError) -> AdapterError:
    if isinstance(error, OverBudgetError):
        return error
    if isinstance(error, TemporaryError):
        return TemporaryError(str(error), retry_after=error.retry_after, may_have_acted=True)
    return error if isinstance(error, ConfigurationError) else AmbiguousError(str(error))


def _put_down(store: Store, connection: Connection, results: Sequence[tuple[Row[Any], Outcome]]) -> None:
    if not results:
        return
    wait = 0.0
    if not _its_own_fault(connection, results):
        wait = _connection_wait(store, connection, [outcome for _, outcome in results])
    now = store.now()
    settled = [_settled(row, outcome, now, wait) for row, outcome in results]
    store.ledger.settle(settled, now)
    for each in settled:
        carried = {"correlation_id": each.award.correlation_id, "award_id": each.award.id, "state": each.state}
        log.info("award %s is %s", each.award.id, each.state, extra=carried)


def _its_own_fault(connection: Connection, results: Sequence[tuple[Row[Any], Outcome]]) -> bool:
    """Whether one award failed alone, again, while the connection works: it waits, and holds no other."""
    if len(results) > 1 or connection.failures:
        return False
    row, outcome = results[0]
    failed = isinstance(outcome, AmbiguousError) or (isinstance(outcome, TemporaryError) and outcome.may_have_acted)
    return failed and row.attempts >= ATTEMPTS_ALONE


def _connection_wait(store: Store, connection: Connection, outcomes: Sequence[Outcome]) -> float:
    """Let the connection rest when nothing at all went through, for so many seconds; end its rest otherwise.

    Where its own rate is used up, it waits, which is no failure.
    """
    over = [outcome for outcome in outcomes if isinstance(outcome, OverBudgetError)]
    if over:
        pause = over[0].retry_after or 1.0
        store.connections.hold_off(connection.name, store.now(), pause)
        log.info("connection %s waits for %.1f s: %s", connection.name, pause, over[0])
        if len(over) == len(outcomes):
            return pause
        outcomes = [outcome for outcome in outcomes if not isinstance(outcome, OverBudgetError)]
    errors = [outcome for outcome in outcomes if isinstance(outcome, TemporaryError | ConfigurationError)]
    if len(errors) < len(outcomes):
        if connection.failures:
            store.connections.recover(connection.name)
            log.info("connection %s works again", connection.name)
        return 0.0
    error = next((error for error in errors if isinstance(error, ConfigurationError)), errors[0])
    stopped = None
    if isinstance(error, ConfigurationError):
        wait, stopped = PROBE_SECONDS, stopped_by(error)
        log.error("connection %s is stopped: %s", connection.name, error)
    else:
        wait = backoff(connection.failures + 1, base=0.5, cap=60.0, retry_after=error.retry_after)
        log.warning("connection %s rests for %.1f s: %s", connection.name, wait, error)
    updated_at = connection.updated_at
    if store.connections.rest(connection.name, store.now(), wait, str(error), stopped=stopped, updated_at=updated_at):
        return wait
    log.info("connection %s has new settings meanwhile: it does not rest", connection.name)
    return SOON_SECONDS


def stopped_by(error: ConfigurationError) -> str:
    """In a few words, for lists, why a connection is stopped."""
    return f"the {error.setting} is not accepted" if error.setting else "its settings are not accepted"


def _settled(row: Row[Any], outcome: Outcome, now: float, wait: float) -> Settled:
    was_in_doubt = bool(row.in_doubt)
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
        case RejectedError():
            return Settled(row, "rejected", f"{outcome.code}: {outcome}", notify="badge_rejected")
        case ConfigurationError():
            # The connection rests, not the award: new settings may have come just now, and nobody tells the award.
            return Settled(row, "waiting", str(outcome), now + min(wait, SOON_SECONDS), in_doubt=was_in_doubt)
        case OverBudgetError():
            return Settled(row, "waiting", str(outcome), now + (outcome.retry_after or 1.0), in_doubt=was_in_doubt)
        case TemporaryError():
            due = wait or backoff(row.attempts, base=1.0, cap=LONGEST_SECONDS, retry_after=outcome.retry_after)
            due = max(due, LOOK_SECONDS) if outcome.may_have_acted else due
            return Settled(row, "waiting", str(outcome), now + due, in_doubt=outcome.may_have_acted)
        case AmbiguousError():
            due = max(LOOK_SECONDS, backoff(row.attempts, base=2.0, cap=LONGEST_SECONDS))
            return Settled(row, "waiting", f"{outcome}; looking before sending again", now + due, in_doubt=True)
        case _:
            surprises = row.surprises + 1
            if surprises >= MAX_SURPRISES:
                return Settled(row, "dead", str(outcome), in_doubt=True, surprises=surprises, notify="badge_rejected")
            due = backoff(surprises, base=5.0, cap=3600.0)
            return Settled(row, "waiting", str(outcome), now + due, in_doubt=True, surprises=surprises)
