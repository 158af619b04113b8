"""``badgerelay schedule``: the periodic tasks of each connection."""

from __future__ import annotations

from typing import Any

import click

from ..engine.schedule.periodic_task import arrange
from ..engine.schedule.tasks import TASKS
from ..runtime.durations import in_words
from ..store import Connection
from ..store.schedule import ScheduledTask
from .common import opened_store
from .groups import Group
from .tables import Column, list_options, print_table


@click.group(cls=Group)
def schedule() -> None:
    """List the periodic tasks that `serve` and `worker` do for each connection."""


@schedule.command("list")
@list_options
def list_schedule(wide: bool, json_: bool) -> None:
    """List periodic tasks with their last outcome and their next run.

    Settings of the connection say how often they run: templates_every of a provider, skills_every of an ALM account.
    """
    with opened_store() as store:
        arrange(store, TASKS)
        connections = {each.name: each for each in store.connections.plain()}
        now = store.now()
        rows = [_row(row, connections.get(row.connection), now) for row in store.schedule.all()]
    columns = [
        Column("connection"),
        Column("task"),
        Column("every"),
        Column("state", kind="state"),
        Column("last run", "ended_at", "time", whole=True),
        Column("outcome", kind="state"),
        Column("failures", lambda row: row["failures"] or None, "number"),
        Column("next run", "due_at", "time", whole=True),
        Column("last message", "said", "detail"),
    ]
    empty = "no periodic tasks: there is no connection, or their settings turn them off"
    print_table(rows, columns, json_=json_, wide=wide, now=now, empty=empty)


def _row(row: ScheduledTask, connection: Connection | None, now: float) -> dict[str, Any]:
    return {
        "connection": row.connection,
        "task": row.task,
        "every": in_words(row.every_seconds),
        "every_seconds": int(row.every_seconds),
        "state": _state(row, connection, now),
        "began_at": row.began_at,
        "ended_at": row.ended_at,
        "done_at": row.done_at,
        "outcome": row.outcome,
        "failures": row.attempts - (row.lease_owner is not None),
        "said": row.said,
        "due_at": row.due_at,
    }


def _state(row: ScheduledTask, connection: Connection | None, now: float) -> str:
    if row.lease_owner is not None and row.due_at > now:
        return "runs"
    if connection is not None and connection.paused:
        return "paused"
    if connection is not None and connection.retry_at > now:
        return "rests"
    return "due" if row.due_at <= now else "waits"
