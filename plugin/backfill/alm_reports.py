"""ALM's reports for a backfill: the transcript of its time, and the list of all users.

A job's id is stored before the backfill waits for the job, so that an interrupted backfill continues with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

from ..sources.alm.api.background import polling_client
from ..sources.alm.api.client import AlmClient
from ..sources.alm.api.documents import LearnerRecord
from ..sources.alm.api.jobs import JOB_SECONDS, TRANSCRIPT, USERS, report, start_transcript, start_users
from ..sources.alm.api.users_report import read_users
from ..sources.alm.decide.learner_report import JOBS_A_DAY, may_request_report
from ..store import Connection, Store
from .options import BackfillOptions
from .plan import PlanError

ORIGIN = "ALM's learner transcript"
"""The origin of a backfill that has no file."""


def transcript_of(store: Store, connection: Connection, number: int, options: BackfillOptions) -> Iterator[str]:
    """Yield the lines of ALM's transcript for the backfill, for :func:`.transcripts.read_transcript`.

    :param options: has ``since``; the transcript ends now if ``until`` is None.
    :raises AdapterError: as :func:`..sources.alm.api.jobs.report`.
    """
    assert options.since is not None  # the command that starts the backfill checks it
    since, until = (datetime.fromtimestamp(each, UTC) for each in (options.since, options.until or store.now()))
    return _report(store, connection, number, TRANSCRIPT, lambda client: start_transcript(client, since, until))


def users_of(store: Store, connection: Connection, number: int) -> Callable[[], Iterator[LearnerRecord]]:
    """Return a function that yields all users of the account.

    It raises AdapterError as :func:`..sources.alm.api.jobs.report`, and PlanError if the list was requested too often
    today.
    """

    def start(client: AlmClient) -> str:
        if not may_request_report(store, connection.name):
            raise PlanError(f"ALM has made {JOBS_A_DAY} lists of its users within a day")
        return start_users(client)

    return lambda: read_users(_report(store, connection, number, USERS, start))


def _report(
    store: Store, connection: Connection, number: int, kind: str, begin: Callable[[AlmClient], str]
) -> Iterator[str]:
    storage, key = store.storage(connection.name), f"backfill {number}: {kind}"
    with polling_client(store, connection) as client:
        yield from report(
            client,
            kind,
            partial(begin, client),
            time.sleep,
            job_id=storage.get(key),
            started=partial(storage.put, key, seconds=JOB_SECONDS),
        )
