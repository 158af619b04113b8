"""HTTP/1.1 for sandboxes: kept-alive connections, whole answers, no log lines."""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import threading
from typing import TYPE_CHECKING, Any

from werkzeug.serving import WSGIRequestHandler
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = logging.getLogger(__name__)

MAX_REQUEST_BYTES = 64 * 1024 * 1024
"""Maximum bytes of a request's body."""


class Connections:
    """The open connections of one server, so that a stopped server closes them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._closed = False

    def add(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)
            late = self._closed
        if late:
            self.close()

    def discard(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class KeepAliveHandler(WSGIRequestHandler):
    """Handler that serves request after request on one connection.

    Werkzeug's own handler closes the connection after each answer and waits 10 ms for leftovers; this one
    reads the whole request before the application runs, so that nothing is left over.

    An application that raises ConnectionError gets its connection closed without an answer.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    connections: Connections

    def setup(self) -> None:
        super().setup()
        self.connections.add(self.connection)

    def finish(self) -> None:
        self.connections.discard(self.connection)
        try:
            super().finish()
        except (OSError, ValueError):
            log.debug("a connection ended before its last bytes left")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class names it)
        """Log nothing: standard error belongs to the command that runs the sandbox."""

    log_error = log_message

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing; see :meth:`log_message`."""

    def run_wsgi(self) -> None:
        self.environ = environ = self.make_environ()
        try:
            body = self._body(environ)
        except (OSError, ValueError):
            self.close_connection = True
            self._answer(Response("bad or oversized request body\n", 400))
            return
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        try:
            response = Response.from_app(self.server.app, environ, buffered=True)
        except ConnectionError:
            self.close_connection = True
            self._hang_up()
            return
        except Exception:
            log.exception("the sandbox failed")
            self.close_connection = True
            response = Response("the sandbox failed; its log says why\n", 500)
        self._answer(response)

    def _body(self, environ: WSGIEnvironment) -> bytes:
        """Read the body. :raises ValueError: its length is not a number, or is larger than MAX_REQUEST_BYTES."""
        if environ.get("wsgi.input_terminated"):
            body = io.BufferedReader(environ["wsgi.input"]).read(MAX_REQUEST_BYTES + 1)
        else:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            if not 0 <= length <= MAX_REQUEST_BYTES:
                raise ValueError("Content-Length")
            body = self.rfile.read(length)
        if len(body) > MAX_REQUEST_BYTES:
            raise ValueError("chunked body")
        return body

    def _answer(self, response: Response) -> None:
        payload = response.get_data()
        self.send_response(response.status_code)
        for name, value in response.headers.items():
            if name.lower() not in {"content-length", "connection"}:
                self.send_header(name, value)
        if response.status_code >= 200 and response.status_code not in {204, 304}:
            self.send_header("Content-Length", str(len(payload)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and response.status_code not in {204, 304}:
            self.wfile.write(payload)
        self.wfile.flush()

    def _hang_up(self) -> None:
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            log.debug("the other end hung up first")
