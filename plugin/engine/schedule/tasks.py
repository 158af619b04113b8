"""All periodic tasks. One more is one more line here."""

from __future__ import annotations

from ...providers.template_sync import sync_templates
from ...runtime.durations import number_of
from ...sources.alm.polls.migration_runs import EVERY_SECONDS, SKILLS_TASK, follow_runs
from ...sources.alm.polls.skills import poll_skills
from ...store import Connection, Store
from ...store.policy import skills_every, templates_every
from .periodic_task import Task


def _templates(store: Store, connection: Connection) -> str:
    found = sync_templates(store, connection)
    changed = f", {number_of(len(found.changes), 'change')}" if found.changes else ""
    return f"{found.templates} badge templates{changed}"


def _skills(store: Store, connection: Connection) -> str:
    return str(poll_skills(store, connection))


def _with_runs(store: Store) -> set[str]:
    return {run.connection for run in store.migration_runs.followed()}


TASKS = (
    Task("templates", "provider", templates_every, _templates),
    Task(SKILLS_TASK, "source", skills_every, _skills),
    Task("migrations", "source", lambda _settings: EVERY_SECONDS, follow_runs, only=_with_runs),
)
