"""The secrets of connections, and the small encrypted store that each of them has."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from ...runtime.settings import SettingsError
from ...runtime.vault import Vault
from ..database import Database, StoreUnavailableError, Transaction
from ..schema.tables import locks, storage


class SealedError(SettingsError, StoreUnavailableError):
    """No known key opens a stored secret: until an administrator corrects the setting, nothing can be done."""


def opened(vault: Vault, sealed: str) -> str:
    """Open a stored secret. :raises SealedError: no known key opens it."""
    try:
        return vault.open(sealed)
    except SettingsError as error:
        raise SealedError(str(error)) from None


class ConnectionStorage:
    """The small encrypted store that an adapter or a source is handed; see ``adapters.context.Storage``."""

    def __init__(self, database: Database, vault: Vault, connection: str, now: Callable[[], float]) -> None:
        self._database = database
        self._vault = vault
        self._connection = connection
        self._now = now

    def get(self, key: str) -> str | None:
        with self._database.read() as transaction:
            row = transaction.execute(
                sa.select(storage.c.value, storage.c.expires_at).where(
                    storage.c.connection == self._connection, storage.c.key == key
                )
            ).one_or_none()
        if row is None or (row.expires_at is not None and row.expires_at <= self._now()):
            return None
        return opened(self._vault, row.value)

    def values(self) -> dict[str, tuple[str, float | None]]:
        """Return all stored values by key, each with its remaining seconds (None: until it is replaced)."""
        now = self._now()
        with self._database.read() as transaction:
            rows = transaction.execute(
                sa.select(storage.c.key, storage.c.value, storage.c.expires_at).where(
                    storage.c.connection == self._connection
                )
            ).all()
        return {
            row.key: (opened(self._vault, row.value), None if row.expires_at is None else row.expires_at - now)
            for row in rows
            if row.expires_at is None or row.expires_at > now
        }

    def put(self, key: str, value: str, *, seconds: float | None = None) -> None:
        kept = {
            "value": self._vault.seal(value),
            "expires_at": None if seconds is None else self._now() + seconds,
        }
        with self._database.write() as transaction:
            transaction.execute(
                self._database.insert(storage)
                .values(connection=self._connection, key=key, **kept)
                .on_conflict_do_update(index_elements=["connection", "key"], set_=kept)
            )

    @contextmanager
    def lock(self, key: str, *, seconds: float) -> Iterator[bool]:
        owner, now = secrets.token_hex(16), self._now()
        held = {"owner": owner, "expires_at": now + seconds}
        with self._database.write() as transaction:
            transaction.execute(
                self._database.insert(locks)
                .values(connection=self._connection, key=key, **held)
                .on_conflict_do_update(
                    index_elements=["connection", "key"], set_=held, where=locks.c.expires_at <= now
                )
            )
            mine = [locks.c.connection == self._connection, locks.c.key == key, locks.c.owner == owner]
            acquired = transaction.scalar(sa.select(sa.func.count()).select_from(locks).where(*mine)) == 1
        try:
            yield acquired
        finally:
            if acquired:
                with self._database.write() as transaction:
                    transaction.execute(sa.delete(locks).where(*mine))

    @staticmethod
    def rotate(transaction: Transaction, vault: Vault) -> int:
        """Seal every stored value with the newest key; return how many there were."""
        rows = transaction.execute(sa.select(storage.c.connection, storage.c.key, storage.c.value)).all()
        for row in rows:
            same = [storage.c.connection == row.connection, storage.c.key == row.key]
            transaction.execute(sa.update(storage).where(*same).values(value=vault.reseal(row.value)))
        return len(rows)
