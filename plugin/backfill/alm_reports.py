"""Reports of ALM that a backfill has made: the transcript of its time, and the list of all users.

A job's id is kept before it is waited for, so that a backfill that was interrupted goes on with it.
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
from ..sources.alm.decide.learner_report import JOBS_A_DAY, may_have_made
from ..store import Connection, Store
from .options import Wish
from .plan import PlanError

ORIGIN = "ALM's learner transcript"
"""Of a backfill whose completions come from no file."""


def transcript_of(store: Store, connection: Connection, number: int, wish: Wish) -> Iterator[str]:
    """The lines of the transcript of a backfill's time, for :func:`.transcripts.read_transcript`.

    :param wish: has ``since``; until now where it has no end.
    :raises AdapterError: as :func:`..alm.jobs.report`.
    """
    assert wish.since is not None  # whoever begins the backfill sees to it
    since, until = (datetime.fromtimestamp(each, UTC) for each in (wish.since, wish.until or store.now()))
    return _report(store, connection, number, TRANSCRIPT, lambda client: start_transcript(client, since, until))


def users_of(store: Store, connection: Connection, number: int) -> Callable[[], Iterator[LearnerRecord]]:
    """What gives all users of the account.

    It raises AdapterError as :func:`..alm.jobs.report`, and PlanError where it was asked for too often today.
    """

    def start(client: AlmClient) -> str:
        if not may_have_made(store, connection.name):
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
