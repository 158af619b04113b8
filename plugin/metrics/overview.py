"""The state of the connections for monitoring, without settings and secrets."""

from __future__ import annotations

from dataclasses import dataclass

from ..providers.rate_limits import calls_left
from ..store import Connection, Store
from ..store.measurements import Measurement
from ..store.policy import ALM_RATE
from ..store.schedule import ScheduledTask

STATES = ("up", "resting", "stopped", "paused")
LAST_EVENT = "last_event"
"""The name of the measurement that says when a source connection last took an event of its account."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One connection.

    :param source: what its own events carry as their source; empty for a provider.
    :param state: one of ``STATES``.
    :param failures: in a row.
    :param silence: seconds since its account's last event, or since it was connected; None for a provider.
    """

    name: str
    role: str
    type: str
    source: str
    state: str
    failures: int
    silence: float | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole installation.

    :param dead_rules: how many rules of each provider connection name a template from which nothing can be issued.
    """

    connections: tuple[Seen, ...]
    measured: tuple[Measurement, ...]
    schedule: tuple[ScheduledTask, ...]
    dead_rules: dict[str, int]


def overview_of(store: Store) -> Overview:
    """Return the state of all connections.

    :raises StoreUnavailableError: when the database does not answer.
    """
    measured = store.measurements.all()
    last = {row.connection: row.value for row in measured if row.name == LAST_EVENT}
    now = store.now()
    connections = store.connections.plain()
    dead = store.rules.unusable()
    return Overview(
        tuple(_seen(each, last.get(each.name), now) for each in connections),
        tuple(measured),
        tuple(store.schedule.all()),
        {each.name: dead.get(each.name, 0) for each in connections if each.role == "provider"},
    )


def _seen(connection: Connection, last: float | None, now: float) -> Seen:
    is_source = connection.role == "source"
    account = connection.settings.get("account_id", "") if is_source else ""
    return Seen(
        connection.name,
        connection.role,
        connection.type,
        f"{connection.type}:{account}" if is_source else "",
        _state(connection, now),
        connection.failures,
        max(0.0, now - max(last or 0.0, connection.created_at)) if is_source else None,
    )


def _state(connection: Connection, now: float) -> str:
    if connection.paused:
        return "paused"
    if connection.stopped:
        return "stopped"
    return "resting" if connection.failures and connection.retry_at > now else "up"


def budgets_left(store: Store) -> dict[str, float]:
    """Return the calls that each connection may make at once, by name, where it has a rate limit."""
    found: dict[str, float] = {}
    for connection in store.connections.all():
        rate = "" if connection.role == "provider" else ALM_RATE
        left = calls_left(store, connection, default_rate=rate)
        if left is not None:
            found[connection.name] = float(left)
    return found
