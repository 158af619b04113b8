"""A database and a store for each test, on SQLite and, marked ``services``, on PostgreSQL."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

import badgerelay
from badgerelay.adapters.registry import load_adapter
from badgerelay.adapters.sandbox import BackgroundServer
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.sources.alm.sandbox import make_sandbox
from badgerelay.plugin.store import Store, open_store
from badgerelay.plugin.store.database import Database

IMPORTED = Path(badgerelay.__file__).resolve().parent
if Path(__file__).resolve().parents[1] != IMPORTED:
    raise pytest.UsageError(f"these tests would run the badgerelay of {IMPORTED}: run `make setup` in this checkout")

POSTGRESQL = "BADGERELAY_TEST_POSTGRESQL"
BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.services)]


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees, or writes into, what the developer has at home."""
    ours = [name for name in os.environ if name.startswith("BADGERELAY_")]
    for name in [name for name in ours if not name.startswith("BADGERELAY_TEST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BADGERELAY_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Callable[[bool], str]]:
    """Makes PostgreSQL databases, with our schema or empty, and gives their URLs; they end with the session."""
    address = os.environ.get(POSTGRESQL)
    if not address:
        message = f"{POSTGRESQL} is not set: run `make test-services`"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    url = sa.make_url(address)
    admin = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    made: list[str] = []

    def make(upgraded: bool) -> str:
        name = f"badgerelay_{uuid.uuid4().hex}"
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}" + (f" TEMPLATE {made[0]}" if upgraded else ""))
        made.append(name)
        return url.set(database=name).render_as_string(hide_password=False)

    database = Database(make(False))
    database.upgrade()
    database.close()
    yield make
    with admin.connect() as connection:
        for name in made:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture(scope="session")
def upgraded_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded database with our schema, to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "badgerelay.db"
    database = Database(f"sqlite:///{path}")
    database.upgrade()
    database.close()
    return path


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path, upgraded_sqlite: Path) -> str:
    """A database with our schema and nothing in it."""
    if request.param == "postgresql":
        make: Callable[[bool], str] = request.getfixturevalue("postgresql")
        return make(True)
    home = tmp_path / "home"
    home.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(upgraded_sqlite, home / "badgerelay.db")
    return f"sqlite:///{home / 'badgerelay.db'}"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", database_url=database_url)


@pytest.fixture
def environ(settings: Settings) -> dict[str, str]:
    """The same settings, for commands."""
    return {"BADGERELAY_HOME": str(settings.home), "BADGERELAY_DATABASE_URL": settings.database_url}


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture
def serve_app() -> Iterator[Callable[..., str]]:
    """Serves a sandbox over HTTP: ``serve_app("credly", faults="lost=#1")`` gives its base URL."""
    servers: list[BackgroundServer] = []
    stops: list[Callable[[], None]] = []

    def start(what: str, *, port: int = 0, **knobs: str) -> str:
        if what == "alm":
            app = make_sandbox({"provider": "Credly", "retry_scale": "0.001", **knobs})
            stops.append(app.extensions["alm_webhooks"].stop)
        else:
            app = load_adapter(what).sandbox(knobs)
        server = BackgroundServer(app, port=port)
        servers.append(server.__enter__())
        stops.append(server.stop)
        return server.url

    yield start
    for stop in stops:
        stop()
