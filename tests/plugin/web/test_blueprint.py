"""The receiver inside a Flask application of the host."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests
from flask import Flask, Response

from badgerelay.adapters.sandbox import BackgroundServer
from badgerelay.plugin.store import Store
from badgerelay.plugin.web.receive import MAX_BODY
from badgerelay.plugin.web.webhooks import webhooks_blueprint

from ...support import basic, completion, connect_alm, connect_credly, delivery


@pytest.fixture
def woken() -> list[str]:
    return []


@pytest.fixture
def url(store: Store, woken: list[str], serve_app: Callable[..., str]) -> Iterator[str]:
    """A host's application, under a prefix and with a limit of its own, on a real server."""
    connect_credly(store, serve_app("credly"))
    connect_alm(store, serve_app("alm"))
    app = Flask("host")
    app.config["MAX_CONTENT_LENGTH"] = 10
    app.register_blueprint(webhooks_blueprint(store, woken.append), url_prefix="/badges")

    @app.route("/webhooks/alm/acme")
    def page() -> Response:
        return Response("the host's own page")

    with BackgroundServer(app) as server:
        yield server.url


def _post(url: str, body: bytes, **headers: str) -> requests.Response:
    return requests.post(f"{url}/badges/webhooks/alm/acme", data=body, headers={**basic(), **headers}, timeout=30)


def test_a_delivery_is_committed_and_wakes_the_engine(url: str, store: Store, woken: list[str]) -> None:
    answer = _post(url, delivery(completion(eventId="first"), completion("2", eventId="second")))
    assert (answer.status_code, answer.text, answer.headers["Content-Type"]) == (
        202,
        "stored\n",
        "text/plain; charset=utf-8",
    )
    assert {row["event_id"] for row in store.views.events(limit=10)} == {"first", "second"}
    assert woken == ["acme"]


def test_wrong_credentials_a_wrong_body_and_an_unknown_connection_store_nothing(
    url: str, store: Store, woken: list[str]
) -> None:
    wrong = _post(url, b"{}", Authorization="Basic eDp5")
    assert (wrong.status_code, wrong.headers["WWW-Authenticate"]) == (401, 'Basic realm="badgerelay"')
    assert _post(url, b"no JSON").status_code == 400
    assert _post(url, b"x" * (MAX_BODY + 1)).status_code == 413
    unknown = requests.post(f"{url}/badges/webhooks/alm/none/such", data=b"{}", headers=basic(), timeout=30)
    assert unknown.status_code == 404
    assert requests.get(f"{url}/badges/webhooks/alm/acme", timeout=30).headers["Allow"] == "POST"
    assert store.views.events(limit=10) == []
    assert woken == []


def test_the_host_keeps_its_own_paths(url: str) -> None:
    assert requests.get(f"{url}/webhooks/alm/acme", timeout=30).text == "the host's own page"
