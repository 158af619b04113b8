"""A backfill as people want to see it: what it comes to, why badges are not given, and line by line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from ..store import Store
from ..store.backfill.backfills import PORTION
from ..store.schema.tables import backfill_badges as badges
from ..store.schema.tables import backfill_completions as completions

REASONS = 20
"""The commonest, of a summary."""


def summary_of(store: Store, backfill: dict[str, Any]) -> dict[str, Any]:
    """Badges by state, learners who get one, and why lines and badges are left out or not given."""
    number = backfill["id"]
    counts = store.backfills.counts(number)
    left_out = {why: lines for why, lines in backfill["left_out"].items() if lines}
    if repeated := _repeated(store, number):
        left_out["the same completion again, or a further module of a course"] = repeated
    return {
        "id": number,
        "state": backfill["state"],
        "connection": backfill["connection"],
        "source": backfill["source"],
        "origin": backfill["origin"],
        "learners": counts.pop("learners"),
        "badges": counts,
        "reasons": [{"reason": why, "count": many} for why, many in reasons_of(store, number, REASONS)],
        "left_out": left_out,
    }


def reasons_of(store: Store, number: int, most: int) -> list[tuple[str, int]]:
    """Why completions and badges are not given, the commonest first."""
    of_each = [
        sa.select(table.c.reason, sa.func.count().label("rows"))
        .where(table.c.backfill == number, table.c.state.in_(("cannot", "beyond")))
        .group_by(table.c.reason)
        for table in (completions, badges)
    ]
    both = sa.union_all(*of_each).subquery()
    total = sa.func.sum(both.c.rows)
    query = sa.select(both.c.reason, total).group_by(both.c.reason).order_by(total.desc(), both.c.reason)
    with store.database.read() as transaction:
        return [(row[0] or "", int(row[1])) for row in transaction.execute(query.limit(most))]


def lines_of_plan(store: Store, number: int, limit: int) -> Iterator[dict[str, Any]]:
    """Each completion with its badges, in the order of the lines."""
    query = (
        sa.select(
            completions.c.line,
            sa.func.coalesce(badges.c.learner_id, completions.c.learner_id).label("learner_id"),
            sa.func.coalesce(completions.c.instance_id, completions.c.lo_id).label("learning_object_id"),
            completions.c.occurred_at,
            badges.c.connection,
            badges.c.template_id,
            sa.func.coalesce(badges.c.state, completions.c.state).label("state"),
            sa.func.coalesce(badges.c.reason, completions.c.reason).label("reason"),
            badges.c.award_id,
        )
        .select_from(completions.outerjoin(badges, badges.c.completion == completions.c.id))
        .where(completions.c.backfill == number)
        .order_by(completions.c.id, badges.c.id)
        .limit(limit)
    )
    with store.database.read() as transaction:
        for row in transaction.execution_options(yield_per=PORTION).execute(query):
            yield dict(row._mapping)


def _repeated(store: Store, number: int) -> int:
    """Lines that said again what an earlier one had said."""
    query = sa.select(sa.func.sum(completions.c.lines - 1)).where(completions.c.backfill == number)
    with store.database.read() as transaction:
        return int(transaction.scalar(query) or 0)
