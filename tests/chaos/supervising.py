"""Processes that a supervisor starts again at once, as systemd would: whatever else was left of one ends with it."""

from __future__ import annotations

import contextlib
import os
import queue
import random
import signal
import threading
import time
from pathlib import Path

from tests.e2e.running import Home, Running, end_group

AGAIN_SECONDS = 0.2
STOP_SECONDS = 20.0


class Supervised:
    """One command of badgerelay's that is to run for ever.

    :ivar starts: how often it was up.
    :ivar seen: every process id that it had.
    """

    def __init__(self, home: Home, name: str, *arguments: str, listens: str) -> None:
        self.name = name
        self.starts = 0
        self.seen: set[int] = set()
        self._home, self._arguments, self._listens = home, arguments, listens
        self._running: Running | None = None
        self._up = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name=f"supervisor of {name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait(self, seconds: float = 60.0) -> None:
        assert self._up.wait(seconds), f"{self.name} does not start; its logs are in {self._home.folder}"

    @property
    def pids(self) -> list[int]:
        """Of the process and its children; none while it is being started."""
        running = self._running
        return [] if running is None or not self._up.is_set() else tree(running.process.pid)

    def kill(self, chance: random.Random) -> int | None:
        """Kill -9 one of its processes, the first one or any of its children; which, or None while it is not up."""
        pids = self.pids
        if not pids:
            return None
        pid = pids[0] if chance.random() < 0.5 else chance.choice(pids)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return pid

    def stop(self) -> None:
        self._stopping.set()
        running = self._running
        if running is not None and running.process.poll() is None:
            running.process.terminate()
        self._thread.join(STOP_SECONDS)
        if running is not None:
            end_group(running.process.pid)
        self._thread.join(STOP_SECONDS)

    def _supervise(self) -> None:
        while not self._stopping.is_set():
            try:
                self._running = self._home.start(*self._arguments, listens=self._listens)
            except (AssertionError, queue.Empty):  # it ended, or said nothing, while it started
                time.sleep(AGAIN_SECONDS)
                continue
            self.starts += 1
            self.seen.add(self._running.process.pid)
            self._up.set()
            self._running.process.wait()
            self._up.clear()
            end_group(self._running.process.pid)


def tree(root: int) -> list[int]:
    """A process and its descendants, as far as they are there."""
    found = [root]
    for pid in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found
