"""Takes deliveries: the password is checked, each event becomes a task, 202 says so."""

from __future__ import annotations

import logging

from flask import Flask, Response, request

from badgerelay.plugin.runtime.logs import set_up_logging
from badgerelay.plugin.runtime.settings import read_settings
from badgerelay.plugin.sources.alm.webhook.authentication import verify_basic

from ..deliveries import PASSWORD, USERNAME
from .tasks import issue_badge

log = logging.getLogger("badgerelay.web")


def rival_app() -> Flask:
    set_up_logging(read_settings())
    app = Flask("rival", static_folder=None)

    @app.post("/webhooks/alm/<name>")
    def receive(name: str) -> Response:
        if not verify_basic(request.headers.get("Authorization"), USERNAME, PASSWORD):
            return Response("wrong credentials\n", 401, mimetype="text/plain")
        delivery = request.get_json()
        for event in delivery["events"]:
            issue_badge.delay(event)
        log.info("webhook %s: %d events", name, len(delivery["events"]))
        return Response("stored\n", 202, mimetype="text/plain")

    @app.get("/healthz")
    def alive() -> Response:
        return Response("alive\n", 200, mimetype="text/plain")

    return app
