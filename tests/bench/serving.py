"""Each application on either server: ``python -m tests.bench.serving ours|bare|rival granian|waitress THREADS``.

``bare`` is what ours is compared with: a Flask view that does the same password check and JSON parsing, writes
the same log line and answers 202, and stores nothing.
"""

from __future__ import annotations

import logging
import socket
import sys
from typing import Any

from flask import Flask, Response, request

from badgerelay.plugin.runtime.logs import set_up_logging
from badgerelay.plugin.runtime.settings import read_settings
from badgerelay.plugin.sources.alm.webhook.authentication import verify_basic

from .deliveries import PASSWORD, USERNAME

log = logging.getLogger("badgerelay.web")


def bare_app() -> Flask:
    set_up_logging(read_settings())
    app = Flask("bare", static_folder=None)

    @app.post("/webhooks/alm/<name>")
    def receive(name: str) -> Response:
        if not verify_basic(request.headers.get("Authorization"), USERNAME, PASSWORD):
            return Response("wrong credentials\n", 401, mimetype="text/plain")
        delivery = request.get_json()
        log.info("webhook %s: %d events", name, len(delivery["events"]))
        return Response("stored\n", 202, mimetype="text/plain")

    @app.get("/healthz")
    def alive() -> Response:
        return Response("alive\n", 200, mimetype="text/plain")

    return app


def our_app() -> Flask:
    from badgerelay.plugin.store import open_store
    from badgerelay.plugin.web.app import create_app

    settings = read_settings()
    set_up_logging(settings)
    return create_app(open_store(settings))


def rival_app() -> Flask:
    from .rival.app import rival_app as make

    return make()


def main(which: str, server: str, threads: int) -> None:
    load: Any = {"ours": our_app, "bare": bare_app, "rival": rival_app}[which]
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    print(f"{which} listens on http://127.0.0.1:{port}", flush=True)
    if server == "granian":
        from badgerelay.plugin.web.server import run

        run(load, "127.0.0.1", port, threads=threads)
    else:
        import waitress

        waitress.serve(load(), host="127.0.0.1", port=port, threads=threads, connection_limit=1000)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
