"""The routes of jobs: the users' report and the learner transcript, ready after a configured delay."""

from __future__ import annotations

import gzip
import io
import itertools
import secrets
import threading
import time
import zipfile
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from ..webhook.timestamps import parse_moment
from .knobs import AlmKnobs
from .reports import transcript, users
from .world import World

KINDS = ("generateUsers", "generateLearnerTranscript")


@dataclass(frozen=True, slots=True)
class _Job:
    id: str
    kind: str
    payload: dict[str, Any]
    at: float
    key: str


def job_routes(routes: Blueprint, world: World, knobs: AlmKnobs) -> None:
    """Add ``/jobs`` to the API's routes."""
    jobs: dict[str, _Job] = {}
    numbers, lock = itertools.count(43118), threading.Lock()

    @routes.post("/jobs")
    def create() -> ResponseReturnValue:
        if knobs.jobs == "forbidden":
            return _refused(403, "FORBIDDEN", "Scope admin:write is needed")
        document: Any = request.get_json(force=True, silent=True)
        try:
            attributes = document["data"]["attributes"]
            kind, payload = attributes["jobType"], dict(attributes.get("payload") or {})
            if kind not in KINDS:
                raise ValueError(kind)
            if kind == "generateLearnerTranscript":
                _period(payload)
        except (TypeError, KeyError, ValueError) as error:
            return _refused(400, "BAD_REQUEST", f"Bad request: {error}")
        with lock:
            job = _Job(str(next(numbers)), kind, payload, time.monotonic(), secrets.token_hex(8))
            jobs[job.id] = job
        return jsonify(data=_resource(job, done=False)), 202 if knobs.job_shape == "2026" else 200

    @routes.get("/jobs/<job_id>")
    def job_status(job_id: str) -> ResponseReturnValue:
        job = jobs.get(job_id)
        if job is None or knobs.jobs == "forgotten":
            return _refused(400, "BAD_REQUEST", "OBJECT_DOESNT_EXIST")
        return jsonify(data=_resource(job, done=time.monotonic() >= job.at + knobs.job_seconds))

    @routes.get("/jobs/<job_id>/download")
    def download(job_id: str) -> ResponseReturnValue:
        job = jobs.get(job_id)
        if job is None or request.args.get("key") != job.key:
            return _refused(403, "FORBIDDEN", "the link has expired")
        if knobs.report_at == "redirect" and "moved" not in request.args:
            return redirect(f"{request.url}&moved=1")
        return Response(_packed(_report(job), knobs), mimetype="application/octet-stream")

    def _resource(job: _Job, *, done: bool) -> dict[str, Any]:
        failed = done and knobs.jobs == "failing"
        new = knobs.job_shape == "2026"
        words = ("QUEUED", "COMPLETED", "FAILED") if new else ("Submitted", "Completed", "Failed")
        word = words[2 if failed else 1 if done else 0]
        attributes: dict[str, Any] = {
            "dateCreated": "2026-05-26T06:35:35.000Z",
            "description": "https://example.org/not-this",
            "jobType": job.kind,
            "payload": job.payload,
            "status": word if new else {"code": word},
        }
        if done and not failed and knobs.job_shape != "nowhere":
            address = f"{request.host_url}primeapi/v2/jobs/{job.id}/download?key={job.key}"
            if knobs.job_shape == "elsewhere":
                address = "https://reports.example.com/users.csv"
            attributes |= {"result": {"downloadUrl": address}} if new else {"s3Url": address}
        return {"id": job.id, "type": "job", "attributes": attributes}

    def _report(job: _Job) -> str:
        if job.kind == "generateUsers":
            return users(world, knobs)
        return transcript(world, *_period(job.payload))


def _period(payload: dict[str, Any]) -> tuple[str, str]:
    """Return the first and last date. :raises ValueError: a date is not valid; KeyError: a date is missing."""
    since, until = (parse_moment(payload[key]) for key in ("fromDate", "toDate"))
    if until < since:
        raise ValueError("toDate must be on or after fromDate")
    return since.isoformat(), until.isoformat()


def _packed(text: str, knobs: AlmKnobs) -> bytes:
    content = text.encode()
    if knobs.report_as == "gzip":
        return gzip.compress(content)
    if knobs.report_as == "zip":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("report.csv", content)
        return file.getvalue()
    return content


def _refused(status: int, word: str, info: str) -> ResponseReturnValue:
    return jsonify(status=word, title="Bad request. Check url, params and headers", source={"info": info}), status
