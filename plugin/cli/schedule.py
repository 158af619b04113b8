"""``badgerelay schedule``: what is done from time to time, and what came of it."""

from __future__ import annotations

from typing import Any

import click

from ..engine.schedule.periodic_task import arrange
from ..engine.schedule.tasks import TASKS
from ..runtime.durations import in_words
from ..store import Connection
from ..store.schedule import ScheduledTask
from .common import as_json, opened_store, print_rows


@click.group()
def schedule() -> None:
    """What `serve` and `worker` do from time to time for each connection."""


@schedule.command("list")
@as_json
def list_schedule(json_: bool) -> None:
    """When each was done last, with what outcome, and when it is done again.

    How often is a setting of the connection: templates_every of a provider, skills_every of an ALM account.
    """
    with opened_store() as store:
        arrange(store, TASKS)
        connections = {each.name: each for each in store.connections.plain()}
        rows = [_row(row, connections.get(row.connection), store.now()) for row in store.schedule.all()]
    columns = ["connection", "task", "every", "state", "ended_at", "outcome", "failures", "said", "due_at"]
    print_rows(rows, columns, json_=json_, empty="nothing: there is no connection, or all is off")


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
