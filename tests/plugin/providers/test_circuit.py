"""The circuit breaker: a connection that failed is left alone, then probed, and closed by a success."""

from __future__ import annotations

from typing import Any

from badgerelay.adapters.errors import ConfigurationError, TemporaryError
from badgerelay.plugin.providers.circuit import (
    PROBE_SECONDS,
    SOON_SECONDS,
    close_circuit,
    open_circuit,
    state_of,
)
from badgerelay.plugin.store import Store


def connection(store: Store) -> Any:
    return store.connections.get("academy")


def test_a_circuit_opens_is_probed_and_closes(store: Store) -> None:
    store.connections.save("academy", "provider", "credly", "", {}, {}, store.now())
    assert state_of(connection(store), store.now()) == "closed"
    wait = open_circuit(store, connection(store), TemporaryError("away"), base=10.0, cap=60.0)
    assert 1.0 <= wait <= 10.0
    opened = connection(store)
    assert state_of(opened, opened.retry_at - 0.1) == "open"
    assert state_of(opened, opened.retry_at) == "half-open"
    close_circuit(store, opened)
    assert state_of(connection(store), store.now()) == "closed"


def test_a_success_of_before_the_failure_does_not_close_the_circuit(store: Store) -> None:
    store.connections.save("academy", "provider", "credly", "", {}, {}, store.now())
    open_circuit(store, connection(store), TemporaryError("away"), base=10.0, cap=60.0)
    used = connection(store)
    store.connections.defer("academy", used.retry_at, 100.0)
    close_circuit(store, used)
    assert state_of(connection(store), store.now()) == "open"


def test_wrong_settings_are_probed_every_few_minutes_and_newer_ones_at_once(store: Store) -> None:
    store.connections.save("academy", "provider", "credly", "", {}, {}, store.now())
    used = connection(store)
    error = ConfigurationError("no", setting="token")
    assert open_circuit(store, used, error, base=1.0, cap=60.0) == PROBE_SECONDS
    assert connection(store).stopped == "the token is not accepted"
    store.connections.save("academy", "provider", "credly", "", {"host": "new"}, {}, used.updated_at + 1.0)
    assert open_circuit(store, used, error, base=1.0, cap=60.0) == SOON_SECONDS
    assert state_of(connection(store), store.now()) == "closed"
