"""A body in chunks on a server that does not say where it ends is refused, never acknowledged and lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import requests

from badgerelay.plugin.store import Store
from badgerelay.plugin.web.app import create_app

from ...support import basic, completion, connect_alm, connect_credly, delivery


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        pass


@pytest.fixture
def door(store: Store, serve_app: Callable[..., str]) -> Iterator[str]:
    """The receiver on wsgiref, which hands a chunked body on undecoded."""
    connect_credly(store, serve_app("credly"))
    connect_alm(store, serve_app("alm"))
    with make_server("127.0.0.1", 0, create_app(store), handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/webhooks/alm/acme"
        server.shutdown()
        thread.join(10)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_body_without_an_end_is_refused_and_with_a_length_stored(
    store: Store, door: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = delivery(completion(eventId="in-chunks"))
    answer = requests.post(door, data=iter([body[:50], body[50:]]), headers=basic(), timeout=10)
    assert (answer.status_code, store.views.events()) == (411, [])
    assert "does not say where it ends" in caplog.text
    assert requests.post(door, data=body, headers=basic(), timeout=10).status_code == 202
    assert [event["event_id"] for event in store.views.events()] == ["in-chunks"]
