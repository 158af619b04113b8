"""The web application: the receiver, the published pages, health and metrics."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Flask, Response

from ..store import Store, StoreUnavailableError
from .answers import text_answer
from .metrics_page import MetricsPage
from .public_pages import PublicPages
from .receive import MAX_BODY
from .webhooks import Webhooks

log = logging.getLogger("badgerelay.web")


def create_app(
    store: Store, wake: Callable[[str], None] = lambda _: None, trouble: Callable[[], str | None] = lambda: None
) -> Flask:
    """Return the application over one store.

    :param wake: called with a connection's name after new events of it are committed.
    :param trouble: returns why the engine of this process does no work, or None.
    """
    app = Flask("badgerelay", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.add_url_rule("/healthz", view_func=_alive, endpoint="healthz")
    app.add_url_rule("/readyz", view_func=lambda: _ready(store, trouble), endpoint="readyz")
    app.add_url_rule("/metrics", view_func=MetricsPage(store), endpoint="metrics")
    app.register_error_handler(500, _failed)
    app.wsgi_app = Webhooks(PublicPages(app.wsgi_app, store), store, wake)  # type: ignore[method-assign]  # as Flask's documentation advises
    return app


def _alive() -> Response:
    return text_answer(200, "alive")


def _ready(store: Store, trouble: Callable[[], str | None]) -> Response:
    """Answer 200 if the store commits a trial and the engine works, else 503."""
    try:
        store.probe()
    except StoreUnavailableError as error:
        log.error("not ready: %s", error)
        return text_answer(503, "the database does not commit")
    if problem := trouble():
        log.error("not ready: %s", problem)
        return text_answer(503, problem)
    return text_answer(200, "ready")


def _failed(_error: Exception) -> Response:
    return text_answer(500, "badgerelay failed; see its log")
