"""Run one due task of a connection: claim it, do it, and keep its outcome."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping

from ....adapters.errors import AdapterError, OverBudgetError, TemporaryError
from ...providers.backoff import backoff
from ...store import Connection, Store, StoreUnavailableError
from ...store.schedule import ScheduledTask
from .periodic_task import Task

FIRST_WAIT_SECONDS = 30.0
LONGEST_WAIT_SECONDS = 900.0
"""Bounds of the wait after a failure, where the interval itself is not longer."""

JITTER = 0.1
"""The part of the interval by which the next run may come earlier or later."""

log = logging.getLogger("badgerelay.schedule")


def tend(store: Store, tasks: Mapping[str, Task], name: str, owner: str) -> bool:
    """Run the task of a connection that has been due longest. Return whether there was one.

    A failed task is tried again, later each time. It leaves the connection's circuit closed: awards do not wait for
    tasks.

    :raises StoreUnavailableError: when the database does not answer; the task is due again when its lease ends.
    """
    due = store.schedule.claim(name, tasks, owner, store.now())
    if due is None:
        return False
    connection = store.connections.get(name)
    if connection is None:
        return False
    outcome, said, wait = _run(store, connection, tasks[due.task], due)
    now = store.now()
    if not store.schedule.settle(due, outcome, said, now + wait, now):
        log.warning("connection %s: %s took so long that another process does it too", name, due.task)
    return True


def _run(store: Store, connection: Connection, task: Task, due: ScheduledTask) -> tuple[str, str, float]:
    """Run a task. Return its state, the outcome in words, and the seconds until its next run."""
    try:
        said = task.run(store, connection)
    except StoreUnavailableError:
        raise
    except OverBudgetError as error:
        return "waits", str(error), max(error.retry_after or 0.0, 1.0) * random.uniform(1.0, 1.5)  # noqa: S311
    except AdapterError as error:
        said = str(error)
        asked = error.retry_after if isinstance(error, TemporaryError) else None
    except Exception as error:
        log.exception("connection %s: %s failed", connection.name, task.name)
        said, asked = f"an unexpected {type(error).__name__} inside badgerelay; the log has it", None
    else:
        log.info("connection %s: %s: %s", connection.name, task.name, said)
        return "done", said, due.every_seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 (spreading load)
    longest = max(due.every_seconds, LONGEST_WAIT_SECONDS)
    wait = backoff(due.attempts, base=FIRST_WAIT_SECONDS, cap=longest, retry_after=asked)
    log.warning("connection %s: %s failed, again in %.0f s: %s", connection.name, task.name, wait, said)
    return "failed", said, wait
