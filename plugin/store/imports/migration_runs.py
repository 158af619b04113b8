"""The migration runs of ALM that somebody asked to follow, with what was last told of their files."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from ..database import Database
from ..history import MAX_CAUSE, storable
from ..schema.tables import migration_runs

FOLLOWED, FINISHED, STOPPED = "followed", "finished", "stopped"


class MigrationRuns:
    def __init__(self, database: Database) -> None:
        self._database = database

    def follow(self, connection: str, project_id: str, sprint_id: str, run_id: str, now: float) -> int:
        """Its number. One that was stopped or had finished is followed again."""
        key = {"connection": connection, "project_id": project_id, "sprint_id": sprint_id, "run_id": run_id}
        again = {"state": FOLLOWED, "changed_at": now, "said": None}
        statement = (
            self._database.insert(migration_runs)
            .values(**key, **again, jobs="[]", created_at=now)
            .on_conflict_do_update(index_elements=list(key), set_=again)
            .returning(migration_runs.c.id)
        )
        with self._database.write() as transaction:
            return int(transaction.scalar(statement))

    def followed(self, connection: str | None = None) -> list[Row[Any]]:
        mine = [migration_runs.c.connection == connection] if connection is not None else []
        return self._rows(migration_runs.c.state == FOLLOWED, *mine)

    def all(self) -> list[Row[Any]]:
        return self._rows()

    def _rows(self, *wanted: sa.ColumnElement[bool]) -> list[Row[Any]]:
        with self._database.read() as transaction:
            return list(transaction.execute(sa.select(migration_runs).where(*wanted).order_by(migration_runs.c.id)))

    def get(self, number: int) -> Row[Any] | None:
        with self._database.read() as transaction:
            return transaction.execute(sa.select(migration_runs).where(migration_runs.c.id == number)).one_or_none()

    def note(self, number: int, now: float, *, state: str, said: str, jobs: str, news: bool) -> None:
        """What ALM told just now. One that was stopped meanwhile stays so.

        :param news: whether it differs from what it told before.
        """
        values: dict[str, Any] = {"state": state, "said": storable(said)[:MAX_CAUSE], "jobs": jobs, "asked_at": now}
        if news:
            values["changed_at"] = now
        self._change(number, values)

    def refused(self, number: int, now: float, said: str) -> None:
        """Why ALM told nothing just now."""
        self._change(number, {"said": storable(said)[:MAX_CAUSE], "asked_at": now})

    def stop(self, number: int, said: str) -> bool:
        """Follow it no longer; False where it is not followed."""
        return self._change(number, {"state": STOPPED, "said": storable(said)[:MAX_CAUSE]})

    def _change(self, number: int, values: dict[str, Any]) -> bool:
        followed = [migration_runs.c.id == number, migration_runs.c.state == FOLLOWED]
        with self._database.write() as transaction:
            return transaction.execute(sa.update(migration_runs).where(*followed).values(values)).rowcount == 1
