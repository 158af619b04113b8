"""Tell cheaply whether anything was committed to the database, by this process or by another one.

SQLite writes each commit into its log file, whose time and size change. PostgreSQL passes notifications on, which
each process sends after its commits. Both may miss a commit, so that callers also poll, slowly.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

from .database import Database, StoreUnavailableError

UNSETTLED_SECONDS = 0.05
"""Age of a file's time below which a later commit may still leave the same time: file systems count in ticks."""

RECONNECT_SECONDS = 1.0
"""Seconds between two attempts to listen to PostgreSQL."""

LISTEN_SECONDS = 0.5
"""Maximum seconds in which a listener notices that it was closed."""

log = logging.getLogger("badgerelay.store")


class Changes:
    """Watches one database.

    :param notify: called from another thread when another process has committed something, where PostgreSQL says so.
    """

    def __init__(self, database: Database, notify: Callable[[], None] = lambda: None) -> None:
        self._database = database
        self._notify = notify
        self._log = f"{database.url.database}-wal" if database.embedded else None
        self._seen: tuple[int, int] | None = None
        self._commits = -1
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen to PostgreSQL in a thread; SQLite needs none."""
        if self._log is None:
            self._thread = threading.Thread(target=self._listen, name="badgerelay-listener", daemon=True)
            self._thread.start()

    def seen(self) -> bool:
        """Return whether something may have been committed since the last call. Asks the database nothing."""
        if self._log is None:
            commits, self._commits = self._commits, self._database.commits
            return commits != self._commits
        try:
            status = os.stat(self._log)
        except OSError:
            found, settled = (0, 0), True  # nothing was written since the file was last closed
        else:
            found = (status.st_mtime_ns, status.st_size)
            settled = abs(time.time() - status.st_mtime) > UNSETTLED_SECONDS
        changed = found != self._seen
        self._seen = found if settled else None
        return changed

    def stop(self) -> None:
        self._stopping.set()

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._database.listening() as notified:
                    self._notify()  # of what was committed meanwhile
                    while not self._stopping.is_set():
                        if notified(LISTEN_SECONDS):
                            self._notify()
            except StoreUnavailableError as error:
                log.debug("the database does not notify: %s", error)
            except Exception:
                log.exception("listening to the database failed; it goes on")
            self._stopping.wait(RECONNECT_SECONDS)
