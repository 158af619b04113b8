"""The skills that a source has told of: their levels, and what became of each level's badge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from ..database import Database
from ..schema.tables import skill_levels

KEY = ("connection", "source", "skill_id", "level")


@dataclass(frozen=True, slots=True)
class SkillLevelRow:
    """One level of a known skill.

    :param connection: the source connection; empty for an LMS host's own.
    :param source: as rules name it.
    :param level: 0 stands for a skill without levels.
    :param badge: the source's reference to a badge.
    :param state: ``wired`` (its badge is issued), ``suggested`` (the template looks right) or ``unknown``.
    :param provider: the provider connection of the template.
    :param note: how we know, or what to do.
    """

    connection: str
    source: str
    skill_id: str
    level: int
    name: str
    level_name: str | None
    badge: str | None
    state: str
    provider: str | None
    template_id: str | None
    note: str


class Skills:
    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, rows: Sequence[SkillLevelRow], now: float) -> None:
        """Keep these levels, in place of what was known of them."""
        statement = self._database.insert(skill_levels)
        changed = {column.name: statement.excluded[column.name] for column in skill_levels.c}
        for name in (*KEY, "created_at"):
            changed.pop(name)
        statement = statement.on_conflict_do_update(index_elements=list(KEY), set_=changed)
        if rows:
            with self._database.write() as transaction:
                transaction.execute(statement, [{**asdict(row), "created_at": now, "seen_at": now} for row in rows])

    def known(self, connection: str, source: str) -> set[str]:
        """The ids of the skills that this source has told of."""
        query = sa.select(skill_levels.c.skill_id).where(
            skill_levels.c.connection == connection, skill_levels.c.source == source
        )
        with self._database.read() as transaction:
            return set(transaction.scalars(query))

    def all(self, *, state: str | None = None) -> list[dict[str, Any]]:
        query = sa.select(skill_levels).order_by(*(skill_levels.c[name] for name in KEY))
        if state is not None:
            query = query.where(skill_levels.c.state == state)
        with self._database.read() as transaction:
            return [dict(row._mapping) for row in transaction.execute(query)]
