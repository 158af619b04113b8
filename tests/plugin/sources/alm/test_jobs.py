"""Jobs of the sandbox over real HTTP, in every format of ALM's answers."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import requests

from badgerelay.adapters.errors import RejectedError
from badgerelay.plugin.sources.alm.api import downloads
from badgerelay.plugin.sources.alm.api.client import AlmClient
from badgerelay.plugin.sources.alm.api.downloads import allowed, lines_of
from badgerelay.plugin.sources.alm.api.errors import ForbiddenError, ReportError, UnknownRecordError
from badgerelay.plugin.sources.alm.api.jobs import (
    FIRST_PAUSE_SECONDS,
    JOB_SECONDS,
    LONGEST_PAUSE_SECONDS,
    TRANSCRIPT,
    USERS,
    Job,
    lines,
    pauses,
    read_job,
    report,
    start_transcript,
    start_users,
    wait_for,
)

from .conftest import Clock, MemoryStorage

OWN = "https://learningmanager.adobe.com"
DAY = timedelta(days=1)


@pytest.fixture
def connect(
    alm_settings: dict[str, Any], storage: MemoryStorage, clock: Clock, serve_app: Callable[..., str]
) -> Iterator[Callable[..., AlmClient]]:
    made: list[AlmClient] = []

    def make(**knobs: str) -> AlmClient:
        url = serve_app("alm", **{"job_seconds": "0", **knobs})
        made.append(AlmClient({**alm_settings, "host": url}, storage, clock.now, clock.sleep))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.mark.parametrize("shape", ["2026", "code"])
@pytest.mark.parametrize("at", ["host", "redirect"])
@pytest.mark.parametrize("packed", ["csv", "zip", "gzip"])
def test_the_users_report_is_had_made_and_read(
    shape: str, at: str, packed: str, connect: Callable[..., AlmClient]
) -> None:
    client = connect(job_shape=shape, report_at=at, report_as=packed)
    job = read_job(client, start_users(client))
    assert job.state == "done"
    with lines(client, job, USERS) as found:
        rows = list(csv.DictReader(found))
    assert len(rows) == 8
    assert (rows[0]["internalUserID"], rows[0]["userEmail"]) == ("15300721", "rosa.lindqvist@example.org")
    assert job.address is not None
    assert job.address not in repr(job)


def test_a_job_is_polled_less_and_less_often(connect: Callable[..., AlmClient], clock: Clock) -> None:
    client = connect(job_seconds="3600")
    job_id = start_users(client)
    assert read_job(client, job_id) == Job(job_id, "running")
    with pytest.raises(ReportError, match="within 6 hours"):
        wait_for(client, job_id, USERS, clock.sleep)
    assert clock.slept[:2] == [FIRST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 1.5]
    assert clock.slept == sorted(clock.slept)
    assert max(clock.slept) == LONGEST_PAUSE_SECONDS
    assert sum(clock.slept) < JOB_SECONDS + 2 * LONGEST_PAUSE_SECONDS


def test_a_job_that_alm_failed_at_says_so(connect: Callable[..., AlmClient], clock: Clock) -> None:
    client = connect(jobs="failing")
    with pytest.raises(ReportError, match="failed to make the users' report"):
        wait_for(client, start_users(client), USERS, clock.sleep)


def test_without_the_scope_the_message_names_it(connect: Callable[..., AlmClient]) -> None:
    with pytest.raises(ForbiddenError, match="scope admin:write"):
        start_users(connect(jobs="forbidden"))


@pytest.mark.parametrize("job_id", ["1", "../users", ""])
def test_a_job_that_alm_does_not_know_is_said_so(job_id: str, connect: Callable[..., AlmClient]) -> None:
    with pytest.raises(UnknownRecordError):
        read_job(connect(), job_id)


@pytest.mark.parametrize(
    ("shape", "words"), [("nowhere", "does not state the address"), ("elsewhere", "'reports.example.com' .https.")]
)
def test_a_report_without_an_allowed_address_is_not_fetched(
    shape: str, words: str, connect: Callable[..., AlmClient]
) -> None:
    client = connect(job_shape=shape)
    job = read_job(client, start_users(client))
    with pytest.raises(ReportError, match=words), lines(client, job, USERS):
        pass


def test_a_link_that_has_run_out_is_no_wrong_setting(connect: Callable[..., AlmClient]) -> None:
    client = connect()
    job = read_job(client, start_users(client))
    stale = Job(job.id, "done", f"{job.address}0")
    with pytest.raises(ReportError, match="403"), lines(client, stale, USERS):
        pass


@pytest.fixture
def since() -> datetime:
    return datetime.now(UTC) - DAY


def test_the_transcript_has_the_completions_of_the_time(
    connect: Callable[..., AlmClient], alm_settings: dict[str, Any], clock: Clock, since: datetime
) -> None:
    client = connect()
    assert client.check() == "70412"
    host = client._transport.base
    for body in ({}, {"userId": "15300722", "dateCompleted": "2020-02-01T10:00:00.000Z"}):
        requests.post(f"{host}/_sandbox/complete", json=body, timeout=5).raise_for_status()
    begin = partial(start_transcript, client, since, since + 2 * DAY)
    rows = list(csv.DictReader(report(client, TRANSCRIPT, begin, clock.sleep)))
    assert [(row["email"], row["LO Unique ID"], row["Status"]) for row in rows] == [
        ("rosa.lindqvist@example.org", "course:8801234", "Completed")
    ]


def test_a_transcript_goes_on_with_the_job_that_was_started(
    connect: Callable[..., AlmClient], clock: Clock, since: datetime
) -> None:
    client = connect()
    ids: list[str] = []
    begin = partial(start_transcript, client, since, since + DAY)
    fetch = partial(report, client, TRANSCRIPT, begin, clock.sleep, started=ids.append)
    list(fetch())
    (job_id,) = ids
    list(fetch(job_id=job_id))
    assert ids == [job_id]
    list(fetch(job_id="1"))
    assert len(ids) == 2


def test_a_time_that_ends_before_it_begins_is_refused(connect: Callable[..., AlmClient], since: datetime) -> None:
    with pytest.raises(RejectedError):
        start_transcript(connect(), since, since - DAY)


@pytest.mark.parametrize(
    "address",
    [
        f"{OWN}/primeapi/v2/jobs/1/download?key=x",
        "/primeapi/v2/jobs/1/download?key=x",
        "https://prime-reports.s3.amazonaws.com/a.csv?X-Amz-Signature=x",
        "https://s3.amazonaws.com/bucket/a.csv",
        "https://s3.eu-central-1.amazonaws.com/bucket/a.csv",
        "https://s3-us-west-2.amazonaws.com/bucket/a.csv",
        "https://bucket.s3.dualstack.us-east-1.amazonaws.com/a.csv",
        "https://bucket.with.dots.s3.ap-south-1.amazonaws.com:443/a.csv",
        "https://bucket.s3-accelerate.amazonaws.com/a.csv",
    ],
)
def test_reports_come_from_the_account_and_from_amazon_s3(address: str) -> None:
    assert allowed(OWN, address, "it").startswith("https://")


@pytest.mark.parametrize(
    "address",
    [
        "http://prime-reports.s3.amazonaws.com/a.csv",
        "http://learningmanager.adobe.com/a.csv",
        "https://learningmanager.adobe.com:8443/a.csv",
        "https://learningmanager.adobe.com@evil.example/a.csv",
        "https://user@learningmanager.adobe.com/a.csv",
        "https://ec2-1-2-3-4.us-east-1.compute.amazonaws.com/a.csv",
        "https://s3.amazonaws.com.evil.example/a.csv",
        "https://s3.us-east-1.elb.amazonaws.com/a.csv",
        "https://xs3.amazonaws.com/a.csv",
        "https://bucket.s3.amazonaws.com:8443/a.csv",
        "//evil.example/a.csv",
        "http://127.0.0.1:8080/a.csv",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://[",
    ],
)
def test_reports_come_from_nowhere_else(address: str) -> None:
    with pytest.raises(ReportError):
        allowed(OWN, address, "it")


def test_only_an_account_on_this_machine_may_have_reports_on_it() -> None:
    assert allowed("http://127.0.0.1:5000", "http://localhost:6000/a.csv", "it") == "http://localhost:6000/a.csv"


def file_of(content: bytes) -> Any:
    file = tempfile.TemporaryFile()  # noqa: SIM115 (lines_of closes it)
    file.write(content)
    file.seek(0)
    return file


def read(content: bytes) -> list[str]:
    with lines_of(file_of(content), "it") as found:
        return list(found)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lines_keep_their_ends_with_any_byte_order_mark(encoding: str) -> None:
    assert read("Tomás,1\r\nWei,2".encode(encoding)) == ["Tomás,1\r\n", "Wei,2"]


def test_bytes_that_are_no_text_spoil_their_own_line_alone() -> None:
    assert read(b"Tom\xe1s\nWei\n") == ["Tom\ufffds\n", "Wei\n"]


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name in names:
            packed.writestr(name, "a,b\n")
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [zipped("a.csv", "b.csv"), zipped("a.txt"), zipped("a.csv")[:40], gzip.compress(b"a" * 9000)[:40], b"\x1f\x8bxx"],
    ids=["two files", "no CSV", "a zip file cut off", "a gzip file cut off", "no gzip file"],
)
def test_what_is_packed_otherwise_is_said_so(content: bytes) -> None:
    with pytest.raises(ReportError, match="it is"):
        read(content)


def test_a_report_is_of_bounded_size_packed_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MAX_REPORT_BYTES", 1 << 20)
    with pytest.raises(ReportError, match="unpacks to more"):
        read(gzip.compress(b"a,b\n" * (1 << 19)))
    with pytest.raises(ReportError, match="is not a CSV file"):
        read(b"a" * (downloads.MAX_LINE + 2))


def test_pauses_grow() -> None:
    found = [pause for pause, _ in zip(pauses(), range(20), strict=False)]
    assert found == sorted(found)
    assert found[-1] == LONGEST_PAUSE_SECONDS
    assert TRANSCRIPT == "generateLearnerTranscript"
