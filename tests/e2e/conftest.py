from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.brokers import Broker, broker_of
from tests.e2e.running import Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def postgresql_home(tmp_path: Path, postgresql: Callable[[bool], str]) -> Iterator[Home]:
    """A home whose store is a PostgreSQL database without a schema."""
    made = Home(tmp_path / "home", BADGERELAY_DATABASE_URL=postgresql(False))
    yield made
    made.close()


@pytest.fixture(params=["rabbitmq", "redis"])
def broker(request: pytest.FixtureRequest) -> Broker:
    return broker_of(request.param)


@pytest.fixture
def broker_home(postgresql_home: Home, broker: Broker) -> Home:
    """A home whose store is PostgreSQL, with a schema, and whose work goes through a broker."""
    postgresql_home.run("db", "upgrade")
    postgresql_home.environ["BADGERELAY_BROKER_URL"] = broker.url
    return postgresql_home
