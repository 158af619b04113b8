"""Periodic tasks, and the schedule that follows from the connections' settings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ...store import Connection, Store


@dataclass(frozen=True, slots=True)
class Task:
    """Something that is done from time to time for each connection of a role.

    A process may die in the middle, and another takes it up from the start: it must do no harm to do it twice.

    :param name: short, for lists and for the schedule's rows.
    :param every: seconds from one run to the next by a connection's plain settings; None for never.
    :param run: does it, and gives a few words for lists. It may raise AdapterError: then it is done again later.
    :param only: the connections for which it is wanted now, where not for all of the role.
    """

    name: str
    role: Literal["provider", "source"]
    every: Callable[[Mapping[str, Any]], float | None]
    run: Callable[[Store, Connection], str]
    only: Callable[[Store], Collection[str]] | None = None


def arrange(store: Store, tasks: Collection[Task]) -> None:
    """Bring the schedule in line with the connections and their settings, without opening their secrets.

    :raises StoreUnavailableError: the database does not answer.
    """
    wanted: dict[tuple[str, str], float] = {}
    plain = store.connections.plain()
    for task in tasks:
        names = None if task.only is None else task.only(store)
        for connection in plain:
            if connection.role != task.role or (names is not None and connection.name not in names):
                continue
            seconds = task.every(connection.settings)
            if seconds is not None:
                wanted[connection.name, task.name] = seconds
    store.schedule.arrange(wanted, [task.name for task in tasks], store.now())
