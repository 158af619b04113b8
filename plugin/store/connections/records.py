"""The records that an adapter keeps; see ``adapters.context.Records``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from ....adapters.context import Change, Record
from ...runtime.vault import Vault
from ..database import Database, Transaction
from ..schema.tables import records
from .storage import opened

COUNTER = "counter"
AT_ONCE = 500
"""Records of one question: SQLite knows 32,766 parameters, and a list is read while others write."""


class _OvertakenError(Exception):
    """A record has another version by now."""


class ConnectionRecords:
    """The records of one adapter on one connection; another provider under the same name does not see them."""

    def __init__(self, database: Database, vault: Vault, connection: str, adapter: str) -> None:
        self._database = database
        self._vault = vault
        self._own = {"connection": connection, "adapter": adapter}
        self._mine = (records.c.connection == connection, records.c.adapter == adapter)

    def get(self, kind: str, keys: Sequence[str]) -> dict[str, Record]:
        found: dict[str, Record] = {}
        for start in range(0, len(keys), AT_ONCE):
            query = sa.select(records).where(
                *self._mine, records.c.kind == kind, records.c.key.in_(keys[start : start + AT_ONCE])
            )
            with self._database.read() as transaction:
                found.update((row.key, self._record(row)) for row in transaction.execute(query))
        return found

    def change(self, changes: Sequence[Change]) -> bool:
        # In one order, so that two who write the same ones wait for each other rather than lock each other out.
        ordered = sorted(changes, key=lambda each: (each.kind, each.key))
        new = [self._row(each) for each in ordered if each.version == 0]
        try:
            with self._database.write() as transaction:
                for start in range(0, len(new), AT_ONCE):
                    self._add(transaction, new[start : start + AT_ONCE])
                for each in ordered:
                    if each.version:
                        self._replace(transaction, each)
        except _OvertakenError:
            return False
        return True

    def listed(self, kind: str, group: str | None = None) -> Iterator[Record]:
        after = ""
        while True:
            wanted = [*self._mine, records.c.kind == kind, records.c.key > after]
            if group is not None:
                wanted.append(records.c.group == group)
            query = sa.select(records).where(*wanted).order_by(records.c.key).limit(AT_ONCE)
            with self._database.read() as transaction:
                rows = transaction.execute(query).all()
            yield from map(self._record, rows)
            if len(rows) < AT_ONCE:
                return
            after = rows[-1].key

    def versions(self, kind: str, group: str) -> dict[str, int]:
        query = sa.select(records.c.key, records.c.version).where(
            *self._mine, records.c.kind == kind, records.c.group == group
        )
        with self._database.read() as transaction:
            return {row.key: row.version for row in transaction.execute(query)}

    def take(self, counter: str, many: int = 1) -> int:
        row = {**self._own, "kind": COUNTER, "key": counter, "group": "", "value": "", "sealed": False}
        statement = (
            self._database.insert(records)
            .values(**row, version=many)
            .on_conflict_do_update(
                index_elements=["connection", "adapter", "kind", "key"],
                set_={"version": records.c.version + many},
            )
            .returning(records.c.version)
        )
        with self._database.write() as transaction:
            return int(transaction.execute(statement).scalar_one()) - many

    def taken(self, counter: str) -> int:
        query = sa.select(records.c.version).where(*self._mine, records.c.kind == COUNTER, records.c.key == counter)
        with self._database.read() as transaction:
            return int(transaction.scalar(query) or 0)

    @staticmethod
    def rotate(transaction: Transaction, vault: Vault) -> int:
        """Seal every sealed record with the newest key; return how many there were."""
        keys = ("connection", "adapter", "kind", "key")
        rows = transaction.execute(sa.select(records).where(records.c.sealed)).all()
        for row in rows:
            same = [records.c[name] == getattr(row, name) for name in keys]
            transaction.execute(sa.update(records).where(*same).values(value=vault.reseal(row.value)))
        return len(rows)

    def _add(self, transaction: Transaction, rows: list[dict[str, object]]) -> None:
        statement = self._database.insert(records).values(rows).on_conflict_do_nothing().returning(records.c.key)
        if len(transaction.execute(statement).all()) != len(rows):
            raise _OvertakenError

    def _replace(self, transaction: Transaction, change: Change) -> None:
        same = [records.c.kind == change.kind, records.c.key == change.key, records.c.version == change.version]
        values = {name: value for name, value in self._row(change).items() if name in ("value", "group", "sealed")}
        changed = sa.update(records).where(*self._mine, *same).values(**values, version=change.version + 1)
        if transaction.execute(changed).rowcount != 1:
            raise _OvertakenError

    def _row(self, change: Change) -> dict[str, object]:
        return {
            **self._own,
            "kind": change.kind,
            "key": change.key,
            "group": change.group,
            "value": self._vault.seal(change.value) if change.sealed else change.value,
            "sealed": change.sealed,
            "version": 1,
        }

    def _record(self, row: sa.Row[tuple[object, ...]]) -> Record:
        found = row._mapping
        value = opened(self._vault, found["value"]) if found["sealed"] else found["value"]
        return Record(found["key"], value, found["version"], found["group"])
