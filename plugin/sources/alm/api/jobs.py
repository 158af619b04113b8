"""ALM's jobs, which make reports in their own time: start one, follow it by its id, read its report line by line.

A stored job id outlives the process, so that another process can continue. Adobe documents the answers twice,
differently: ``status`` is a word, or an object with a ``code``; the report's address has had several names.
https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/developer-manual
https://github.com/AdobeDocs/learning-manager.en/blob/main/help/migrated/api-changes-sep-2026.md
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from .....adapters.errors import OverBudgetError, RejectedError, TemporaryError
from .client import AlmClient, segment
from .downloads import lines_of
from .errors import ForbiddenError, ReportError, UnknownRecordError
from .json_api import primary

USERS, TRANSCRIPT = "generateUsers", "generateLearnerTranscript"
REPORTS = {USERS: "the users' report", TRANSCRIPT: "the learner transcript"}

JOB_SECONDS = 6 * 3600.0
"""Seconds after which an unfinished job is given up."""

MAX_FAILURES = 5
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 2.0, 60.0

_DONE = frozenset({"completed", "complete", "success", "successful", "succeeded", "finished", "done"})
_FAILED = frozenset(
    {"failed", "failure", "error", "errored", "aborted", "cancelled", "canceled", "rejected", "expired"}
)
_RUNNING = frozenset(
    {"submitted", "queued", "inprogress", "processing", "running", "started", "pending", "initiated", "scheduled"}
)
_ADDRESS = re.compile(r"(https?:/)?/\S+\Z")
_ADDRESS_KEY = re.compile(r"url|link|href|location|result|report|file|path")
_NOT_OURS = frozenset({"payload", "description", "error"})


@dataclass(frozen=True, slots=True)
class Job:
    """A job's state. :param address: the finished report's address, which needs no credentials."""

    id: str
    state: Literal["running", "done", "failed"]
    address: str | None = field(default=None, repr=False)


def start_users(client: AlmClient) -> str:
    """Start a report of all users of the account. Returns the job's id. :raises AdapterError: as :func:`start`."""
    return start(client, USERS, {"expandMetadata": False})


def start_transcript(client: AlmClient, since: datetime, until: datetime) -> str:
    """Start a transcript of this time. Returns the job's id. :raises AdapterError: as :func:`start`."""
    payload = {"fromDate": _moment(since), "toDate": _moment(until), "includeModuleLevelDetails": "false"}
    return start(client, TRANSCRIPT, payload)


def start(client: AlmClient, kind: str, payload: Mapping[str, Any]) -> str:
    """Start a job. Returns its id.

    :raises ForbiddenError: the application lacks the scope; RejectedError: ALM does not take the job.
    :raises TemporaryError: ALM does not answer, or its answer has an unknown shape.
    """
    attributes = {"description": "badgerelay", "jobType": kind, "payload": dict(payload)}
    try:
        answer = client.post("/jobs", {"data": {"type": "job", "attributes": attributes}}, REPORTS[kind])
    except ForbiddenError:
        raise ForbiddenError(
            f"ALM forbids the request of {REPORTS[kind]} (403): the application needs the scope admin:write, and an "
            "administrator's consent to it",
            setting="refresh_token",
        ) from None
    except UnknownRecordError:
        raise RejectedError("alm_404", "ALM has no jobs (404)") from None
    return str(primary(answer)["id"])


def read_job(client: AlmClient, job_id: str) -> Job:
    """Return the job's present state. :raises UnknownRecordError: ALM has no job of this id."""
    try:
        answer = client.get(f"/jobs/{segment(job_id, 'the job')}", None, "the job")
    except RejectedError:
        raise UnknownRecordError("ALM does not know the job (400)") from None
    attributes = primary(answer).get("attributes")
    attributes = attributes if isinstance(attributes, Mapping) else {}
    status = attributes.get("status")
    word = _word(status.get("code") if isinstance(status, Mapping) else status)
    if word in _FAILED:
        return Job(job_id, "failed")
    address = next(_addresses(attributes), None)
    done = word in _DONE or (address is not None and word not in _RUNNING)
    return Job(job_id, "done", address) if done else Job(job_id, "running")


def lines(client: AlmClient, job: Job, kind: str) -> AbstractContextManager[Iterator[str]]:
    """Open the report of a finished job as the decoded lines of its CSV, with their ends.

    :raises ReportError: the download fails; :func:`read_job` gives a fresh link. The lines may raise it too.
    """
    what = REPORTS[kind]
    if job.address is None:
        raise ReportError(f"ALM does not state the address of {what}")
    return lines_of(client.download(job.address, what), what)


def pauses() -> Iterator[float]:
    """Yield the seconds between two requests of a job's state."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)


def wait_for(client: AlmClient, job_id: str, kind: str, sleep: Callable[[float], None]) -> Job:
    """Wait for a job and return it. Waits out an exhausted rate too.

    :raises ReportError: the job failed, or takes longer than ``JOB_SECONDS``.
    :raises UnknownRecordError: ALM has no job of this id.
    :raises TemporaryError: ALM has not answered ``MAX_FAILURES`` times in a row.
    """
    waited, failures = 0.0, 0
    for pause in pauses():
        try:
            job = read_job(client, job_id)
        except TemporaryError as error:
            failures += not isinstance(error, OverBudgetError)
            if failures >= MAX_FAILURES:
                raise
            pause = max(pause, min(error.retry_after or 0.0, LONGEST_PAUSE_SECONDS * 10))
        else:
            failures = 0
            if job.state == "done":
                return job
            if job.state == "failed":
                raise ReportError(f"ALM failed to make {REPORTS[kind]}")
        if waited >= JOB_SECONDS:
            break
        sleep(pause)
        waited += pause
    raise ReportError(f"ALM has not made {REPORTS[kind]} within {JOB_SECONDS / 3600:.0f} hours")


def report(
    client: AlmClient,
    kind: str,
    begin: Callable[[], str],
    sleep: Callable[[float], None],
    *,
    job_id: str | None = None,
    started: Callable[[str], None] = lambda _: None,
) -> Iterator[str]:
    """Yield the lines of a report as :func:`lines` does; this may take hours.

    :param begin: starts the job and returns its id, such as :func:`start_users`.
    :param job_id: a job that was started before; a new one is started if ALM no longer has it.
    :param started: receives the id before the first wait, to store it.
    :raises AdapterError: as the functions above.
    """
    if job_id is not None:
        try:
            job = wait_for(client, job_id, kind, sleep)
        except UnknownRecordError:
            job_id = None
    if job_id is None:
        job_id = begin()
        started(job_id)
        job = wait_for(client, job_id, kind, sleep)
    with lines(client, job, kind) as found:
        yield from found


def _addresses(value: Any, *, named: bool = False) -> Iterator[str]:
    """Yield possible addresses of the report at any depth; keys that name a download come first."""
    if isinstance(value, str):
        if _ADDRESS.match(value.strip()) and named:
            yield value.strip()
    elif isinstance(value, Mapping):
        items = [(str(key).lower(), each) for key, each in value.items() if key not in _NOT_OURS]
        for key, each in sorted(items, key=lambda item: "download" not in item[0]):
            yield from _addresses(each, named=named or bool(_ADDRESS_KEY.search(key)))
    elif isinstance(value, list):
        for each in value:
            yield from _addresses(each, named=named)


def _word(status: Any) -> str:
    return re.sub(r"[\W_]+", "", status).lower() if isinstance(status, str) else ""


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
