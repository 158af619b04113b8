"""The users' report, had made once for many unknown learners, where the account takes one id in a call.

One process at a time looks after it, in a thread of its own, so that events whose learners are known never wait.
The job's id is kept before anything is waited for: when the process dies, the next that would need it goes on.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from itertools import islice

from .....adapters.errors import AdapterError, OverBudgetError, RejectedError
from ....store import Store, StoreUnavailableError
from ....store.connections.rate_windows import RateWindows
from ....store.inbox.unknown_learners import UnknownLearners
from ..api.client import AlmClient
from ..api.errors import AwaitedError, ForbiddenError, ReportError, UnknownRecordError
from ..api.jobs import JOB_SECONDS, USERS, Job, lines, look, pauses, start_users
from ..api.users_report import read_users
from .learner_cache import KIND, keep

MANY = 100
"""So many unknown learners are worth a report; fewer are asked for one by one. An hour allows 500 look-ups."""

JOBS_A_DAY = 4
"""ALM allows so many jobs a day that it does not say how many: we leave some to others."""

REST_SECONDS = 900.0
"""After a report, before the next is had made."""

REFUSED_SECONDS = 86400.0
"""How long no report is tried for after ALM refused one, or made one that cannot be read. New settings end it."""

MOST = 500_000
"""Learners that are taken from one report."""

KEEP_AT_ONCE = 500
LEASE_SECONDS = 60.0
READ_SECONDS = 900.0
"""How long a process that looks after the job may be silent, and one that is downloading, before another does."""

SETTLE_SECONDS, SETTLE_LOOKS = 3.0, 20
"""Events come in floods: a report is read when no further learners came for so long, after so many looks at last."""

PAUSE_SECONDS = 15.0
WAIT_SECONDS = (60.0, 600.0)
"""How long an event waits at most for the report, spread: it is made due when the report is there."""

HASTEN_AGAIN_SECONDS = (1.0, 5.0, 30.0)
"""A batch that was told to wait just before the report was read may write so only after it: it is made due too."""

WAITS = "many learners are unknown: the list of all users that ALM is making is waited for"

_JOB, _LEASE, _NOT_NOW = "users_job", "users_job_lease", "users_job_not_now"

log = logging.getLogger("badgerelay.alm")


def may_have_made(store: Store, name: str) -> bool:
    """Whether ALM may be asked for one more users' report today, which is counted."""
    return RateWindows(store.database, name, store.now).take("users jobs", JOBS_A_DAY, 86400.0) == 0.0


class UsersJob:
    """Of one ALM connection. May be made anew for each batch of events: what it knows is in the database.

    :ivar begun: whether it is this batch for which the report is had made.
    """

    def __init__(
        self, store: Store, name: str, client: AlmClient, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._store = store
        self._name = name
        self._client = client
        self._storage = store.storage(name)
        self._unknown_learners = UnknownLearners(store.database, name, KIND)
        self._sleep = sleep
        self.begun = False

    def waited_for(self, unknown: int) -> AwaitedError | None:
        """What unknown learners are while they should wait for a report; None where they should be asked for.

        The first who is told to wait has the report made.

        :param unknown: how many there are, as far as is known.
        """
        if self._storage.get(_JOB) is None and self._storage.get(_LEASE) is None:
            if unknown < MANY or self._storage.get(_NOT_NOW) is not None:
                return None
            self.begun = True
            log.info("connection %s: %d learners or more are unknown: ALM makes a list of all", self._name, unknown)
        self._look_after_it()
        return AwaitedError(WAITS, retry_after=random.uniform(*WAIT_SECONDS))  # noqa: S311 (spreading load)

    def _look_after_it(self) -> None:
        with self._storage.lock("users_job", seconds=LEASE_SECONDS) as ours:
            if not ours or self._storage.get(_LEASE) is not None:
                return
            if self._storage.get(_JOB) is None and self._storage.get(_NOT_NOW) is not None:
                return  # it has just ended
            self._storage.put(_LEASE, "taken", seconds=LEASE_SECONDS)
        threading.Thread(target=self._run, name=f"badgerelay users of {self._name}", daemon=True).start()

    def _run(self) -> None:
        try:
            rest = self._go_on()
        except (AdapterError, StoreUnavailableError) as error:
            # The lease runs out by itself: it is tried again in a minute.
            log.warning("connection %s: the users' report has to wait: %s", self._name, error)
        except Exception:
            log.exception("connection %s: looking after the users' report failed; it is tried again", self._name)
        else:
            self._end(rest)

    def _go_on(self) -> float:
        """Have the report made and read it; seconds until the next may be had made."""
        try:
            job_id = self._storage.get(_JOB) or self._start()
            if job_id is None:
                return REST_SECONDS
            self._read(job_id)
        except UnknownRecordError:
            log.warning("connection %s: ALM no longer knows the job of its users' report", self._name)
        except ForbiddenError as error:
            log.warning("connection %s: %s. Until then learners are asked for one by one", self._name, error)
            return REFUSED_SECONDS
        except (RejectedError, ReportError) as error:
            log.error("connection %s: %s. Learners are asked for one by one", self._name, error)
            return REFUSED_SECONDS
        return REST_SECONDS

    def _start(self) -> str | None:
        if not may_have_made(self._store, self._name):
            log.warning(
                "connection %s: ALM has made %d users' reports in a day; learners are asked for one by one",
                self._name,
                JOBS_A_DAY,
            )
            return None
        job_id = start_users(self._client)
        self._storage.put(_JOB, job_id, seconds=JOB_SECONDS)
        return job_id

    def _read(self, job_id: str) -> None:
        """:raises ReportError: it failed, or cannot be read, nor with a fresh link."""
        for last in (False, True):
            job = self._done(job_id)
            if job is None:
                return
            self._settle()
            self._storage.put(_LEASE, "reads", seconds=READ_SECONDS)
            try:
                self._keep(job)
            except ReportError:
                if last:
                    raise
            else:
                return

    def _done(self, job_id: str) -> Job | None:
        """The job once it is done; None when it is no longer waited for: it took too long, or settings are new."""
        for pause in pauses():
            if self._storage.get(_JOB) != job_id:
                return None
            try:
                job = look(self._client, job_id)
            except OverBudgetError as error:
                pause = max(pause, min(error.retry_after or 0.0, 600.0))
            else:
                if job.state == "failed":
                    raise ReportError("ALM failed to make the users' report")
                if job.state == "done":
                    return job
            self._pause(pause)
        return None

    def _settle(self) -> None:
        waiting = self._unknown_learners.all(MOST)
        for _ in range(SETTLE_LOOKS):
            self._pause(SETTLE_SECONDS)
            before, waiting = waiting, self._unknown_learners.all(MOST)
            if waiting <= before:
                return

    def _keep(self, job: Job) -> None:
        cache, told = self._store.cache(self._name), 0
        with lines(self._client, job, USERS) as found:
            wanted = self._unknown_learners.all(MOST)
            users = read_users(found, wanted)
            while some := list(islice(users, KEEP_AT_ONCE)):
                told += keep(cache, some, self._store.now())
        log.info("connection %s: the users' report told of %d of %d learners", self._name, told, len(wanted))

    def _pause(self, seconds: float) -> None:
        while seconds > 0:
            self._storage.put(_LEASE, "waits", seconds=LEASE_SECONDS)
            self._sleep(min(seconds, PAUSE_SECONDS))
            seconds -= PAUSE_SECONDS

    def _end(self, rest: float) -> None:
        try:
            self._storage.put(_NOT_NOW, "", seconds=rest)
            self._storage.put(_JOB, "", seconds=0.0)
            self._storage.put(_LEASE, "", seconds=0.0)
            for pause in HASTEN_AGAIN_SECONDS:
                self._unknown_learners.make_due(WAITS, self._store.now())
                self._sleep(pause)
            self._unknown_learners.make_due(WAITS, self._store.now())
        except StoreUnavailableError as error:
            log.warning("connection %s: the end of the users' report was not noted: %s", self._name, error)
