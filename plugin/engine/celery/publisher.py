"""Reports of lanes with work, sent to workers through a broker. A thread sends them, so no caller waits."""

from __future__ import annotations

import logging
import threading
import time
from typing import Protocol

from ..lanes import Lane

SPACING_SECONDS = 0.05
"""Seconds between two messages about one lane. In a burst of deliveries one message stands for many."""

COOLDOWN_SECONDS = 1.0
"""Seconds without messages after a failure. The sweep makes up for them."""

log = logging.getLogger("badgerelay.delivery")


class Sender(Protocol):
    """Sends messages to a broker; used by one thread."""

    def send(self, lane: Lane) -> None:
        """Send a message about a lane.

        :raises Exception: when the broker does not confirm the message.
        """

    def close(self) -> None: ...


class Publisher:
    """Sends messages about lanes through a sender, in a thread of its own.

    :param spacing: seconds between two messages about one lane; the first is sent at once.
    """

    def __init__(self, sender: Sender, *, spacing: float = SPACING_SECONDS) -> None:
        self._sender = sender
        self._spacing = spacing
        self._wanted: dict[Lane, float] = {}  # when to send, by the monotonic clock; the earliest goes first
        self._sent: dict[Lane, float] = {}
        self._news = threading.Condition()
        self._closed = False
        self._failing = False
        self._thread: threading.Thread | None = None

    def offer(self, lane: Lane) -> None:
        """Send a message about a lane, at once or ``spacing`` seconds after the last one about it."""
        with self._news:
            if lane in self._wanted or self._closed:
                return
            now = time.monotonic()
            self._wanted[lane] = max(now, self._sent.get(lane, now - self._spacing) + self._spacing)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="badgerelay-publisher", daemon=True)
                self._thread.start()
            self._news.notify()

    def close(self, seconds: float = 2.0) -> None:
        """Send the waiting messages and stop.

        :param seconds: maximum seconds to wait for them.
        """
        with self._news:
            self._closed = True
            self._news.notify()
            thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _run(self) -> None:
        while (lane := self._next()) is not None:
            try:
                self._sender.send(lane)
            except Exception as error:
                self._failed(error)
            else:
                if self._failing:
                    self._failing = False
                    log.info("the broker of BADGERELAY_BROKER_URL answers again")
        self._sender.close()

    def _next(self) -> Lane | None:
        """Wait for the next lane to report and return it; return None after ``close`` once no lane waits."""
        with self._news:
            while True:
                now = time.monotonic()
                lane = min(self._wanted, key=self._wanted.__getitem__, default=None)
                if lane is None:
                    if self._closed:
                        return None
                    self._sent = {each: at for each, at in self._sent.items() if at > now - self._spacing}
                    self._news.wait()
                elif self._closed or self._wanted[lane] <= now:
                    del self._wanted[lane]
                    self._sent[lane] = now
                    return lane
                else:
                    self._news.wait(self._wanted[lane] - now)

    def _failed(self, error: Exception) -> None:
        if not self._failing:
            self._failing = True
            log.error(
                "the broker of BADGERELAY_BROKER_URL does not take messages (%s): nothing is lost, workers find the "
                "work by themselves once it answers",
                type(error).__name__,
            )
        with self._news:
            self._news.wait_for(lambda: self._closed, COOLDOWN_SECONDS)
            self._wanted.clear()
