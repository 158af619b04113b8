"""``GET /readyz`` says no when a delivery could not be stored, or nobody works, and yes again afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from badgerelay.plugin.engine import threads as engine_module
from badgerelay.plugin.engine.assembly import make_engine
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.store import Store, StoreUnavailableError, open_store
from badgerelay.plugin.store.due_work import DueLane
from badgerelay.plugin.store.inbox.events import NewEvent
from badgerelay.plugin.web.app import create_app

from ...support import until

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def ready(client: FlaskClient) -> int:
    return client.get("/readyz").status_code


def event(number: int) -> NewEvent:
    return NewEvent("acme", "alm:70412", f"e-{number}", "acme", "COURSE_COMPLETED", "{}" + " " * 2000)


def _fill(store: Store) -> int:
    """Store events until there is no room for another; how many there were."""
    for number in range(1000):
        try:
            store.inbox.add([event(number)], store.now())
        except StoreUnavailableError as error:
            if "full" in str(error):
                return number
            raise
    raise AssertionError("it is not full")


@sqlite_only
def test_a_full_database_is_not_ready_and_is_when_it_has_room(store: Store) -> None:
    """Full as by a full disk: no page can be added."""
    client = create_app(store).test_client()
    assert ready(client) == 200
    with store.database.write() as connection:
        used = connection.exec_driver_sql("PRAGMA page_count").scalar()
    limits: list[int] = [int(used or 0) + 60]
    sa.event.listen(
        store.database._engine,
        "checkout",
        lambda connection, *_: connection.execute(f"PRAGMA max_page_count={limits[-1]}"),
    )
    assert ready(client) == 200
    stored = _fill(store)
    assert stored > 10
    assert ready(client) == 503
    assert client.get("/healthz").status_code == 200
    limits.append(1_000_000)
    assert ready(client) == 200
    store.inbox.add([event(2000)], store.now())


@sqlite_only
def test_a_ready_database_has_room_for_an_event(store: Store) -> None:
    """It says no before a delivery is refused, not after."""
    client = create_app(store).test_client()
    with store.database.write() as connection:
        used = int(connection.exec_driver_sql("PRAGMA page_count").scalar() or 0)
    sa.event.listen(
        store.database._engine,
        "checkout",
        lambda connection, *_: connection.execute(f"PRAGMA max_page_count={used + 40}"),
    )
    stored = 0
    while ready(client) == 200:
        store.inbox.add([event(stored)], store.now())
        stored += 1
    assert stored > 5


@sqlite_only
def test_a_read_only_database_is_not_ready(store: Store, settings: Settings) -> None:
    path = settings.database_url.removeprefix("sqlite:///")
    reading = open_store(Settings(settings.home, f"sqlite:///file:{path}?mode=ro&uri=true"))
    client = create_app(reading).test_client()
    assert ready(client) == 503
    assert client.get("/healthz").status_code == 200
    assert client.get("/metrics").status_code == 200
    reading.close()


@sqlite_only
def test_a_locked_database_is_not_ready_until_it_is_free(store: Store, settings: Settings) -> None:
    client = create_app(store).test_client()
    other = open_store(settings)
    with other.database.write():
        assert ready(client) == 503
    assert ready(client) == 200
    other.close()


@pytest.mark.services
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_without_postgresql_nothing_is_ready_until_it_is_back(store: Store, database_url: str) -> None:
    client = create_app(store).test_client()
    assert ready(client) == 200
    url = sa.make_url(database_url)
    admin = sa.create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS false")
        connection.execute(
            sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": url.database},
        )
        for _ in range(3):
            assert ready(client) == 503
        assert client.get("/metrics").status_code == 503
        assert client.get("/healthz").status_code == 200
        connection.exec_driver_sql(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS true")
    until(lambda: ready(client) == 200)
    assert client.get("/metrics").status_code == 200
    admin.dispose()


@pytest.mark.services
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_postgresql_that_only_reads_is_not_ready(store: Store) -> None:
    client = create_app(store).test_client()

    @sa.event.listens_for(store.database._engine, "begin")
    def read_only(connection: sa.Connection) -> None:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")

    assert ready(client) == 503
    sa.event.remove(store.database._engine, "begin", read_only)
    assert ready(client) == 200


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A dispatcher that looks for a host's news, and gets no answer until this is set."""
    monkeypatch.setattr(engine_module, "STUCK_SECONDS", 0.2)
    answer = threading.Event()
    yield answer
    answer.set()


@sqlite_only
def test_an_engine_whose_dispatcher_is_stuck_is_not_ready(
    store: Store, stuck: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = store.due_work.lanes

    def slow(**options: Any) -> list[DueLane]:
        stuck.wait(10)
        return asked(**options)

    engine = make_engine(store)
    client = create_app(store, engine.wake, engine.trouble).test_client()
    engine.start()
    until(lambda: ready(client) == 200)
    monkeypatch.setattr(store.due_work, "lanes", slow)
    until(lambda: ready(client) == 503)
    assert "has not looked for work" in client.get("/readyz").text
    stuck.set()
    until(lambda: ready(client) == 200)
    engine.stop()
    assert ready(client) == 503


@sqlite_only
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the death that is wanted
def test_an_engine_whose_dispatcher_has_died_is_not_ready(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(*_: object, **__: object) -> list[str]:
        raise SystemExit  # ends a thread without a word

    engine = make_engine(store)
    client = create_app(store, engine.wake, engine.trouble).test_client()
    engine.start()
    until(lambda: ready(client) == 200)
    monkeypatch.setattr(store.due_work, "lanes", end)
    until(lambda: ready(client) == 503)
    assert "has ended" in client.get("/readyz").text
    engine.stop()
