"""``badgerelay serve``: the receiver, and without a broker the engine, on granian, in one command.

Granian answers requests in a child process. The child watches its parent, so that it outlives a killed
``serve`` by less than a second and never keeps its port.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from multiprocessing.util import Finalize
from typing import Any

from ..runtime.settings import Settings

THREADS = 16
"""Maximum requests at once. Those that wait for the disk share one commit while others are read."""

WATCH_SECONDS = 0.25
"""Seconds between two checks of the child that its parent lives."""

ANNOUNCE_SECONDS = 0.05
"""Seconds between two requests while the server starts."""

STOP_SECONDS = 10.0
"""Maximum seconds that requests under way get when the server stops."""

log = logging.getLogger("badgerelay.web")


def serve(settings: Settings, host: str, port: int, ready: Callable[[], None], *, engine: bool) -> None:
    """Serve until a signal ends the process. Each process opens a store of its own.

    :param ready: called when the server answers its first request.
    """
    parent = os.getpid()
    threading.Thread(target=_announce, args=(host, port, ready), name="badgerelay-ready", daemon=True).start()
    run(lambda: _child(settings, parent, engine=engine), host, port)


def run(load: Callable[[], Any], host: str, port: int, *, threads: int = THREADS) -> None:
    """Serve the WSGI application that ``load`` returns in the child process."""
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings
    from granian.server import Server

    server = Server(
        "badgerelay",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=threads,
        backpressure=1024,
        websockets=False,
        log_enabled=False,
        workers_kill_timeout=int(STOP_SECONDS) + 2,
        http1_settings=HTTP1Settings(),
    )
    server.serve(target_loader=load, wrap_loader=False)


def _child(settings: Settings, parent: int, *, engine: bool) -> Any:
    from ..runtime.logs import set_up_logging
    from .receiver import make_receiver

    threading.Thread(target=_leave_with, args=(parent,), name="badgerelay-parent", daemon=True).start()
    set_up_logging(settings)
    receiver = make_receiver(settings, engine=engine)
    Finalize(None, receiver.stop, exitpriority=10)
    return receiver.app


def _announce(host: str, port: int, ready: Callable[[], None]) -> None:
    while True:
        asked = HTTPConnection(host, port, timeout=STOP_SECONDS)
        try:
            asked.request("GET", "/healthz")
            if asked.getresponse().status == 200:
                return ready()
        except (OSError, HTTPException):
            time.sleep(ANNOUNCE_SECONDS)
        finally:
            asked.close()


def _leave_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os._exit(1)
