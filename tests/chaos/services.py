"""PostgreSQL and brokers of the suite's own, which it may kill, wipe and start again."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

from tests.support import free_port

START_SECONDS = 60
BROKER_SCRIPT = Path(__file__).parents[1] / "broker.sh"


class MissingServiceError(Exception):
    """It is not installed; the message says what to install."""


class PostgreSQL:
    """A server on a socket in a folder of its own, with the durability that it comes with.

    :raises MissingServiceError: it is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self._binaries = _postgresql_binaries()
        self._data = folder / "data"
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "postgresql.log"
        self._guard = threading.Lock()
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@/postgres?host={self._folder}"

    def start(self) -> None:
        """Until it runs, as a service manager would: on a full disk it cannot. Nothing where it runs already."""
        options = f"-c listen_addresses= -k {self._folder} -c max_connections=300 -c max_wal_size=256MB"
        start = ["start", "-D", str(self._data), "-w", "-t", str(START_SECONDS), "-s", "-l", str(self._log)]
        deadline = time.monotonic() + START_SECONDS
        with self._guard:
            while self._run("pg_ctl", "status", "-D", str(self._data), check=False):
                late = time.monotonic() > deadline
                if self._run("pg_ctl", *start, "-o", options, check=late):
                    time.sleep(0.5)

    def kill(self) -> None:
        """As if the power went: every session ends at once, and the next start recovers from the log."""
        with self._guard:
            self._run("pg_ctl", "stop", "-D", str(self._data), "-m", "immediate", "-s", check=False)

    close = kill

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        # Its children keep standard output: with a pipe this would wait for them.
        done = subprocess.run(
            [*as_owner, str(self._binaries / program), *arguments],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if check and done.returncode:
            said = self._log.read_text(errors="replace")[-500:] if self._log.exists() else ""
            raise RuntimeError(f"{program} {arguments[0]} failed with {done.returncode}: {said}")
        return done.returncode


class Broker:
    """RabbitMQ or Redis, started and broken by the script that serves the other tests too.

    :ivar guard: held by who breaks it, so that nobody kills it while somebody else starts it.

    :param name: ``rabbitmq`` or ``redis``.
    :raises MissingServiceError: it is not installed.
    """

    def __init__(self, name: str, folder: Path) -> None:
        there = shutil.which("redis-server") if name == "redis" else any(Path("/usr/lib/rabbitmq/lib").glob("*"))
        if not there:
            raise MissingServiceError(f"{name} is not installed: apt-get install {name}-server")
        self.guard = threading.Lock()
        self._name, self._folder = name, folder
        folder.mkdir(parents=True)
        for use in ("rabbitmq", "redis", "epmd", "distribution"):
            (folder / f"{use}.port").write_text(str(free_port()))

    @property
    def url(self) -> str:
        port = (self._folder / f"{self._name}.port").read_text()
        return f"redis://127.0.0.1:{port}/0" if self._name == "redis" else f"amqp://guest:guest@127.0.0.1:{port}//"

    def start(self) -> None:
        self._do("start")

    def kill(self) -> None:
        self._do("kill")

    def wipe(self) -> None:
        """Remove every queue that the killed one had kept."""
        self._do("wipe")

    def close(self) -> None:
        self.kill()
        epmd = self._folder / "epmd.pid"
        if epmd.exists():
            os.kill(int(epmd.read_text()), signal.SIGTERM)

    def _do(self, what: str) -> None:
        subprocess.run(
            ["/bin/sh", str(BROKER_SCRIPT), self._name, what],
            env={**os.environ, "BADGERELAY_TEST_BROKERS": str(self._folder)},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            check=True,
            timeout=START_SECONDS,
        )


def _postgresql_binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    named = shutil.which("initdb")
    if not (found or named):
        raise MissingServiceError("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1].parent if found else Path(str(named)).parent
