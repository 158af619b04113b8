from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PAYLOADS = Path(__file__).parents[3] / "payloads" / "alm"


class Clock:
    """A clock that moves by sleeping."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


class MemoryStorage:
    """A storage in memory."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.values: dict[str, tuple[str, float | None]] = {}
        self.locks: set[str] = set()
        self._guard = threading.Lock()

    def get(self, key: str) -> str | None:
        value, until = self.values.get(key, (None, None))
        return value if until is None or self.clock.now() < until else None

    def put(self, key: str, value: str, *, seconds: float | None = None) -> None:
        self.values[key] = (value, None if seconds is None else self.clock.now() + seconds)

    @contextmanager
    def lock(self, key: str, *, seconds: float) -> Iterator[bool]:
        with self._guard:
            ours = key not in self.locks
            self.locks.add(key)
        try:
            yield ours
        finally:
            if ours:
                self.locks.discard(key)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def storage(clock: Clock) -> MemoryStorage:
    return MemoryStorage(clock)


@pytest.fixture
def payloads() -> Path:
    return PAYLOADS


@pytest.fixture
def alm_settings() -> dict[str, object]:
    return {
        "account_id": "70412",
        "host": "learningmanager.adobe.com",
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "refresh_token": "sandbox-refresh",
        "bulk_parameter": "id",
    }
