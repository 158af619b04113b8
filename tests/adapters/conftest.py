"""A connection to Credly's API: faked at the socket, or to the sandbox over real HTTP."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from badgerelay.adapters import Adapter, Award, Context, Recipient
from badgerelay.adapters.credly.adapter import CredlyAdapter
from badgerelay.adapters.credly.settings import CredlySettings
from badgerelay.adapters.sandbox import BackgroundServer

ORGANIZATION = "0a6cbe4e-5c55-4f0c-8f0d-6e2b6f6c0001"
TEMPLATE = "7b0e1c52-3d0b-4d0a-9c3e-5f6a1c9d2e10"
TOKEN = "SIMULATOR-TOKEN-0001"
PAYLOADS = Path(__file__).parent.parent / "payloads" / "credly"


class MemoryStorage:
    """Storage of one connection, in memory; records the seconds of each value."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.seconds: dict[str, float | None] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def get(self, key: str) -> str | None:
        return self.values.get(key)

    def put(self, key: str, value: str, *, seconds: float | None = None) -> None:
        self.values[key], self.seconds[key] = value, seconds

    @contextlib.contextmanager
    def lock(self, key: str, *, seconds: float) -> Iterator[bool]:
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        held = lock.acquire(blocking=False)
        try:
            yield held
        finally:
            if held:
                lock.release()


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def context(storage: MemoryStorage) -> Context:
    return Context(connection="academy", storage=storage, now=time.time, sleep=time.sleep)


@pytest.fixture
def payload() -> Callable[[str], Any]:
    return lambda name: json.loads((PAYLOADS / f"{name}.json").read_text())


@pytest.fixture
def make_award() -> Callable[..., Award]:
    def make(number: int = 4711, *, template: str = TEMPLATE, **recipient: Any) -> Award:
        person = {
            "email": f"learner{number}@learners.example.org",
            "first_name": "Ines",
            "last_name": "Moreau",
            "earner_id": f"alm:70412:{number}",
            "locale": "fr-FR",
        }
        return Award(
            id=f"award-{number}",
            template_id=template,
            recipient=Recipient(**(person | recipient)),
            issued_at=datetime(2026, 3, 2, 13, 5, tzinfo=UTC),
        )

    return make


@pytest.fixture
def connect(context: Context) -> Iterator[Callable[..., CredlyAdapter]]:
    """An adapter for a base URL; keywords are settings, with a short ``read_timeout``."""
    adapters: list[CredlyAdapter] = []

    def make(host: str = "api.credly.com", **settings: Any) -> CredlyAdapter:
        credentials = {} if "oauth_client_id" in settings else {"token": TOKEN}
        given = {"organization_id": ORGANIZATION, "host": host, **credentials, "read_timeout": 5.0, **settings}
        adapters.append(CredlyAdapter(CredlySettings().load(given), context))
        return adapters[-1]

    yield make
    for adapter in adapters:
        adapter.close()


@pytest.fixture
def join(context: Context) -> Iterator[Callable[..., Any]]:
    """An adapter of a class; keywords are settings, with a short ``read_timeout``."""
    adapters: list[Adapter] = []

    def make(kind: type[Adapter], **settings: Any) -> Adapter:
        adapters.append(kind(kind.settings_schema().load({"read_timeout": 5.0, **settings}), context))
        return adapters[-1]

    yield make
    for adapter in adapters:
        adapter.close()


@pytest.fixture
def serving() -> Iterator[Callable[..., str]]:
    """Starts the sandbox of an adapter's class with knobs; gives its base URL."""
    servers: list[BackgroundServer] = []

    def start(kind: type[Adapter], **knobs: str) -> str:
        server = BackgroundServer(kind.sandbox(knobs))
        servers.append(server.__enter__())
        return server.url

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def sandbox(serving: Callable[..., str]) -> Callable[..., str]:
    """Starts Credly's sandbox with knobs; gives its base URL."""
    return lambda **knobs: serving(CredlyAdapter, **knobs)
