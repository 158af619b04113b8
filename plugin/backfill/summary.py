"""The summary of a backfill for administrators: badges by state, reasons, and lines that were left out."""

from __future__ import annotations

from typing import Any

from ..store import Store
from ..store.backfill.summary import reason_counts, repeated_lines
from ..store.backfill.values import Backfill

MAX_REASONS = 20
"""Maximum reasons of a summary, the commonest first."""


def summary_of(store: Store, backfill: Backfill) -> dict[str, Any]:
    """Return the badges by state, the number of learners who get one, and why lines and badges are left out."""
    counts = store.planned_badges.counts(backfill.id)
    left_out = {why: lines for why, lines in backfill.left_out.items() if lines}
    with store.database.read() as transaction:
        repeated = repeated_lines(transaction, backfill.id)
        reasons = reason_counts(transaction, backfill.id, MAX_REASONS)
    if repeated:
        left_out["the same completion again, or a further module of a course"] = repeated
    return {
        "id": backfill.id,
        "state": backfill.state,
        "connection": backfill.connection,
        "source": backfill.source,
        "origin": backfill.origin,
        "learners": counts.pop("learners"),
        "badges": counts,
        "reasons": [{"reason": why, "count": count} for why, count in reasons],
        "left_out": left_out,
    }
