"""The engine finds work soon, and asks the database little while there is none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
import sqlalchemy as sa

from badgerelay.plugin.engine import wakeups
from badgerelay.plugin.engine.assembly import make_engine
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.store import Store, open_store
from badgerelay.plugin.store.changes import Changes

from ...support import completion, connect_alm, connect_credly, until
from .test_engine import _knock

MOST_STATEMENTS = 5.0
"""Statements a second of an idle engine."""


@pytest.fixture
def other(store: Store, settings: Settings) -> Iterator[Store]:
    """The same database, as another process has it open."""
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture
def without_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    """No poll comes to help within a test."""
    monkeypatch.setattr(wakeups, "POLL_SECONDS", 60.0)


@pytest.fixture
def statements(store: Store) -> Iterator[list[str]]:
    """The statements that this process sends."""
    sent: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    engine = store.database._engine
    sa.event.listen(engine, "before_cursor_execute", count)
    yield sent
    sa.event.remove(engine, "before_cursor_execute", count)


@pytest.mark.parametrize("connected", [False, True], ids=["empty", "connected"])
def test_an_idle_engine_sends_fewer_than_five_statements_a_second(
    store: Store, statements: list[str], serve_app: Callable[..., str], connected: bool
) -> None:
    if connected:
        connect_credly(store, serve_app("credly"))
        connect_alm(store, serve_app("alm"))
    engine = make_engine(store)
    engine.start()
    time.sleep(1.5)
    statements.clear()
    begun = time.monotonic()
    time.sleep(7.0)
    rate = len(statements) / (time.monotonic() - begun)
    engine.stop()
    assert 0.0 < rate < MOST_STATEMENTS


@pytest.mark.usefixtures("without_poll")
def test_what_another_process_commits_is_found_without_a_poll(
    store: Store, other: Store, serve_app: Callable[..., str]
) -> None:
    credly = serve_app("credly")
    connect_credly(store, credly)
    connect_alm(store, serve_app("alm"))
    engine = make_engine(store)
    engine.start()
    for number in range(5):
        time.sleep(0.3)
        _knock(other, completion(eventId=f"e-{number}"))
        until(partial(settled, store, number + 1))
    engine.stop()


def settled(store: Store, number: int) -> bool:
    return done(store) == number


def done(store: Store) -> int:
    return store.views.counts()["events"].get("done", 0)


@pytest.mark.usefixtures("without_poll")
def test_what_becomes_due_is_begun_on_time(store: Store, other: Store, serve_app: Callable[..., str]) -> None:
    connect_credly(store, serve_app("credly"))
    connect_alm(store, serve_app("alm"))
    store.connections.open_circuit("acme", store.now(), lambda _: 1.0, "trouble")
    due_at = store.connections.get("acme").retry_at  # type: ignore[union-attr]
    _knock(store, completion())
    engine = make_engine(store)
    engine.start()
    until(lambda: done(store) == 1)
    late = store.now() - due_at
    engine.stop()
    assert 0.0 <= late < 10.0


def test_a_commit_of_another_process_is_a_change_and_none_is_not(store: Store, other: Store) -> None:
    notified = threading.Event()
    changes = Changes(store.database, notified.set)
    changes.start()

    def seen() -> bool:
        by_notice, by_check = notified.is_set(), changes.seen()
        notified.clear()
        return by_notice or by_check

    try:
        time.sleep(0.5)
        until(lambda: not seen())
        time.sleep(0.3)
        assert not seen()
        for number in range(20):
            other.cache("acme").put("kind", {str(number): number}, other.now())
            until(seen, 2.0, "a change")
            until(lambda: not seen(), 2.0, "rest")
    finally:
        changes.stop()
