"""The set-ups that the suite runs: what badgerelay stands on, and how many of its processes there are."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.running import Home
from tests.support import free_port

from .clock import Clock, sweep_shared_memory
from .disk import Disk
from .services import Broker, PostgreSQL
from .supervising import Supervised


@dataclass(frozen=True, slots=True)
class Kind:
    """:param broker: None for the embedded engine in each worker."""

    name: str
    postgresql: bool
    receivers: int
    workers: int
    broker: str | None = None


KINDS = {
    kind.name: kind
    for kind in (
        Kind("sqlite", postgresql=False, receivers=1, workers=1),
        Kind("rabbitmq", postgresql=True, receivers=2, workers=3, broker="rabbitmq"),
        Kind("redis", postgresql=True, receivers=2, workers=3, broker="redis"),
    )
}


@dataclass
class SetUp:
    """One running badgerelay: receivers and workers, supervised, with all that they stand on.

    :param home: for commands; its environment is that of every process of ours.
    :param receivers: their base URLs.
    """

    kind: Kind
    home: Home
    clock: Clock
    disk: Disk
    database_url: str
    postgresql: PostgreSQL | None
    broker: Broker | None
    receivers: list[str]
    processes: list[Supervised]

    def start(self) -> None:
        """Start every process, once the connections are there."""
        for process in self.processes:
            process.start()
        for process in self.processes:
            process.wait()

    def pids(self) -> list[int]:
        return [pid for process in self.processes for pid in process.pids]


@contextlib.contextmanager
def standing(kind: Kind, folder: Path) -> Iterator[SetUp]:
    """:param folder: for logs; the database lies on a disk of its own."""
    with contextlib.ExitStack() as stack:
        # A short path: sockets lie in it.
        workspace = Path(tempfile.mkdtemp(prefix="brc-"))
        workspace.chmod(0o755)
        stack.callback(shutil.rmtree, workspace, ignore_errors=True)
        disk = Disk(workspace / "disk")
        stack.callback(disk.close)
        clock = Clock(folder / "clock")
        postgresql = None
        database_url = f"sqlite:///{disk.folder / 'home' / 'badgerelay.db'}"
        if kind.postgresql:
            postgresql = PostgreSQL(disk.folder / "pg")
            stack.callback(postgresql.close)
            postgresql.start()
            database_url = postgresql.url
        environ = {"BADGERELAY_HOME": str(disk.folder / "home"), "BADGERELAY_DATABASE_URL": database_url}
        broker = None
        if kind.broker:
            broker = Broker(kind.broker, workspace / "broker")
            stack.callback(shutil.copytree, workspace / "broker", folder / "broker", ignore=_all_but_logs)
            stack.callback(broker.close)
            broker.start()
            environ["BADGERELAY_BROKER_URL"] = broker.url
        home = Home(folder / "ours", **environ, **clock.environ)
        stack.callback(home.close)
        home.run("db", "upgrade")
        ports = [free_port() for _ in range(kind.receivers)]
        processes = [
            Supervised(
                home, f"receiver {n}", "serve", "--no-worker", "--port", str(port), listens=r"listens on (http://\S+)"
            )
            for n, port in enumerate(ports, 1)
        ]
        processes += [
            Supervised(home, f"worker {n}", "worker", listens="badgerelay works") for n in range(1, kind.workers + 1)
        ]
        setup = SetUp(
            kind,
            home,
            clock,
            disk,
            database_url,
            postgresql,
            broker,
            [f"http://127.0.0.1:{port}" for port in ports],
            processes,
        )
        stack.callback(_stop, setup)
        yield setup


def _all_but_logs(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith((".log", "-log"))]


def _stop(setup: SetUp) -> None:
    for process in setup.processes:
        process.stop()
    sweep_shared_memory({pid for process in setup.processes for pid in process.seen})
