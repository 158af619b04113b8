from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.e2e.running import Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def postgresql_home(tmp_path: Path) -> Iterator[Home]:
    """A home whose store is a fresh PostgreSQL database."""
    server = os.environ.get("BADGERELAY_TEST_POSTGRESQL")
    if not server:
        if os.environ.get("CI"):
            pytest.fail("BADGERELAY_TEST_POSTGRESQL is not set: run `make test-services`")
        pytest.skip("needs PostgreSQL: `make test-services`")
    name = f"br_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    url = sa.make_url(server).set(database=name).render_as_string(hide_password=False)
    made = Home(tmp_path / "home", BADGERELAY_DATABASE_URL=url)
    yield made
    made.close()
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()
