from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from badgerelay.adapters.credly.adapter import CredlyAdapter
from badgerelay.adapters.sandbox import BackgroundServer
from badgerelay.plugin.connections.schemas import secret_keys
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.sources.alm.sandbox import make_sandbox
from badgerelay.plugin.sources.alm.settings import AlmSettings
from badgerelay.plugin.store import Store, open_store

from ...support import (
    Running,
    alm_values,
    basic,
    connect_alm,
    connect_credly,
    delivery,
)

SIGNATURE_SECRET = "a-signature-secret"


@dataclass(frozen=True, slots=True)
class Front:
    """A real ``badgerelay serve``, and its store from another process."""

    store: Store
    relay: Running
    environ: dict[str, str]

    @property
    def door(self) -> str:
        return f"{self.relay.url}/webhooks/alm/acme"

    def post(self, body: Any, **options: Any) -> requests.Response:
        headers = {**basic(), **options.pop("headers", {})}
        return requests.post(options.pop("url", self.door), data=body, headers=headers, timeout=30, **options)

    def deliver(self, *events: Any, account: Any = 70412) -> requests.Response:
        return self.post(delivery(*events, account=account))

    def event(self, event_id: str) -> dict[str, Any]:
        (found,) = [row for row in self.store.views.events(limit=100_000) if row["event_id"] == event_id]
        return found


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def front(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, upgraded_sqlite: Path
) -> Iterator[Front]:
    """One for all tests of a module: with the connections ``academy``, ``acme`` and, with a signature, ``signed``."""
    home = tmp_path_factory.mktemp("front")
    url = f"sqlite:///{home / 'badgerelay.db'}"
    if request.param == "postgresql":
        make: Callable[[bool], str] = request.getfixturevalue("postgresql")
        url = make(True)
    else:
        shutil.copy(upgraded_sqlite, home / "badgerelay.db")
    store = open_store(Settings(home, url))
    alm = make_sandbox({"provider": "credly", "learners": "400"})
    with BackgroundServer(CredlyAdapter.sandbox({})) as credly, BackgroundServer(alm) as alm_server:
        connect_credly(store, credly.url)
        connect_alm(store, alm_server.url)
        signed = AlmSettings().load(
            alm_values(
                alm_server.url,
                account_id="70413",
                webhook_auth="signature",
                signature_header="X-Signature",
                signature_algorithm="sha256",
                signature_encoding="hex",
                signature_prefix="sha256=",
                signature_secret=SIGNATURE_SECRET,
            )
        )
        secret = {key: signed.pop(key) for key in secret_keys(AlmSettings)}
        store.connections.save("signed", "source", "alm", "", signed, secret, store.now())
        environ = {"BADGERELAY_HOME": str(home), "BADGERELAY_DATABASE_URL": url}
        relay = Running(environ, "serve", "--port", "0").ready()
        yield Front(store, relay, environ)
        relay.stop()
        alm.extensions["alm_webhooks"].stop()
    store.close()
