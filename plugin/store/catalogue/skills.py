"""Skills that sources have reported: their levels with badge templates, and the ids of all skills of an account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

import sqlalchemy as sa

from ..database import Database
from ..schema.tables import known_skills, skill_levels
from .values import KnownSkillLevel, NewSkillLevel

KEY = ("connection", "source", "skill_id", "level")

_ACCOUNT_WAS_READ = ""
"""Stands for a skill's id: the skills of the account were listed once, even if there were none."""


class Skills:
    """The levels of skills that sources have reported."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, levels: Sequence[NewSkillLevel], now: float) -> None:
        """Store levels, in place of their earlier states."""
        statement = self._database.insert(skill_levels)
        changed = {column.name: statement.excluded[column.name] for column in skill_levels.c}
        for name in (*KEY, "created_at"):
            changed.pop(name)
        statement = statement.on_conflict_do_update(index_elements=list(KEY), set_=changed)
        if levels:
            rows = [{**asdict(level), "created_at": now, "seen_at": now} for level in levels]
            with self._database.write() as transaction:
                transaction.execute(statement, rows)

    def all(self, *, state: str | None = None) -> list[KnownSkillLevel]:
        """Return all levels, or those of one state."""
        query = sa.select(skill_levels).order_by(*(skill_levels.c[name] for name in KEY))
        if state is not None:
            query = query.where(skill_levels.c.state == state)
        with self._database.read() as transaction:
            return [KnownSkillLevel(**row._mapping) for row in transaction.execute(query)]


class KnownSkills:
    """The ids of the skills that accounts are known to have; every other skill is new."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._add = database.insert(known_skills).on_conflict_do_nothing()

    def of(self, connection: str, account: str) -> set[str] | None:
        """Return the ids of an account's known skills; None if its skills were never listed."""
        mine = [known_skills.c.connection == connection, known_skills.c.account == account]
        with self._database.read() as transaction:
            found = set(transaction.scalars(sa.select(known_skills.c.skill_id).where(*mine)))
        return found - {_ACCOUNT_WAS_READ} if _ACCOUNT_WAS_READ in found else None

    def learn(self, connection: str, account: str, skills: Iterable[str], now: float) -> None:
        """Add the ids of known skills, and mark the account as listed."""
        rows = [
            {"connection": connection, "account": account, "skill_id": skill_id, "seen_at": now}
            for skill_id in [*skills, _ACCOUNT_WAS_READ]
        ]
        with self._database.write() as transaction:
            transaction.execute(self._add, rows)
