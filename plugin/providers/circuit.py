"""The circuit breaker of a connection: closed, open, half-open.

A connection that works is closed. A failure of the connection as a whole opens it: nothing is sent until its time has
come. Then it is half-open, and a single award probes it, whose success closes it.
"""

from __future__ import annotations

import logging
from typing import Literal

from ...adapters.errors import AdapterError, ConfigurationError, TemporaryError
from ..store import Connection, Store
from .backoff import backoff

State = Literal["closed", "open", "half-open"]

PROBE_SECONDS = 300.0
"""Seconds between two probes of a connection whose settings are wrong."""

SOON_SECONDS = 1.0
"""Seconds until work that failed with older settings is tried with newer ones."""

log = logging.getLogger("badgerelay.delivery")


def state_of(connection: Connection, now: float) -> State:
    """Return the state of a connection's circuit. :param now: seconds since the epoch."""
    if not connection.failures:
        return "closed"
    return "open" if connection.retry_at > now else "half-open"


def open_circuit(store: Store, connection: Connection, error: AdapterError, *, base: float, cap: float) -> float:
    """Open the circuit after a failure of the connection as a whole. Return the seconds until the next attempt.

    :param connection: as it was used: newer settings leave its circuit closed.
    :param base: seconds, as ``cap``: see :func:`backoff`. Where the settings are wrong, :data:`PROBE_SECONDS` holds.
    """
    stopped = stopped_by(error) if isinstance(error, ConfigurationError) else None
    asked = error.retry_after if isinstance(error, TemporaryError) else None

    def seconds(failures: int) -> float:
        return PROBE_SECONDS if stopped else backoff(failures, base=base, cap=cap, retry_after=asked)

    seconds_open = store.connections.open_circuit(
        connection.name, store.now(), seconds, str(error), stopped=stopped, updated_at=connection.updated_at
    )
    if seconds_open is None:
        log.info("connection %s has new settings: its circuit stays closed", connection.name)
        return SOON_SECONDS
    if stopped:
        log.error("connection %s is stopped: %s", connection.name, error)
    else:
        log.warning("connection %s waits for %.1f s after a failure: %s", connection.name, seconds_open, error)
    return seconds_open


def close_circuit(store: Store, connection: Connection) -> None:
    """Close the circuit after a success, unless another failure has opened it since.

    :param connection: as it was used.
    """
    if connection.failures:
        store.connections.recover(connection.name, seen=connection.retry_at)
        log.info("connection %s works again", connection.name)


def stopped_by(error: ConfigurationError) -> str:
    """Return a few words, for lists, why a connection is stopped."""
    return f"the {error.setting} is not accepted" if error.setting else "its settings are not accepted"
