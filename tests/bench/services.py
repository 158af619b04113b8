"""A PostgreSQL and a Redis of the benchmark's own, from Debian's packages, stopped and removed at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 30.0


class MissingServiceError(Exception):
    """A server is not installed; the message says how to install it."""


@contextmanager
def postgresql() -> Iterator[str]:
    """A new database with PostgreSQL's own settings (``fsync`` on): its SQLAlchemy URL.

    :raises MissingServiceError: PostgreSQL is not installed.
    :raises RuntimeError: it does not start.
    """
    binaries = _postgresql_binaries()
    # The folder's name is short, as the path of a socket has to be.
    folder = Path(tempfile.mkdtemp(prefix="badgerelay-pg.", dir="/tmp"))
    if os.getuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"
    try:
        _as_owner([binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"])
        options = f"-c listen_addresses= -k {folder} -c max_connections=200"
        _as_owner(
            [binaries / "pg_ctl", "start", "-D", data, "-w", "-t", "60", "-s", "-l", folder / "log", "-o", options]
        )
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        finally:
            _as_owner([binaries / "pg_ctl", "stop", "-D", data, "-m", "immediate", "-s"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis(home: Path) -> Iterator[str]:
    """A Redis with its own settings on a free port of loopback: its URL.

    :raises MissingServiceError: it is not installed.
    :raises RuntimeError: it does not start.
    """
    if shutil.which("redis-server") is None:
        raise MissingServiceError("redis-server is not installed: apt-get install redis-server")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with (home / "redis.log").open("wb") as log:
        server = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", str(home)],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for_port(port, server)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


def _wait_for_port(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
            return
        except OSError as error:
            if time.monotonic() > deadline or server.poll() is not None:
                raise RuntimeError("redis-server does not start") from error
            time.sleep(0.02)


def _postgresql_binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    initdb = found[-1] if found else shutil.which("initdb")
    if initdb is None:
        raise MissingServiceError("PostgreSQL is not installed: apt-get install postgresql")
    return Path(initdb).parent


def _as_owner(arguments: Sequence[str | Path]) -> None:
    """Run it as the user ``postgres`` where we are root, as whom PostgreSQL refuses to run."""
    words = [str(argument) for argument in arguments]
    if os.getuid() == 0:
        words = ["runuser", "-u", "postgres", "--", *words]
    # Not to pipes: the server that pg_ctl leaves behind would keep them open.
    done = subprocess.run(words, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise RuntimeError(f"{Path(arguments[0]).name} failed with exit code {done.returncode}")
