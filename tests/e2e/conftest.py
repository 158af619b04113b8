from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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
