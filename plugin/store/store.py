"""The store: opened once per process; it holds one object for each subject."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ..runtime.settings import Settings, SettingsError
from ..runtime.vault import Vault, open_vault
from .answer_cache import Cache
from .backfill.backfills import Backfills
from .backfill.badges import PlannedBadges
from .backfill.completions import PastCompletions
from .backfill.learners import BackfillLearners
from .catalogue.rules import Rules
from .catalogue.skills import KnownSkills, Skills
from .catalogue.templates import Catalogue
from .connections.connections import Connections
from .connections.records import ConnectionRecords
from .connections.storage import ConnectionStorage
from .counts import StateCounts
from .database import HEAD, Database
from .due_work import DueWork
from .imports.imported_rows import Imports
from .imports.migration_runs import MigrationRuns
from .inbox.completions import Completions
from .inbox.inbox import Inbox
from .ledger.admission import Planning
from .ledger.badges import Badges
from .ledger.bulk_repair import Repair
from .ledger.ledger import Ledger
from .ledger.notifications import Notifications
from .locks import Locks
from .measurements import Measurements
from .queries import Views
from .schedule import Schedule
from .shared_clock import Heartbeat
from .steady_clock import SteadyClock

ROOM = 32 * 1024
"""Bytes that a probe needs: more pages than an event with its rows in every index."""


class Store:
    """:param now: seconds since the epoch.
    :param imports_folder: where CSVs lie that hook events name; None: nowhere.
    :param public_url: where everybody reaches the receiver; empty: nowhere.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        now: Callable[[], float] = time.time,
        *,
        imports_folder: Path | None = None,
        public_url: str = "",
    ) -> None:
        self.database = database
        self.now = now
        self.imports_folder = imports_folder
        self.public_url = public_url
        self.connections = Connections(database, vault)
        self.catalogue = Catalogue(database)
        self.rules = Rules(database)
        self.completions = Completions(database)
        self.skills = Skills(database)
        self.heartbeat = Heartbeat(database)
        self.imports = Imports(database)
        self.inbox = Inbox(database)
        self.due_work = DueWork(database)
        self.ledger = Ledger(database)
        self.badges = Badges(database)
        self.planning = Planning(database)
        self.notifications = Notifications(database)
        self.repair = Repair(database)
        self.schedule = Schedule(database)
        self.known_skills = KnownSkills(database)
        self.migration_runs = MigrationRuns(database)
        self.locks = Locks(database)
        self.measurements = Measurements(database)
        self.views = Views(database)
        self.state_counts = StateCounts(database)
        self.backfills = Backfills(database)
        self.past_completions = PastCompletions(database)
        self.planned_badges = PlannedBadges(database)
        self.backfill_learners = BackfillLearners(database)
        self._vault = vault

    def keep_time(self) -> float:
        """Agree with the other processes on the time. Return the seconds of a corrected step back, as ``beat`` does.

        :raises StoreUnavailableError: nobody can be asked.
        """
        self.catch_up()
        return self.heartbeat.beat(self.now())

    def catch_up(self) -> None:
        """Let our time be no earlier than any other process has had it. :raises StoreUnavailableError: as above."""
        if isinstance(self.now, SteadyClock):
            self.now.not_before(self.heartbeat.last())

    def storage(self, connection: str) -> ConnectionStorage:
        return ConnectionStorage(self.database, self._vault, connection, self.now)

    def records(self, connection: str, adapter: str) -> ConnectionRecords:
        return ConnectionRecords(self.database, self._vault, connection, adapter)

    def cache(self, connection: str) -> Cache:
        return Cache(self.database, connection)

    def probe(self) -> None:
        """Commit something.

        :raises StoreUnavailableError: the database does not commit, or has no room for an event.
        """
        probe = self.cache(":readyz")
        if self.database.embedded:
            # A small change may find room in a full database, where an event finds none.
            probe.put("probe", {"at": "x" * ROOM}, self.now())
        probe.put("probe", {"at": ""}, self.now())

    def close(self) -> None:
        self.measurements.close()
        self.database.close()


def open_store(settings: Settings) -> Store:
    """Open the store, making home, key and embedded schema where they are missing.

    :raises SettingsError: a setting is wrong, or PostgreSQL's schema is not at this version.
    :raises StoreUnavailableError: the database does not answer.
    """
    database = Database(settings.database_url)
    database.make_folder()
    vault = open_vault(settings)
    version = database.version()
    if version != HEAD:
        if not database.embedded:
            raise SettingsError(
                f"the database of BADGERELAY_DATABASE_URL has schema {version or 'none'} and this version needs "
                f"{HEAD}: run `badgerelay db upgrade`"
            )
        database.upgrade()
    store = Store(
        database,
        vault,
        SteadyClock(),
        imports_folder=settings.home / "imports",
        public_url=settings.public_url,
    )
    store.catch_up()
    return store
