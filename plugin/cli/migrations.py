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
from .common import FailedError, as_json, opened_store, print_rows, wanted_connection


def _id(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not (value.isascii() and value.isdigit() and len(value) <= 20):
        raise click.BadParameter("must be a number, as ALM gave it when the run was started")
    return value


@click.group()
def migrations() -> None:
    """Migration runs of ALM: no webhook tells which files were taken in, so ALM is asked."""


@migrations.command("watch")
@click.argument("connection")
@click.option("--project", required=True, callback=_id, help="The migrationProjectId.")
@click.option("--sprint", required=True, callback=_id, help="The sprintId.")
@click.option("--run", required=True, callback=_id, help="The sprintRunId.")
@click.option("--wait", is_flag=True, help="Follow it here until it ends; else `serve` or `worker` does.")
@click.option(
    "--every",
    default=EVERY_SECONDS,
    show_default=True,
    type=click.FloatRange(1, 3600),
    help="Seconds from one look to the next, with --wait.",
)
def watch(connection: str, project: str, sprint: str, run: str, wait: bool, every: float) -> None:
    """Follow a migration run of an ALM account; its three ids are in the answer to starting it.

    Each file that ALM has taken in becomes an event, once. ALM is asked once a minute until every file has ended, it
    has told nothing new for a day, or `migrations stop`.
    """
    with opened_store() as store:
        account = wanted_connection(store, connection, "source")
        if account.type != ALM:
            raise FailedError(f"{connection} is no connection to ALM")
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
@as_json
def list_runs(json_: bool) -> None:
    """The runs, with the files of each as ALM last told. What it calls error links is shown and never followed."""
    with opened_store() as store:
        runs = [asdict(run) for run in store.migration_runs.all()]
    for run in runs:
        run["jobs"] = json.loads(run["jobs"])
    if json_:
        print_rows(runs, [], json_=True, empty="")
        return
    rows = [
        {**run, "run": f"{run['project_id']}/{run['sprint_id']}/{run['run_id']}", "files": _files(run["jobs"])}
        for run in runs
    ]
    print_rows(rows, ["id", "connection", "run", "state", "files", "said", "asked_at"], json_=False, empty="none")


@migrations.command("stop")
@click.argument("number", type=click.IntRange(1, MAX_NUMBER))
def stop(number: int) -> None:
    """Follow a run no longer, by its number."""
    with opened_store() as store:
        if not store.migration_runs.stop(number, "stopped by an administrator"):
            raise FailedError(f"no run {number} is followed: see `badgerelay migrations list`")
        arrange(store, TASKS)
    click.echo(f"run {number} is stopped")


def _state(store: Store, number: int) -> str:
    run = store.migration_runs.get(number)
    return run.state if run else "gone"


def _print_jobs(store: Store, number: int, last: list[Any]) -> list[Any]:
    """Say what is new of its files."""
    run = store.migration_runs.get(number)
    jobs = json.loads(run.jobs) if run else []
    for job in jobs:
        if job not in last:
            log = f" (ALM names {job['error_log']})" if job["error_log"] else ""
            click.echo(f"  {job['file']}: {job['state']}{log}")
    return list(jobs)


def _files(jobs: list[dict[str, Any]]) -> str:
    return ", ".join(f"{job['file']} {job['state'].lower()}" for job in jobs)
