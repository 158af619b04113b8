"""The users' report, requested once for many unknown learners if the account's API takes one id in a call.

One process at a time follows the job, in a thread of its own, so that events with known learners never wait. The
job's id is stored before the first wait: if the process dies, the next one that needs the report continues.
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
from ..api.jobs import JOB_SECONDS, USERS, Job, lines, pauses, read_job, start_users
from ..api.users_report import read_users
from .learner_cache import KIND, keep

MANY = 100
"""Number of unknown learners from which a report is requested; fewer are asked for one by one, 500 in an hour."""

JOBS_A_DAY = 4
"""Maximum number of jobs in a day. ALM does not publish its own limit, so some are left for other applications."""

COOLDOWN_SECONDS = 900.0
"""Seconds between the end of a report and the request of the next."""

REFUSED_SECONDS = 86400.0
"""Seconds without a report after ALM refused one or made one that is not readable. New settings end them."""

MOST = 500_000
"""Maximum number of learners that are taken from one report."""

KEEP_AT_ONCE = 500
LEASE_SECONDS = 60.0
READ_SECONDS = 900.0
"""Seconds after which another process takes the job over from a silent one; more while it downloads the report."""

SETTLE_SECONDS, SETTLE_ROUNDS = 3.0, 20
"""Seconds without a new unknown learner before the report is read, and the maximum number of such waits."""

PAUSE_SECONDS = 15.0
WAIT_SECONDS = (60.0, 600.0)
"""Bounds of the seconds that an event waits for the report. It is released as soon as the report is read."""

RELEASE_AGAIN_SECONDS = (1.0, 5.0, 30.0)
"""Seconds between later releases: a batch may write that its events wait only after the report was read."""

WAITS = "many learners are unknown: the list of all users that ALM is making is waited for"

_JOB, _LEASE, _NOT_NOW = "users_job", "users_job_lease", "users_job_not_now"

log = logging.getLogger("badgerelay.alm")


def may_request_report(store: Store, name: str) -> bool:
    """Count one more users' report of today. Returns whether it is within the daily limit."""
    return RateWindows(store.database, name, store.now).take("users jobs", JOBS_A_DAY, 86400.0) == 0.0


class UsersReport:
    """The users' report of one ALM connection. Its state is in the database, so each batch of events may create one.

    :ivar begun: whether the report was requested for this batch.
    """

    def __init__(
        self, store: Store, name: str, client: AlmClient, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._store = store
        self._name = name
        self._client = client
        self._storage = store.storage(name)
        self._unknown = UnknownLearners(store.database, name, KIND)
        self._sleep = sleep
        self.begun = False

    def waited_for(self, unknown: int) -> AwaitedError | None:
        """Return the answer on learners that wait for a report, or None if they are to be asked for one by one.

        The first call that returns an answer requests the report.

        :param unknown: the number of unknown learners.
        """
        if self._storage.get(_JOB) is None and self._storage.get(_LEASE) is None:
            if unknown < MANY or self._storage.get(_NOT_NOW) is not None:
                return None
            self.begun = True
            log.info("connection %s: %d or more unknown learners: requesting all users", self._name, unknown)
        self._start_following()
        return AwaitedError(WAITS, retry_after=random.uniform(*WAIT_SECONDS))  # noqa: S311 (spreading load)

    def _start_following(self) -> None:
        with self._storage.lock("users_job", seconds=LEASE_SECONDS) as ours:
            if not ours or self._storage.get(_LEASE) is not None:
                return
            if self._storage.get(_JOB) is None and self._storage.get(_NOT_NOW) is not None:
                return  # the job has just ended
            self._storage.put(_LEASE, "taken", seconds=LEASE_SECONDS)
        threading.Thread(target=self._run, name=f"badgerelay users of {self._name}", daemon=True).start()

    def _run(self) -> None:
        try:
            cooldown = self._follow()
        except (AdapterError, StoreUnavailableError) as error:
            # The lease expires by itself: the next attempt follows in a minute.
            log.warning("connection %s: the users' report is late: %s", self._name, error)
        except Exception:
            log.exception("connection %s: following the users' report failed; it is tried again", self._name)
        else:
            self._end(cooldown)

    def _follow(self) -> float:
        """Request the report and read it. Returns the seconds until the next may be requested."""
        try:
            job_id = self._storage.get(_JOB) or self._start()
            if job_id is None:
                return COOLDOWN_SECONDS
            self._read(job_id)
        except UnknownRecordError:
            log.warning("connection %s: ALM no longer knows the job of the users' report", self._name)
        except ForbiddenError as error:
            log.warning("connection %s: %s. Until then learners are asked for one by one", self._name, error)
            return REFUSED_SECONDS
        except (RejectedError, ReportError) as error:
            log.error("connection %s: %s. Learners are asked for one by one", self._name, error)
            return REFUSED_SECONDS
        return COOLDOWN_SECONDS

    def _start(self) -> str | None:
        if not may_request_report(self._store, self._name):
            log.warning(
                "connection %s: ALM has made %d users' reports today; learners are asked for one by one",
                self._name,
                JOBS_A_DAY,
            )
            return None
        job_id = start_users(self._client)
        self._storage.put(_JOB, job_id, seconds=JOB_SECONDS)
        return job_id

    def _read(self, job_id: str) -> None:
        """Read the report into the cache.

        :raises ReportError: ALM failed to make it, or it is not readable, not even through a second link.
        """
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
        """Return the finished job, or None if it took too long or the settings have changed."""
        for pause in pauses():
            if self._storage.get(_JOB) != job_id:
                return None
            try:
                job = read_job(self._client, job_id)
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
        waiting = self._unknown.all(MOST)
        for _ in range(SETTLE_ROUNDS):
            self._pause(SETTLE_SECONDS)
            before, waiting = waiting, self._unknown.all(MOST)
            if waiting <= before:
                return

    def _keep(self, job: Job) -> None:
        cache, found_count = self._store.cache(self._name), 0
        with lines(self._client, job, USERS) as found:
            wanted = self._unknown.all(MOST)
            users = read_users(found, wanted)
            while some := list(islice(users, KEEP_AT_ONCE)):
                found_count += keep(cache, some, self._store.now())
        log.info("connection %s: the users' report has %d of %d learners", self._name, found_count, len(wanted))

    def _pause(self, seconds: float) -> None:
        while seconds > 0:
            self._storage.put(_LEASE, "waits", seconds=LEASE_SECONDS)
            self._sleep(min(seconds, PAUSE_SECONDS))
            seconds -= PAUSE_SECONDS

    def _end(self, cooldown: float) -> None:
        try:
            self._storage.put(_NOT_NOW, "", seconds=cooldown)
            self._storage.put(_JOB, "", seconds=0.0)
            self._storage.put(_LEASE, "", seconds=0.0)
            for pause in RELEASE_AGAIN_SECONDS:
                self._unknown.make_due(WAITS, self._store.now())
                self._sleep(pause)
            self._unknown.make_due(WAITS, self._store.now())
        except StoreUnavailableError as error:
            log.warning("connection %s: the end of the users' report was not stored: %s", self._name, error)
