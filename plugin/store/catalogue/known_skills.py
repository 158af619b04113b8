"""Which skills of a source's account have been seen: what is not among them is new."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from ..database import Database
from ..schema.tables import known_skills

_LEARNED = ""
"""In place of a skill's id: the account has been looked through once, even where it had no skill at all."""


class KnownSkills:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._add = database.insert(known_skills).on_conflict_do_nothing()

    def of(self, connection: str, account: str) -> set[str] | None:
        """Their ids; None where nobody has looked yet."""
        mine = [known_skills.c.connection == connection, known_skills.c.account == account]
        with self._database.read() as transaction:
            found = set(transaction.scalars(sa.select(known_skills.c.skill_id).where(*mine)))
        return found - {_LEARNED} if _LEARNED in found else None

    def learn(self, connection: str, account: str, skills: Iterable[str], now: float) -> None:
        """These are known from now on, and whatever comes later is new."""
        rows = [
            {"connection": connection, "account": account, "skill_id": skill_id, "seen_at": now}
            for skill_id in [*skills, _LEARNED]
        ]
        with self._database.write() as transaction:
            transaction.execute(self._add, rows)
