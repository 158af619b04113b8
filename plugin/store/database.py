"""One database, embedded or not: how transactions begin and how they wait for each other."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from secrets import token_hex
from select import select
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, NoSuchModuleError

from ..runtime.forks import ForkAware, Gate, keep_inherited, watch_forks
from ..runtime.settings import SettingsError
from .engines import make_engine
from .notifier import Notifier

HEAD = "0001"
"""The newest migration; compared with the database's without loading Alembic, which is slow to import."""

CHANNEL = "badgerelay"
"""PostgreSQL's channel for notifications of commits."""

log = logging.getLogger(__name__)

Transaction = Connection
"""A handle of the database within a transaction. A connection is a provider's or an LMS's."""

Value = TypeVar("Value")


def values_of(build: Callable[..., Value], rows: Iterable[Sequence[Any]]) -> list[Value]:
    """Make a value of each row, whose columns are in the order of the value's fields."""
    return [build(*row) for row in rows]


class StoreUnavailableError(OSError):
    """The database cannot be reached or cannot commit (gone, locked, full)."""


class StoreBusyError(StoreUnavailableError):
    """Another process kept the embedded database locked for ``engines.BUSY_SECONDS``."""


class Database(ForkAware):
    """Gives transactions. The constructor does no I/O.

    :ivar commits: changes with each commit of this process.
    :param url: an SQLAlchemy URL, SQLite or PostgreSQL.
    :raises SettingsError: the URL names neither.
    """

    def __init__(self, url: str) -> None:
        try:
            self.url = make_url(url)
            self.embedded = self.url.get_backend_name() == "sqlite"
            self._engine = make_engine(self.url)
        except ImportError as error:
            raise SettingsError(
                f"the database driver {self.url.drivername} of BADGERELAY_DATABASE_URL cannot be imported ({error}): "
                "install badgerelay[postgresql], or use sqlite:///PATH"
            ) from error
        except (ArgumentError, NoSuchModuleError, TypeError, ValueError) as error:
            raise SettingsError(
                "BADGERELAY_DATABASE_URL is not a database URL that works here: use sqlite:///PATH or "
                "postgresql+psycopg://USER@HOST/NAME (the latter needs badgerelay[postgresql])"
            ) from error
        # SQLite has one writer at a time: threads queue here, in order, rather than poll the file.
        self.writer = threading.Lock()
        self.commits = 0
        self._process = token_hex(8)
        self._notifier = None if self.embedded else Notifier(self._notify)
        self._gate = Gate()
        watch_forks(self)

    def before_fork(self, deadline: float) -> None:
        """Wait until no transaction is open, and close all handles: the child inherits none."""
        if self._gate.shut(deadline):
            self._engine.dispose()
        else:
            log.warning("the process forks while a database transaction is open")

    def after_fork_in_parent(self) -> None:
        """Let transactions begin again."""
        self._gate.open()

    def after_fork_in_child(self) -> None:
        """Drop inherited handles without closing them: SQLite and libpq would close the parent's too."""
        keep_inherited(self._engine)
        self._engine = make_engine(self.url)
        self.writer = threading.Lock()
        self._process = token_hex(8)
        self._notifier = None if self.embedded else Notifier(self._notify)
        self._gate = Gate()

    @contextmanager
    def write(self, *, locked: bool = False) -> Iterator[Transaction]:
        """Give a transaction that is committed at the end of the block.

        :param locked: the caller holds ``writer`` already.
        :raises StoreUnavailableError: it could not begin or commit.
        """
        guard = nullcontext() if locked or not self.embedded else self.writer
        with guard, self._gate, _translated(), self._engine.begin() as transaction:
            yield transaction
        self._committed()

    def write_once(self, statement: str, parameters: tuple[Any, ...]) -> None:
        """Commit a single statement in the driver's SQL; the caller holds ``writer``.

        SQLite begins and commits by itself then: the thread gives the interpreter away, and waits to get it
        back, once instead of three times.

        :raises StoreUnavailableError: as in ``write``.
        """
        with self._gate, _translated(), self._engine.connect() as transaction:
            transaction.execution_options(badgerelay_alone=True).exec_driver_sql(statement, parameters)
            transaction.commit()
        self._committed()

    def rows(self, statement: sa.Executable, parameters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """Return the rows of a single query. :raises StoreUnavailableError: as in ``write``."""
        with self._gate, _translated(), self._engine.connect() as transaction:
            return transaction.execution_options(badgerelay_alone=True).execute(statement, parameters).all()

    @contextmanager
    def listening(self) -> Iterator[Callable[[float], bool]]:
        """Listen to the commits of other processes, on PostgreSQL.

        :return: a function that waits so many seconds and returns whether another process has committed something.
        :raises StoreUnavailableError: the database cannot be reached, or the connection to it is lost.
        """
        with _translated(), closing(self._engine.raw_connection()) as connection:
            driver: Any = connection.driver_connection
            connection.detach()  # nobody else may get it from the pool
            driver.autocommit = True
            driver.execute(f"LISTEN {CHANNEL}")
            driver_error: type[Exception] = self._engine.dialect.loaded_dbapi.Error

            def notified(seconds: float) -> bool:
                try:
                    if not select([driver.fileno()], [], [], seconds)[0]:
                        return False
                    return any(each.payload != self._process for each in list(driver.notifies(timeout=0)))
                except (driver_error, OSError, ValueError) as error:
                    raise StoreUnavailableError(f"{type(error).__name__} while listening") from None

            yield notified

    def _committed(self) -> None:
        self.commits += 1
        if self._notifier is not None:
            self._notifier.committed()

    def _notify(self) -> None:
        with self._gate, self._engine.connect() as transaction:
            transaction.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(
                f"NOTIFY {CHANNEL}, '{self._process}'"
            )

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Give a transaction that only reads; it waits for no writer.

        :raises StoreUnavailableError: as in ``write``.
        """
        reading = {"badgerelay_read": True}
        with self._gate, _translated(), self._engine.connect().execution_options(**reading) as transaction:
            yield transaction

    def insert(self, table: sa.Table) -> Any:
        """Return an INSERT that knows ``on_conflict_do_nothing`` in this database's dialect."""
        if self.embedded:
            from sqlalchemy.dialects.sqlite import insert
        else:
            from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
        return insert(table)

    def version(self) -> str | None:
        """Return the schema's version, or None for an empty database.

        :raises StoreUnavailableError: the database does not answer.
        """
        try:
            with self.read() as transaction:
                if not sa.inspect(transaction).has_table("alembic_version"):
                    return None
                return transaction.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        except StoreUnavailableError as error:
            raise StoreUnavailableError(
                f"the database of BADGERELAY_DATABASE_URL does not answer: {error}"
            ) from error

    def upgrade(self) -> None:
        """Bring the schema to ``HEAD``, as ``store.upgrade`` does."""
        from .upgrade import upgrade

        upgrade(self)

    def make_folder(self) -> None:
        """Make an embedded database's folder and its file, for our user alone. :raises SettingsError: that fails."""
        if not self.embedded:
            return
        file = Path(str(self.url.database)).absolute()
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600)  # SQLite would let everybody read it, and its WAL takes the file's mode
        except OSError as error:
            raise SettingsError(
                f"BADGERELAY_HOME, BADGERELAY_DATABASE_URL: cannot make {file}: {error.strerror}"
            ) from error

    def close(self) -> None:
        """Close the handles that no transaction uses."""
        if self._notifier is not None:
            self._notifier.close()
        with self._gate:
            self._engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DataError:
        raise  # a value that the database cannot keep, which is not the database's trouble
    except DBAPIError as error:
        # Not "from error": its further lines quote the row.
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF  # an extended code names the kind in its last byte
        kind = StoreBusyError if code == sqlite3.SQLITE_BUSY else StoreUnavailableError
        raise kind(f"{type(error.orig).__name__}: {str(error.orig).splitlines()[0][:200]}") from None
    except sa.exc.TimeoutError as error:
        raise StoreUnavailableError("no free database connection") from error
