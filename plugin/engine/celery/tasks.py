"""Celery tasks ``badgerelay.work`` and ``badgerelay.sweep``, for ``badgerelay worker`` or a host's own workers.

A host includes this module in its application, merges ``SCHEDULE`` into its beat schedule, and lets its workers
take ``QUEUE``. The module needs ``badgerelay[celery]``.
"""

from __future__ import annotations

import logging
import threading

from celery import Celery, Task, shared_task

from ...runtime.forks import ForkAware, keep_inherited, notice_fork, watch_forks
from ...runtime.settings import Settings, read_settings
from ...store import open_store
from ..assembly import make_work
from ..lanes import Lane
from ..runs import CALLS_IN_FLIGHT
from .publisher import Publisher
from .queue import QUEUE, CelerySender
from .runner import SWEEP_SECONDS, Runner

__all__ = ["QUEUE", "SCHEDULE", "WorkTask", "runner_of", "sweep", "work"]

EXPIRE_SECONDS = 5.0
"""Seconds after which a message that no worker took is dropped. The sweep has sent another one since."""

SCHEDULE = {
    "badgerelay-sweep": {"task": "badgerelay.sweep", "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS}}
}
"""Entry for ``beat_schedule``: the sweep, which makes up for lost messages."""

WORKER_SPACING_SECONDS = 0.01
"""Seconds between two messages about one lane from a worker. A busy lane needs them to continue."""

log = logging.getLogger("badgerelay.delivery")


class WorkTask(Task, ForkAware):  # type: ignore[misc]  # Celery has no types
    """Task that shares the runner of this process. The runner opens on first use, and again after a fork."""

    abstract = True

    def __init__(self) -> None:
        self._opening = threading.Lock()
        self._opened: Runner | None = None
        watch_forks(self)

    def after_fork_in_child(self) -> None:
        """Leave the runner to the parent."""
        keep_inherited((self._opened,))
        self._opening = threading.Lock()
        self._opened = None

    @property
    def runner(self) -> Runner:
        """The runner of this process.

        :raises SettingsError: when a setting is wrong.
        :raises StoreUnavailableError: when the database does not answer.
        """
        notice_fork()
        return self._opened or self.open(read_settings())

    def open(self, settings: Settings, calls_in_flight: int = CALLS_IN_FLIGHT) -> Runner:
        with self._opening:
            if self._opened is None:
                publisher = Publisher(CelerySender(self.app), spacing=WORKER_SPACING_SECONDS)
                runner = Runner(make_work(open_store(settings)), publisher, calls_in_flight)
                runner.start()
                self._opened = runner
            return self._opened


@shared_task(  # type: ignore[untyped-decorator]  # Celery has no types
    name="badgerelay.work",
    base=WorkTask,
    bind=True,
    queue=QUEUE.name,
    expires=EXPIRE_SECONDS,
    acks_late=True,
    reject_on_worker_lost=True,
    ignore_result=True,
    serializer="json",
)
def work(self: WorkTask, kind: str, name: str) -> None:
    """Run one batch of a lane."""
    if kind not in ("decide", "send", "tend"):
        log.warning("a message of another version is dropped: it asks to %.20r", kind)
        return
    self.runner.run(Lane(kind, name))  # type: ignore[arg-type]  # one of the three kinds, as checked above


@shared_task(  # type: ignore[untyped-decorator]  # as above
    name="badgerelay.sweep", bind=True, queue=QUEUE.name, ignore_result=True, serializer="json"
)
def sweep(self: Task) -> None:
    """Send a message for each lane that is due, unless another process has just done so."""
    runner_of(self.app).sweep()


def runner_of(app: Celery) -> Runner:
    """Return the runner of this process for a Celery application."""
    runner: Runner = app.tasks["badgerelay.work"].runner
    return runner
