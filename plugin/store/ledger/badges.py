"""Reading the ledger's awards by their badges."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from ..database import Database, values_of
from ..schema.tables import awards
from .awards import LedgerAward


class Badges:
    """The badges of awards that providers have issued."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def owners_of(self, name: str, badge_ids: Collection[str]) -> dict[str, set[int]]:
        """Return the numbers of the awards that have these badges already, by the badge's id."""
        owners: dict[str, set[int]] = {}
        if badge_ids:
            with self._database.read() as transaction:
                for row in transaction.execute(_OWNERS, {"of_connection": name, "badges": list(badge_ids)}):
                    owners.setdefault(row.badge_id, set()).add(row.id)
        return owners

    def awards_after(self, name: str, award_id: int, states: Collection[str], limit: int) -> list[LedgerAward]:
        """Return a connection's next awards with a badge, by number.

        :param award_id: the number after which they begin; 0 for the first.
        """
        asked = {"of_connection": name, "after": award_id, "states": list(states), "most": limit}
        with self._database.read() as transaction:
            return values_of(LedgerAward, transaction.execute(_AFTER, asked))

    def sources_of(self, name: str) -> set[str]:
        """Return the sources whose completions earned awards of this provider connection."""
        mine = sa.select(awards.c.source).where(awards.c.connection == name).distinct()
        with self._database.read() as transaction:
            return set(transaction.scalars(mine))


_OWNERS = sa.select(awards.c.badge_id, awards.c.id).where(
    awards.c.connection == sa.bindparam("of_connection"),
    awards.c.badge_id.in_(sa.bindparam("badges", expanding=True)),
)
_AFTER = (
    sa.select(awards)
    .where(
        awards.c.connection == sa.bindparam("of_connection"),
        awards.c.id > sa.bindparam("after"),
        awards.c.badge_id.is_not(None),
        awards.c.state.in_(sa.bindparam("states", expanding=True)),
    )
    .order_by(awards.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
