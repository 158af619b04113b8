"""ALM's jobs: reports that it makes in its own time. Started, looked after by their id, downloaded line by line.

A job's id outlives this process: whoever keeps it goes on where another stopped. Adobe describes the answers twice,
differently: ``status`` is a word, or an object with a ``code``; where the report lies has had several names.
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
from .documents import primary
from .downloads import lines_of
from .errors import ForbiddenError, ReportError, UnknownRecordError

USERS, TRANSCRIPT = "generateUsers", "generateLearnerTranscript"
REPORTS = {USERS: "the users' report", TRANSCRIPT: "the learner transcript"}

JOB_SECONDS = 6 * 3600.0
"""A job that takes longer is given up."""

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
_PLACE = re.compile(r"url|link|href|location|result|report|file|path")
_NOT_OURS = frozenset({"payload", "description", "error"})


@dataclass(frozen=True, slots=True)
class Job:
    """:param address: where the report of one that is done lies; whoever knows it may read it."""

    id: str
    state: Literal["running", "done", "failed"]
    address: str | None = field(default=None, repr=False)


def start_users(client: AlmClient) -> str:
    """Have ALM write down all users of the account; the job's id. :raises AdapterError: as :func:`start`."""
    return start(client, USERS, {"expandMetadata": False})


def start_transcript(client: AlmClient, since: datetime, until: datetime) -> str:
    """Have ALM write down what learners did in this time; the job's id. :raises AdapterError: as :func:`start`."""
    payload = {"fromDate": _moment(since), "toDate": _moment(until), "includeModuleLevelDetails": "false"}
    return start(client, TRANSCRIPT, payload)


def start(client: AlmClient, kind: str, payload: Mapping[str, Any]) -> str:
    """:raises ForbiddenError: the application has not got the scope; RejectedError: ALM does not take the job.
    :raises TemporaryError: ALM does not answer, or not in a way that is understood.
    """
    attributes = {"description": "badgerelay", "jobType": kind, "payload": dict(payload)}
    try:
        answer = client.post("/jobs", {"data": {"type": "job", "attributes": attributes}}, REPORTS[kind])
    except ForbiddenError:
        raise ForbiddenError(
            f"ALM forbids to have {REPORTS[kind]} made (403): the application needs the scope admin:write, and an "
            "administrator's consent to it",
            setting="refresh_token",
        ) from None
    except UnknownRecordError:
        raise RejectedError("alm_404", "ALM has no jobs (404)") from None
    return str(primary(answer)["id"])


def read_job(client: AlmClient, job_id: str) -> Job:
    """How the job stands now. :raises UnknownRecordError: ALM has none of this id."""
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
    """The report of a job that is done: the decoded lines of its CSV, with their ends.

    :raises ReportError: it cannot be had; a look at the job gives a fresh link. The lines may raise it too.
    """
    what = REPORTS[kind]
    if job.address is None:
        raise ReportError(f"ALM does not say where {what} is")
    return lines_of(client.download(job.address, what), what)


def pauses() -> Iterator[float]:
    """Seconds from one look at a job to the next."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)


def wait_for(client: AlmClient, job_id: str, kind: str, sleep: Callable[[float], None]) -> Job:
    """The job once it is done. While ALM's rate is used up, it waits for that.

    :raises ReportError: it failed, or takes longer than ``JOB_SECONDS``; UnknownRecordError: ALM has none of this id.
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
    """The lines of a report, as :func:`lines` gives them; this may take hours.

    :param begin: has the job started, such as :func:`start_users`; gives its id.
    :param job_id: of a job that was started before; it is gone on with, or started anew where ALM no longer has it.
    :param started: told the id before anything is waited for, to be written down.
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
    """What looks like the report's address, wherever it stands; what is named a URL or a link comes first."""
    if isinstance(value, str):
        if _ADDRESS.match(value.strip()) and named:
            yield value.strip()
    elif isinstance(value, Mapping):
        items = [(str(key).lower(), each) for key, each in value.items() if key not in _NOT_OURS]
        for key, each in sorted(items, key=lambda item: "download" not in item[0]):
            yield from _addresses(each, named=named or bool(_PLACE.search(key)))
    elif isinstance(value, list):
        for each in value:
            yield from _addresses(each, named=named)


def _word(status: Any) -> str:
    return re.sub(r"[\W_]+", "", status).lower() if isinstance(status, str) else ""


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
