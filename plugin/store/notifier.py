"""Notify the other processes of our commits, through PostgreSQL."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

SPACING_SECONDS = 0.05
"""Seconds between two notifications: in a burst of commits one stands for many."""

log = logging.getLogger("badgerelay.store")


class Notifier:
    """Sends a notification after commits, from a thread of its own, so that no commit waits for it.

    :param send: sends one notification.
    """

    def __init__(self, send: Callable[[], None]) -> None:
        self._send = send
        self._news = threading.Condition()
        self._wanted = False
        self._closed = False
        self._thread: threading.Thread | None = None

    def committed(self) -> None:
        """Let the thread send a notification soon."""
        with self._news:
            if self._closed:
                return
            self._wanted = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="badgerelay-notifier", daemon=True)
                self._thread.start()
            self._news.notify_all()

    def close(self, seconds: float = 2.0) -> None:
        """Send what is left to be sent, within so many seconds."""
        with self._news:
            self._closed = True
            self._news.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._wanted or self._closed)
                wanted, self._wanted = self._wanted, False
                closed = self._closed
            if wanted:
                try:
                    self._send()
                except Exception as error:
                    log.debug("other processes were not notified (%s); they poll", type(error).__name__)
            if closed:
                return
            with self._news:
                self._news.wait_for(lambda: self._closed, SPACING_SECONDS)
