from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from badgerelay.adapters.sandbox import BackgroundServer
from badgerelay.plugin.engine.assembly import make_engine
from badgerelay.plugin.engine.threads import Engine
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.history import changes_of
from badgerelay.plugin.web.app import create_app

from ..support import (
    WEBHOOK_PASSWORD,
    badges,
    basic,
    connect_alm,
    connect_credly,
    counts,
    delivery,
    until,
)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """ALM's sandbox, the receiver, the engine and Credly's sandbox, with real HTTP between them."""

    store: Store
    engine: Engine
    alm: str
    door: str
    credly: str

    def complete(self, **options: Any) -> None:
        """Let ALM's sandbox complete something and send its webhooks."""
        requests.post(f"{self.alm}/_sandbox/complete", json=options, timeout=10).raise_for_status()

    def deliver(self, *events: Any) -> None:
        answer = requests.post(self.door, data=delivery(*events), headers=basic(), timeout=10)
        assert answer.status_code == 202

    def issued(self, number: int, seconds: float = 15.0) -> list[dict[str, Any]]:
        """Wait until so many badges are issued, by the ledger and by Credly."""

        def done() -> bool:
            return self.states().get("issued") == number and counts(self.credly)["total"] >= number

        until(done, seconds, f"{number} badges")
        assert counts(self.credly)["total"] == number
        return badges(self.credly)

    def states(self, table: str = "awards") -> dict[str, int]:
        return self.store.views.counts()[table]

    def settled(self, number: int = 1) -> list[dict[str, Any]]:
        """Wait until so many events are done, ignored or dead."""

        def found() -> list[dict[str, Any]]:
            events = self.store.views.events(limit=10_000)
            return [event for event in events if event["state"] in ("done", "ignored", "dead")]

        until(lambda: len(found()) >= number)
        return found()

    def award(self, **wanted: Any) -> dict[str, Any]:
        return next(
            award
            for award in self.store.views.awards(limit=1000)
            if all(award[key] == value for key, value in wanted.items())
        )

    def history(self, award_id: int) -> list[str]:
        with self.store.database.read() as connection:
            return [f"{each['state']}: {each['cause']}" for each in changes_of(connection, award_id=award_id)]


@pytest.fixture
def pipeline(store: Store, serve_app: Callable[..., str]) -> Iterator[Pipeline]:
    credly, alm = serve_app("credly"), serve_app("alm", learners="200")
    connect_credly(store, credly, max_age="unlimited")
    connect_alm(store, alm, max_age="unlimited")
    engine = make_engine(store)
    with BackgroundServer(create_app(store, engine.wake)) as receiver:
        door = f"{receiver.url}/webhooks/alm/acme"
        hook = {"url": door, "auth": "basic", "username": "alm", "password": WEBHOOK_PASSWORD}
        requests.post(f"{alm}/_sandbox/webhooks", json=hook, timeout=10).raise_for_status()
        engine.start()
        yield Pipeline(store, engine, alm, door, credly)
        engine.stop()


RUBBISH = '''
"""An adapter that breaks its contract in whatever way the badge template's id says."""
from badgerelay.adapters import Account, Adapter, BadgeTemplate, Capabilities, IssuedBadge
from badgerelay.adapters.errors import RejectedError
from marshmallow import Schema


class RubbishAdapter(Adapter):
    name = "rubbish"
    capabilities = Capabilities(max_batch=50)
    settings_schema = Schema
    made = {}

    def check(self):
        return Account("r", "Rubbish")

    def templates(self):
        return iter(())

    def issue(self, awards):
        return [self._one(award) for award in awards]

    def _one(self, award):
        match award.template_id:
            case "raises":
                raise KeyError(award.recipient.email)
            case "none":
                return None
            case "text":
                return award.recipient.email
            case "number":
                return IssuedBadge(7, award.template_id, "pending")
            case "long":
                return IssuedBadge("x" * 300, award.template_id, "pending")
            case "unstorable":
                return RejectedError("no", "with \\ud800 and \\x00")
        return self.made.setdefault(award.id, IssuedBadge("b-" + award.id, award.template_id, "pending"))

    def find(self, award):
        return self.made.get(award.id)
'''


@pytest.fixture
def rubbish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installs a badge provider of the name ``rubbish``."""
    site = tmp_path / "site"
    (site / "rubbish-1.dist-info").mkdir(parents=True)
    (site / "rubbish_adapter.py").write_text(RUBBISH)
    (site / "rubbish-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: rubbish\nVersion: 1\n")
    (site / "rubbish-1.dist-info" / "entry_points.txt").write_text(
        "[badgerelay.adapters]\nrubbish = rubbish_adapter:RubbishAdapter\n"
    )
    monkeypatch.syspath_prepend(str(site))
