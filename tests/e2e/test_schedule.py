"""What is done from time to time, by real processes: once however many there are, and again after a crash."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from badgerelay.plugin.runtime.settings import read_settings
from badgerelay.plugin.store import Store, open_store
from tests.brokers import Broker
from tests.e2e.running import Home, eventually
from tests.support import COURSE_TEMPLATE, calls, set_faults

WORKS = "badgerelay works"
LISTED = "GET badge_templates"


def row(home: Home, task: str = "templates") -> Any:
    with opened(home) as store:
        return next(each for each in store.schedule.all() if each.task == task)


def call(home: Home, connection: str = "academy", task: str = "templates") -> None:
    """Make it due now."""
    with opened(home) as store:
        store.schedule.call((connection, task), store.now())


@contextmanager
def opened(home: Home) -> Iterator[Store]:
    store = open_store(read_settings(home.environ))
    try:
        yield store
    finally:
        store.close()


def done_once_by(home: Home, provider: str) -> None:
    home.run("schedule", "list")  # which puts it on the schedule, where no worker has done so yet
    for _ in range(3):
        before, at = calls(provider)[LISTED], row(home).done_at
        call(home)
        eventually(lambda at=at: row(home).done_at != at)  # type: ignore[misc]
        assert calls(provider)[LISTED] == before + 1
    assert row(home).said == "8 badge templates"


def killed_in_the_middle(home: Home, provider: str) -> None:
    home.run("schedule", "list")
    before = row(home).done_at
    victim = home.start("worker", listens=WORKS)
    set_faults(provider, "latency=60")
    requests.post(f"{provider}/_sandbox/templates/{COURSE_TEMPLATE}/archive", timeout=10).raise_for_status()
    call(home)
    eventually(lambda: row(home).lease_owner is not None)
    victim.kill()
    set_faults(provider, "")
    home.start("worker", listens=WORKS)
    eventually(lambda: row(home).done_at != before, 40)
    assert [each["change"] for each in home.json("templates", "changes")] == ["archived"]


def test_several_workers_do_it_once(home: Home) -> None:
    provider, _ = home.connect_sandboxes()
    home.start("serve", "--port", "0")
    for _ in range(2):
        home.start("worker", listens=WORKS)
    done_once_by(home, provider)


def test_what_a_killed_worker_was_doing_is_done_by_another(home: Home) -> None:
    provider, _ = home.connect_sandboxes()
    killed_in_the_middle(home, provider)


@pytest.mark.services
def test_the_same_on_postgresql(postgresql_home: Home) -> None:
    postgresql_home.run("db", "upgrade")
    provider, _ = postgresql_home.connect_sandboxes()
    workers = [postgresql_home.start("worker", listens=WORKS) for _ in range(3)]
    done_once_by(postgresql_home, provider)
    for worker in workers:
        worker.stop()
    killed_in_the_middle(postgresql_home, provider)


@pytest.mark.services
def test_celery_workers_do_it_once_through_the_broker(broker_home: Home, broker: Broker) -> None:
    provider, alm = broker_home.connect_sandboxes()
    broker_home.start("serve", "--port", "0")
    workers = [broker_home.start("worker", listens=WORKS) for _ in range(2)]
    done_once_by(broker_home, provider)
    requests.post(f"{alm}/_sandbox/skills", json={"name": "New", "badgeId": "4411"}, timeout=10).raise_for_status()
    call(broker_home, "acme", "skills")
    eventually(lambda: row(broker_home, "skills").done_at is not None)
    assert [each["kind"] for each in broker_home.json("events", "list")] == ["SKILL_CREATED"]
    for worker in workers:
        worker.stop()
    killed_in_the_middle(broker_home, provider)
