"""Poll of ALM's migration runs, for which ALM has no webhook: each imported file becomes one event."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from .....adapters.errors import AdapterError, OverBudgetError
from ....store import Connection, NewEvent, Store
from ....store.imports.migration_runs import FINISHED, FOLLOWED, MigrationRun
from ..api.background import polling_client
from ..api.client import AlmClient
from ..api.migration_status import Job, RunStatus, parse_status
from ..decide.learning_objects import KINDS
from ..webhook.synthetic_events import csv_imported

EVERY_SECONDS = 60.0
"""Seconds between two polls."""

QUIET_SECONDS = 86400.0
"""Seconds without news from ALM after which a run is not followed any more."""

OVER_QUIET_SECONDS = 900.0
"""The same for a run that has ended in ALM, with jobs in states that badgerelay does not know."""

BADGE_FILES = ("badge", "skill", "skill_level", "course_instance", "learning_program_instance", "certification")
"""Files that may change the badges of learning objects: ALM's earlier answers about these are outdated."""

SKILL_FILES = ("badge", "skill", "skill_level")
"""Files that may bring new skills."""

SKILLS_TASK = "skills"
"""The scheduled task that polls for new skills."""

log = logging.getLogger("badgerelay.alm")


def request_status(store: Store, connection: Connection, project_id: str, sprint_id: str, run_id: str) -> RunStatus:
    """Return the status of a run in ALM.

    :raises AdapterError: ALM does not answer, or has no such run.
    """
    with polling_client(store, connection) as client:
        return _ask(client, project_id, sprint_id, run_id)


def follow_runs(store: Store, connection: Connection) -> str:
    """Ask ALM once for each followed run of the connection. Returns the results in words.

    :raises AdapterError: ALM has answered for no run.
    """
    words: list[str] = []
    answered = False
    failed: AdapterError | None = None
    with polling_client(store, connection) as client:
        for run in store.migration_runs.followed(connection.name):
            try:
                status = _ask(client, run.project_id, run.sprint_id, run.run_id)
            except OverBudgetError:
                raise
            except AdapterError as error:
                failed = error
                words.append(f"{run.name}: {error}")
                store.migration_runs.note_failure(run.id, store.now(), str(error))
                _give_up_if_quiet(store, run, str(error))
            else:
                answered = True
                words.append(f"{run.name}: {take(store, connection, run, status)}")
    if failed is not None and not answered:
        raise failed
    return "; ".join(words) or "no run is followed"


def take(store: Store, connection: Connection, run: MigrationRun, status: RunStatus) -> str:
    """Record the status of a run, and put an event into the inbox for each file that ALM has imported."""
    completed = [job for job in status.jobs if job.completed and job.file]
    before = json.loads(run.jobs)
    fresh = [job for job in completed if job.file not in {each["file"] for each in before if _completed(each)}]
    if completed:  # earlier files too: an event that is there already stays as it is
        store.inbox.add([_event(connection, run, job) for job in completed], store.now())
    if fresh:
        _refresh(store, connection, fresh)
    jobs = [asdict(job) for job in status.jobs]
    said = f"{sum(job.ended for job in status.jobs)} of {len(jobs)} files have ended"
    state, news, now = FINISHED if status.ended else FOLLOWED, jobs != before, store.now()
    if state == FOLLOWED and not news and status.over and now - run.changed_at > OVER_QUIET_SECONDS:
        state, said = FINISHED, f"{said}; ALM says that the run is over"
    store.migration_runs.note(run.id, now, state=state, said=said, jobs=json.dumps(jobs), news=news)
    if state == FOLLOWED and not news:
        _give_up_if_quiet(store, run, said)
    return said


def _ask(client: AlmClient, project_id: str, sprint_id: str, run_id: str) -> RunStatus:
    params = {"migrationProjectId": project_id, "sprintId": sprint_id, "sprintRunId": run_id}
    return parse_status(client.get("/bulkimport/runStatus", params, "the migration run"))


def _completed(job: dict[str, Any]) -> bool:
    return Job(**job).completed


def _event(connection: Connection, run: MigrationRun, job: Job) -> NewEvent:
    details = {"project": run.project_id, "sprint": run.sprint_id, "run": run.run_id, **asdict(job)}
    reason = f"{job.file}.csv was taken in by ALM, in the migration run {run.name}"
    return csv_imported(connection, run.name, job.file, reason, details)


def _refresh(store: Store, connection: Connection, jobs: Sequence[Job]) -> None:
    """Outdate the answers of ALM that these files may have changed."""
    files = {job.file for job in jobs}
    log.info("connection %s: ALM has taken in %s", connection.name, ", ".join(sorted(files)))
    if files & set(BADGE_FILES):
        store.cache(connection.name).outdate(KINDS)
    if files & set(SKILL_FILES):
        store.schedule.call((connection.name, SKILLS_TASK), store.now())


def _give_up_if_quiet(store: Store, run: MigrationRun, said: str) -> None:
    if store.now() - run.changed_at > QUIET_SECONDS:
        log.warning("the migration run %s is followed no longer: nothing new for a day (%s)", run.name, said)
        store.migration_runs.stop(run.id, f"nothing new for a day: {said}")
