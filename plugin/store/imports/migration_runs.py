"""Migration runs of ALM that administrators follow, with ALM's last report of their files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ..database import Database
from ..history import MAX_CAUSE, storable
from ..schema.tables import migration_runs

FOLLOWED, FINISHED, STOPPED = "followed", "finished", "stopped"


@dataclass(frozen=True, slots=True)
class MigrationRun:
    """A run of a migration in an ALM account.

    :param jobs: the run's files with their states, as JSON, as ALM last reported them.
    :param said: the last report in words.
    :param changed_at: the time of ALM's last news, seconds since the epoch, as ``created_at`` and ``asked_at``.
    """

    id: int
    connection: str
    project_id: str
    sprint_id: str
    run_id: str
    state: str
    jobs: str
    said: str | None
    created_at: float
    changed_at: float
    asked_at: float | None

    @property
    def name(self) -> str:
        """The run's three ids in ALM."""
        return f"{self.project_id}/{self.sprint_id}/{self.run_id}"


class MigrationRuns:
    """The followed migration runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def follow(self, connection: str, project_id: str, sprint_id: str, run_id: str, now: float) -> int:
        """Follow a run, again if it was stopped or had finished. Returns its number."""
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

    def followed(self, connection: str | None = None) -> list[MigrationRun]:
        """Return the runs that are followed, of one connection or of all."""
        mine = [migration_runs.c.connection == connection] if connection is not None else []
        return self._select(migration_runs.c.state == FOLLOWED, *mine)

    def all(self) -> list[MigrationRun]:
        """Return every run, the oldest first."""
        return self._select()

    def get(self, number: int) -> MigrationRun | None:
        """Return the run of this number, or None."""
        return next(iter(self._select(migration_runs.c.id == number)), None)

    def note(self, number: int, now: float, *, state: str, said: str, jobs: str, news: bool) -> None:
        """Record ALM's report of a run. A run that was stopped in the meantime stays stopped.

        :param news: whether the report differs from the last one.
        """
        values: dict[str, Any] = {"state": state, "said": storable(said)[:MAX_CAUSE], "jobs": jobs, "asked_at": now}
        if news:
            values["changed_at"] = now
        self._change(number, values)

    def note_failure(self, number: int, now: float, said: str) -> None:
        """Record why ALM did not report on a run."""
        self._change(number, {"said": storable(said)[:MAX_CAUSE], "asked_at": now})

    def stop(self, number: int, said: str) -> bool:
        """Stop following a run. Returns False if it is not followed."""
        return self._change(number, {"state": STOPPED, "said": storable(said)[:MAX_CAUSE]})

    def _select(self, *wanted: sa.ColumnElement[bool]) -> list[MigrationRun]:
        query = sa.select(migration_runs).where(*wanted).order_by(migration_runs.c.id)
        with self._database.read() as transaction:
            return [MigrationRun(**row._mapping) for row in transaction.execute(query)]

    def _change(self, number: int, values: dict[str, Any]) -> bool:
        followed = [migration_runs.c.id == number, migration_runs.c.state == FOLLOWED]
        with self._database.write() as transaction:
            return transaction.execute(sa.update(migration_runs).where(*followed).values(values)).rowcount == 1
