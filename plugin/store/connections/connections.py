"""Connections: what an administrator has connected, with its secrets sealed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from ...runtime.vault import Vault
from ..database import Database, Transaction
from ..history import storable
from ..imports.imported_rows import Imports
from ..ledger.admission import PAUSED
from ..ledger.transitions import due_again, move
from ..schema.tables import (
    AWARD_OPEN,
    AWARD_TO_SEND,
    EVENT_OPEN,
    HeldReason,
    awards,
    budgets,
    cache,
    connections,
    events,
    known_skills,
    locks,
    measurements,
    migration_runs,
    rule_objects,
    rules,
    schedule,
    skill_levels,
    storage,
    template_changes,
    templates,
)
from ..schema.tables import award_hours as hours
from .records import ConnectionRecords
from .storage import ConnectionStorage, opened

_OWN = (
    *(storage, locks, cache, templates, template_changes, rules, rule_objects, measurements, budgets, hours),
    *(schedule, skill_levels, known_skills, migration_runs),
)
"""Tables whose rows are removed with their connection."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A badge provider's account (role ``provider``) or a source of events (role ``source``).

    :param type: the adapter's name, or the kind of source.
    :param account: the account at the other end, as ``check`` found it or the administrator gave it.
    :param settings: plain settings and opened secrets together, as the type's schema loads them.
    :param trouble: why nothing goes through at the moment, or None.
    :param stopped: which setting the other end does not accept, in a few words, or None.
    """

    name: str
    role: str
    type: str
    account: str
    settings: dict[str, Any] = field(repr=False)
    paused: bool = False
    failures: int = 0
    retry_at: float = 0.0
    trouble: str | None = None
    stopped: str | None = None
    updated_at: float = 0.0
    created_at: float = 0.0


_FAILURES = sa.select(connections.c.failures, connections.c.retry_at).with_for_update()
_GET = sa.select(connections).where(connections.c.name == sa.bindparam("name"))
_TYPES = sa.select(connections.c.name, connections.c.type).where(
    connections.c.name.in_(sa.bindparam("names", expanding=True))
)


class Connections:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    def all(self) -> list[Connection]:
        """Return all connections. :raises SealedError: no known key opens their secrets; so does :meth:`get`."""
        with self._database.read() as transaction:
            rows = transaction.execute(sa.select(connections).order_by(connections.c.role, connections.c.name)).all()
        return [self._opened(row) for row in rows]

    def plain(self) -> list[Connection]:
        """Return all connections without their secrets, which stay sealed."""
        with self._database.read() as transaction:
            rows = transaction.execute(sa.select(connections).order_by(connections.c.name)).all()
        return [_connection(row, json.loads(row.settings)) for row in rows]

    def get(self, name: str) -> Connection | None:
        rows = self._database.rows(_GET, {"name": name})
        return self._opened(rows[0]) if rows else None

    def types_of(self, names: Iterable[str]) -> dict[str, str]:
        """Return the type of each of these connections that exists, by name; no secret is opened."""
        return {row.name: row.type for row in self._database.rows(_TYPES, {"names": list(names)})}

    def save(
        self,
        name: str,
        role: str,
        type_: str,
        account: str,
        plain: dict[str, Any],
        sealed: dict[str, Any],
        now: float,
    ) -> None:
        """Insert or update; new settings close the circuit, so that waiting work is tried at once.

        :param sealed: the secret settings; encrypted here.
        """
        values = {
            "role": role,
            "type": type_,
            "account": account,
            "settings": json.dumps(plain, sort_keys=True),
            "secrets": self._vault.seal(json.dumps(sealed, sort_keys=True)),
            "failures": 0,
            "retry_at": 0.0,
            "trouble": None,
            "stopped": None,
            "updated_at": now,
        }
        statement = (
            self._database.insert(connections)
            .values(name=name, created_at=now, paused=False, **values)
            .on_conflict_do_update(index_elements=["name"], set_=values)
        )
        with self._database.write() as transaction:
            transaction.execute(statement)
            transaction.execute(sa.delete(storage).where(storage.c.connection == name))
            owed = sa.update(awards).where(awards.c.connection == name, AWARD_OPEN, awards.c.state == "waiting")
            transaction.execute(owed.values(due_at=due_again(now)))
            waiting = sa.update(events).where(events.c.lane == name, EVENT_OPEN, events.c.state == "waiting")
            transaction.execute(waiting.where(events.c.lease_owner.is_(None)).values(due_at=now))
            failed = [schedule.c.connection == name, schedule.c.outcome == "failed", schedule.c.lease_owner.is_(None)]
            transaction.execute(sa.update(schedule).where(*failed).values(due_at=now))

    def remove(self, name: str) -> None:
        """Remove the connection, its secrets, its rules and imported rows.

        Its events, awards and history stay, and its adapter's records: they may be all that there is of its badges.
        """
        with self._database.write() as transaction:
            transaction.execute(sa.delete(connections).where(connections.c.name == name))
            for table in _OWN:
                transaction.execute(sa.delete(table).where(table.c.connection == name))
            Imports.forget(transaction, name)

    def pause(self, names: list[str], now: float) -> None:
        with self._database.write() as transaction:
            for name in names:
                _set(transaction, name, paused=True)
                mine = awards.c.connection == name
                move(transaction, [mine, *AWARD_TO_SEND], "held", PAUSED, now, held_for=HeldReason.PAUSE)

    def resume(self, names: list[str], now: float) -> None:
        """Send what the pause has held; what is held for another reason waits for its release."""
        with self._database.write() as transaction:
            for name in names:
                _set(transaction, name, paused=False, retry_at=0.0)
                held = [awards.c.connection == name, awards.c.held_for == HeldReason.PAUSE, awards.c.state == "held"]
                move(transaction, held, "planned", "the connection was resumed", now)

    def open_circuit(
        self,
        name: str,
        now: float,
        seconds: Callable[[int], float],
        trouble: str,
        *,
        stopped: str | None = None,
        updated_at: float | None = None,
    ) -> float | None:
        """Open the circuit after a connection-wide failure. Return the seconds until the next attempt.

        Failures of calls that were on the way together count once.

        :param seconds: returns the wait after so many failures in a row.
        :param stopped: what an administrator has to correct, in a few words.
        :param updated_at: of the connection as it was used. Where it has newer settings, the circuit stays closed,
            and None is returned.
        """
        used = [connections.c.name == name]
        if updated_at is not None:
            used.append(connections.c.updated_at == updated_at)
        with self._database.write() as transaction:
            row = transaction.execute(_FAILURES.where(*used)).one_or_none()
            if row is None:
                return None
            failures = row.failures + (0 if row.retry_at > now else 1)
            wait = seconds(failures)
            _set(
                transaction,
                name,
                failures=failures,
                retry_at=max(row.retry_at, now + wait),
                trouble=storable(trouble),
                stopped=stopped and storable(stopped)[:64],
            )
        return wait

    def defer(self, name: str, now: float, seconds: float) -> None:
        """Let the connection's work wait for so many seconds, though nothing has failed."""
        with self._database.write() as transaction:
            transaction.execute(
                sa.update(connections)
                .where(connections.c.name == name, connections.c.retry_at < now + seconds)
                .values(retry_at=now + seconds)
            )

    def recover(self, name: str, *, seen: float | None = None) -> None:
        """Close the circuit. :param seen: ``retry_at`` as it was used: a circuit opened since stays open."""
        with self._database.write() as transaction:
            unchanged = [] if seen is None else [connections.c.retry_at == seen]
            well = {"failures": 0, "retry_at": 0.0, "trouble": None, "stopped": None}
            transaction.execute(sa.update(connections).where(connections.c.name == name, *unchanged).values(well))

    def rotate(self) -> int:
        """Seal every secret with the newest key; return how many there were."""
        with self._database.write() as transaction:
            rows = transaction.execute(sa.select(connections.c.name, connections.c.secrets)).all()
            for row in rows:
                _set(transaction, row.name, secrets=self._vault.reseal(row.secrets))
            kept = ConnectionStorage.rotate(transaction, self._vault)
            sealed = ConnectionRecords.rotate(transaction, self._vault)
        return len(rows) + kept + sealed

    def _opened(self, row: Row[Any]) -> Connection:
        return _connection(row, {**json.loads(row.settings), **json.loads(opened(self._vault, row.secrets))})


def _connection(row: Row[Any], settings: dict[str, Any]) -> Connection:
    return Connection(
        name=row.name,
        role=row.role,
        type=row.type,
        account=row.account,
        settings=settings,
        paused=row.paused,
        failures=row.failures,
        retry_at=row.retry_at,
        trouble=row.trouble,
        stopped=row.stopped,
        updated_at=row.updated_at,
        created_at=row.created_at,
    )


def _set(transaction: Transaction, name: str, **values: Any) -> None:
    transaction.execute(sa.update(connections).where(connections.c.name == name).values(**values))
