"""``badgerelay migrations``: migration runs of ALM accounts, followed until they end."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

import click

from ...adapters.errors import AdapterError
from ..connections.schemas import ALM
from ..engine.schedule.periodic_task import arrange
from ..engine.schedule.tasks import TASKS
from ..sources.alm.polls.migration_runs import EVERY_SECONDS, follow_runs, request_status, take
from ..store import Store
from ..store.imports.migration_runs import FOLLOWED
from ..store.queries import MAX_NUMBER
from .common import FailedError, named_connection, opened_store
from .groups import Group
from .tables import Column, list_options, print_table


def _id(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not (value.isascii() and value.isdigit() and len(value) <= 20):
        raise click.BadParameter("must be a number, as ALM gave it when the run was started")
    return value


@click.group(cls=Group)
def migrations() -> None:
    """Follow migration runs of an ALM account until they end.

    ALM sends no webhook about the files of a migration, so badgerelay asks for their state.
    """


@migrations.command("watch")
@click.argument("connection")
@click.option("--project", required=True, callback=_id, help="The migrationProjectId in ALM's answer.")
@click.option("--sprint", required=True, callback=_id, help="The sprintId in ALM's answer.")
@click.option("--run", required=True, callback=_id, help="The sprintRunId in ALM's answer.")
@click.option("--wait", is_flag=True, help="Wait here until the run ends; otherwise `serve` or `worker` follows it.")
@click.option(
    "--every",
    default=EVERY_SECONDS,
    show_default=True,
    type=click.FloatRange(1, 3600),
    help="Seconds between two questions to ALM, with --wait.",
)
def watch(connection: str, project: str, sprint: str, run: str, wait: bool, every: float) -> None:
    """Follow a migration run of an ALM account. ALM's answer to starting the run holds its three ids.

    Each file that ALM has imported becomes one event. Badgerelay asks once a minute until every file has ended, a day
    has passed without news, or you give `badgerelay migrations stop`.
    """
    with opened_store() as store:
        account = named_connection(store, connection, "source")
        if account.type != ALM:
            raise FailedError(f"{connection} is not a connection to ALM: see `badgerelay connections`")
        status = request_status(store, account, project, sprint, run)  # refused ids are refused now
        number = store.migration_runs.follow(connection, project, sprint, run, store.now())
        followed = store.migration_runs.get(number)
        assert followed is not None
        click.echo(f"run {number} ({followed.name}): {take(store, account, followed, status)}")
        arrange(store, TASKS)
        last = _print_jobs(store, number, [])
        while wait and _state(store, number) == FOLLOWED:
            time.sleep(every)
            try:
                follow_runs(store, account)
            except AdapterError as error:
                click.echo(f"badgerelay: {error}; ALM is asked again", err=True)
            last = _print_jobs(store, number, last)
        click.echo(f"run {number} is {_state(store, number)}")


@migrations.command("list")
@list_options
def list_runs(wide: bool, json_: bool) -> None:
    """List migration runs with the state of their files.

    --json shows the error links that ALM names; badgerelay never opens them.
    """
    with opened_store() as store:
        now = store.now()
        runs = [asdict(run) for run in store.migration_runs.all()]
    for run in runs:
        run["jobs"] = json.loads(run["jobs"])
    if json_:
        print_table(runs, [], json_=True, empty="")
        return
    rows = [
        {**run, "run": f"{run['project_id']}/{run['sprint_id']}/{run['run_id']}", "files": _files(run["jobs"])}
        for run in runs
    ]
    columns = [
        Column("id", kind="number", whole=True),
        Column("state", kind="state", whole=True),
        Column("connection"),
        Column("run"),
        Column("asked", "asked_at", "time", whole=True),
        Column("files", kind="detail"),
        Column("last message", "said", "detail"),
    ]
    print_table(rows, columns, json_=False, wide=wide, now=now, empty="no migration runs")


@migrations.command("stop")
@click.argument("number", type=click.IntRange(1, MAX_NUMBER))
def stop(number: int) -> None:
    """Stop following a run, by its number."""
    with opened_store() as store:
        if not store.migration_runs.stop(number, "stopped by an administrator"):
            raise FailedError(f"run {number} is not followed: see `badgerelay migrations list`")
        arrange(store, TASKS)
    click.echo(f"run {number} is stopped")


def _state(store: Store, number: int) -> str:
    run = store.migration_runs.get(number)
    return run.state if run else "gone"


def _print_jobs(store: Store, number: int, last: list[Any]) -> list[Any]:
    """Print the files whose state has changed."""
    run = store.migration_runs.get(number)
    jobs = json.loads(run.jobs) if run else []
    for job in jobs:
        if job not in last:
            log = f" (ALM names {job['error_log']})" if job["error_log"] else ""
            click.echo(f"  {job['file']}: {job['state']}{log}")
    return list(jobs)


def _files(jobs: list[dict[str, Any]]) -> str:
    return ", ".join(f"{job['file']} {job['state'].lower()}" for job in jobs)
