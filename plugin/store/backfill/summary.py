"""The plan of a backfill as administrators see it: reasons with their counts, and line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..schema.tables import backfill_badges as badges
from ..schema.tables import backfill_completions as completions
from .completions import PORTION


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A completion with one of its badges, or without any.

    :param learning_object_id: the instance's id, if there is one.
    :param occurred_at: seconds since the epoch.
    """

    line: int
    learner_id: str | None
    learning_object_id: str
    occurred_at: float | None
    connection: str | None
    template_id: str | None
    state: str
    reason: str | None
    award_id: int | None


def reason_counts(transaction: Connection, number: int, limit: int) -> list[tuple[str, int]]:
    """Return why completions and badges are not issued, with their number, the commonest first."""
    of_each = [
        sa.select(table.c.reason, sa.func.count().label("rows"))
        .where(table.c.backfill == number, table.c.state.in_(("cannot", "beyond")))
        .group_by(table.c.reason)
        for table in (completions, badges)
    ]
    both = sa.union_all(*of_each).subquery()
    total = sa.func.sum(both.c.rows)
    query = sa.select(both.c.reason, total).group_by(both.c.reason).order_by(total.desc(), both.c.reason)
    return [(row[0] or "", int(row[1])) for row in transaction.execute(query.limit(limit))]


def plan_lines(transaction: Connection, number: int, limit: int) -> Iterator[PlanLine]:
    """Yield each completion with its badges, in the order of the lines."""
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
    for row in transaction.execution_options(yield_per=PORTION).execute(query):
        yield PlanLine(**row._mapping)


def repeated_lines(transaction: Connection, number: int) -> int:
    """Return the number of lines that repeat an earlier line of the same completion."""
    query = sa.select(sa.func.sum(completions.c.lines - 1)).where(completions.c.backfill == number)
    return int(transaction.scalar(query) or 0)
