"""The stage that revokes badges: one call each, after a look-up where the badge may or may not exist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...adapters.errors import RejectedError
from ...adapters.values import IssuedBadge, Outcome
from ..store import LedgerAward, Store
from .attempts import AdapterCalls, not_sent
from .outcomes import Portion


def revoked(store: Store, calls: AdapterCalls, rows: Sequence[LedgerAward]) -> Iterator[Portion]:
    """Revoke claimed awards; yield each outcome, None where there never was a badge.

    Revoking twice is safe: the adapter answers that the badge is revoked.
    """
    for row in rows:
        if store.ledger.renew_leases([row], store.now()):
            yield Portion([(row, not_sent(row, calls.halt) if calls.halt else _revoked(calls, row))], revoking=True)


def _revoked(calls: AdapterCalls, row: LedgerAward) -> Outcome | None:
    badge_id = row.badge_id
    if badge_id is None:
        found = _found(calls, row)
        if not isinstance(found, IssuedBadge):
            return found
        badge_id = found.id
    return calls.revoke(row, badge_id)


def _found(calls: AdapterCalls, row: LedgerAward) -> Outcome | None:
    """Return the badge of an award without a known one, or the error of the look-up; None if it was never issued."""
    if not row.in_doubt:
        return None
    if not calls.adapter.capabilities.can_look_up:
        return RejectedError("cannot_look_up", f"it may be issued, and {calls.adapter.name} cannot be asked")
    return calls.find(row)
