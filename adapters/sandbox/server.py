"""A small threaded server for sandboxes, by default on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, make_server

from ..http.hosts import is_loopback
from .http_handler import Connections, KeepAliveHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOOPBACK = "127.0.0.1"
BACKLOG = 1024
POLL_SECONDS = 0.02
STOP_SECONDS = 5.0


class _Server:
    """A bound server; ``run`` blocks until ``stop`` is called from another thread."""

    def __init__(self, app: WSGIApplication, host: str, port: int, *, anywhere: bool = False) -> None:
        """Bind the address; do not serve yet.

        :raises ValueError: ``host`` is not a loopback address and ``anywhere`` is False.
        :raises OSError: the port is in use.
        """
        if not (anywhere or is_loopback(host)):
            raise ValueError(f"a sandbox listens on loopback only; {host!r} is not a loopback address")
        self._connections = Connections()
        handler = type("Handler", (KeepAliveHandler,), {"connections": self._connections})
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, port), family=family, backlog=BACKLOG) as listener:
            self.server: BaseWSGIServer = make_server(
                host, port, app, threaded=True, request_handler=handler, fd=listener.fileno()
            )
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self.server.port}"

    def run(self) -> None:
        try:
            self.server.serve_forever(poll_interval=POLL_SECONDS)
        finally:
            self.server.server_close()
            self._connections.close()

    def stop(self) -> None:
        self.server.shutdown()


def serve(
    app: WSGIApplication,
    host: str = LOOPBACK,
    port: int = 0,
    ready: Callable[[str], None] | None = None,
    *,
    anywhere: bool = False,
) -> None:
    """Serve until interrupted (KeyboardInterrupt ends it quietly).

    :param port: 0 takes any free port.
    :param ready: called with the base URL once connections are accepted.
    :param anywhere: allow an address other than loopback.
    :raises ValueError: the address is not loopback.
    :raises OSError: the port is in use.
    """
    server = _Server(app, host, port, anywhere=anywhere)
    if ready is not None:
        ready(server.url)
    server.run()


class BackgroundServer:
    """A server in its own thread, as a context manager.

    :ivar url: the base URL, without a trailing slash; known after construction, served inside ``with``.
    """

    def __init__(self, app: WSGIApplication, host: str = LOOPBACK, port: int = 0) -> None:
        self._server = _Server(app, host, port)
        self._thread = threading.Thread(target=self._server.run, name="sandbox", daemon=True)
        self.url = self._server.url

    def __enter__(self) -> BackgroundServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Close the port and every connection. Calling it again does nothing."""
        if self._thread.is_alive():
            self._server.stop()
            self._thread.join(STOP_SECONDS)
