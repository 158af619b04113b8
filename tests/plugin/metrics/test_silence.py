"""An ALM account from which nothing comes is said before ALM gives up."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from badgerelay.plugin.metrics import silence
from badgerelay.plugin.metrics.overview import overview_of
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.schema.tables import connections
from badgerelay.plugin.web.app import create_app

from ...support import basic, completion, connect_alm, connect_credly, delivery, until

DAY = 86400.0


@pytest.fixture
def acme(store: Store, serve_app: Callable[..., str]) -> Store:
    """With the ALM connection ``acme``, made ten days ago."""
    connect_credly(store, serve_app("credly"))
    connect_alm(store, serve_app("alm"))
    with store.database.write() as connection:
        connection.execute(sa.update(connections).values(created_at=store.now() - 10 * DAY))
    return store


def quiet_for(store: Store) -> float | None:
    (found,) = [each.silence for each in overview_of(store).connections if each.name == "acme"]
    return found


def test_a_delivery_ends_the_silence_and_one_of_another_account_does_not(acme: Store) -> None:
    client = create_app(acme).test_client()
    assert quiet_for(acme) == pytest.approx(10 * DAY, abs=60)
    for account, days in ((99, 10), (70412, 0)):
        answer = client.post("/webhooks/alm/acme", data=delivery(completion(), account=account), headers=basic())
        assert answer.status_code == 202
        acme.measurements.flush()
        assert quiet_for(acme) == pytest.approx(days * DAY, abs=60)


def test_an_account_without_an_event_is_quiet_since_it_was_connected(acme: Store) -> None:
    with acme.database.write() as connection:
        connection.execute(sa.update(connections).values(created_at=acme.now() - 60))
    assert quiet_for(acme) == pytest.approx(60, abs=30)
    assert not silence.silent(overview_of(acme))


@pytest.mark.parametrize(("days", "warned"), [(4.9, False), (5.1, True)])
def test_five_days_are_warned_of(acme: Store, days: float, warned: bool, caplog: pytest.LogCaptureFixture) -> None:
    acme.measurements.happened("last_event", "acme", acme.now() - days * DAY)
    acme.measurements.flush()
    with caplog.at_level(logging.WARNING, "badgerelay"):
        silence.warn_of_silence(acme)
    assert bool(caplog.messages) == warned
    assert all("acme for 5.1 days" in message for message in caplog.messages)


def test_the_warning_comes_without_being_asked_for_and_not_again_at_once(
    acme: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(silence, "FIRST_CHECK_SECONDS", 0.01)
    with caplog.at_level(logging.WARNING, "badgerelay"):
        silence.watch_silence(acme)
        until(lambda: caplog.messages)
        time.sleep(0.2)  # twenty times as long as to the first look
    assert len(caplog.messages) == 1
