"""The rival's two processes, started as its developer would start them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from badgerelay.adapters.credly.adapter import CredlyAdapter
from badgerelay.plugin.web.server import THREADS

from ..processes import Process, running

CELERY = str(Path(sys.executable).with_name("celery"))
POOLS = {"prefork": (), "16 threads": ("--pool", "threads", "--concurrency", "16")}


@dataclass(frozen=True, slots=True)
class Rival:
    """:param broker: Redis. :param credly: address of the sandbox."""

    home: Path
    broker: str
    credly: str

    @contextmanager
    def serving(self) -> Iterator[Process]:
        """Behind the same WSGI server as ours, with as many threads."""
        command = [sys.executable, "-m", "tests.bench.serving", "rival", "granian", str(THREADS)]
        with running(command, self.home, "rival", extra=self._environment()) as process:
            process.wait_until_it_answers()
            yield process

    @contextmanager
    def working(self, pool: str, name: str) -> Iterator[Process]:
        """:param pool: one of ``POOLS``. :param name: of the log file."""
        command = [CELERY, "-A", "tests.bench.rival.tasks", "worker", "--loglevel", "WARNING", *POOLS[pool]]
        with running(command, self.home, name, listens=False, extra=self._environment()) as process:
            yield process

    def _environment(self) -> dict[str, str]:
        settings = CredlyAdapter.sandbox_settings(self.credly)
        return {
            "RIVAL_BROKER_URL": self.broker,
            "RIVAL_BADGES_URL": f"{self.credly}/v1/organizations/{settings['organization_id']}/badges",
            "RIVAL_TOKEN": settings["token"],
        }
