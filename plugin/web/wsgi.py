"""``badgerelay.plugin.web.wsgi:app``: the receiver for any WSGI server, in any number of processes.

The settings are read when ``app`` is first used. With a broker, workers issue the badges; without one, the engine in
each process does, and the engines share the work.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING

from ..runtime.forks import ForkAware, watch_forks
from ..runtime.logs import set_up_logging
from ..runtime.settings import read_settings
from .receiver import Receiver, make_receiver

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    app: WSGIApplication


class _Application(ForkAware):
    """The receiver, made once in each process: a forked child makes its own, since threads do not survive a fork."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._made: Receiver | None = self._make()
        watch_forks(self)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with self._guard:
            receiver = self._made = self._made or self._make()
        return receiver.app(environ, start_response)

    def _make(self) -> Receiver:
        settings = read_settings()
        set_up_logging(settings)
        receiver = make_receiver(settings, engine=True)
        Finalize(None, receiver.stop, exitpriority=10)
        return receiver

    def after_fork_in_child(self) -> None:
        self._guard = threading.Lock()
        self._made = None


def __getattr__(name: str) -> WSGIApplication:
    """Make ``app`` on first use, so that importing this module opens no database."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = globals()["app"] = _Application()
    return made
