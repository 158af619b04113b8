"""Revoking badges: one call each, after a look-up where the badge may or may not exist."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...adapters.base import Adapter
from ...adapters.errors import AdapterError, RejectedError
from ...adapters.values import IssuedBadge, Outcome
from ..providers.instrumentation import provider_call
from ..providers.outcomes import halting
from ..store import Connection, LedgerAward, Settled, Store
from .attempts import look_up, not_sent
from .outcomes import record_outcomes

NEVER_ISSUED = "never issued, and it will not be"


def revoke_rows(
    store: Store,
    connection: Connection,
    adapter: Adapter,
    rows: Sequence[LedgerAward],
    halt: AdapterError | None,
    alive: Callable[[], None],
) -> None:
    """Revoke claimed awards. Revoking twice is safe: the adapter answers that the badge is revoked.

    :param halt: an error that concerns the whole connection, so that no call is made.
    :param alive: called after each badge.
    """
    for row in rows:
        if not store.ledger.renew_leases([row], store.now()):
            continue  # somebody else took it over while the ones before took their time
        badge_id: str | None = row.badge_id
        outcome: Outcome | None = not_sent(row, halt) if halt else None
        if outcome is None and badge_id is None:
            found = _found(store, connection, adapter, row)
            if found is None:
                store.ledger.settle([Settled(row, "revoked", f"{NEVER_ISSUED}: {row.revoke_reason}")], store.now())
                continue
            badge_id, outcome = (found.id, None) if isinstance(found, IssuedBadge) else (None, found)
        if outcome is None:
            with provider_call(store, connection.name, "revoke", [row]) as came_of:
                outcome = _revoke(adapter, badge_id or "", row.revoke_reason or "")
                came_of([outcome])
        halt = halt or halting([outcome])
        record_outcomes(store, connection, [(row, outcome)], revoking=True)
        alive()


def _found(store: Store, connection: Connection, adapter: Adapter, row: LedgerAward) -> Outcome | None:
    """Return the badge of an award without a known one, or the error of the look-up; None where there is none."""
    if not row.in_doubt:
        return None
    if not adapter.capabilities.can_look_up:
        return RejectedError("cannot_look_up", f"it may be issued, and {adapter.name} cannot be asked")
    with provider_call(store, connection.name, "find", [row]) as came_of:
        outcome = look_up(adapter, row)
        came_of([outcome])
    return outcome


def _revoke(adapter: Adapter, badge_id: str, reason: str) -> Outcome:
    if not adapter.capabilities.can_revoke:
        return RejectedError("cannot_revoke", f"{adapter.name} does not revoke badges")
    try:
        return adapter.revoke(badge_id, reason)
    except AdapterError as error:
        return error
