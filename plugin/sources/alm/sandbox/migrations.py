"""Migration runs of the sandbox, started and driven under ``/_sandbox/migrations`` and read as in ALM."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from .knobs import AlmKnobs

WAITING, RUNNING, COMPLETED = "WAITING_IN_QUEUE", "IN_PROGRESS", "COMPLETED"
PROJECT, SPRINT = 310, 52001
KEYS = ("migrationProjectId", "sprintId", "sprintRunId")


@dataclass(slots=True)
class Job:
    id: int
    file: str
    state: str = WAITING


@dataclass(slots=True)
class Run:
    number: int
    jobs: list[Job]
    started: float = field(default_factory=time.time)
    ended: float | None = None


class Runs:
    """The migration runs, all of one project and one sprint."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.lock = threading.Lock()
        self._runs: dict[int, Run] = {}

    def start(self, files: list[str]) -> Run:
        with self.lock:
            number = len(self._runs) + 9
            jobs = [Job(700_000 + number * 100 + index, file) for index, file in enumerate(files)]
            run = self._runs[number] = Run(number, jobs)
        return run

    def get(self, number: str) -> Run | None:
        return self._runs.get(int(number)) if number.isascii() and number.isdigit() else None

    def advance(self, run: Run, file: str | None, state: str | None) -> None:
        """Set the state of one job, or of all; without a state each job moves to its next state."""
        with self.lock:
            for job in run.jobs:
                if file in (None, job.file):
                    job.state = state or (RUNNING if job.state == WAITING else COMPLETED)
            ended = all(job.state not in (WAITING, RUNNING) for job in run.jobs)
            run.ended = time.time() if ended else None


def status(run: Run, account: str, knobs: AlmKnobs) -> Any:
    """Return the answer of ``runStatus``, whose real format is not published: see the knob ``run_status``."""
    number: type = str if knobs.run_status == "texts" else int
    jobs: list[Any] = [
        {
            "id": number(job.id),
            "lastHeartbeatTime": number(int(time.time() * 1000)),
            "objectName": job.file,
            "jobState": job.state,
            "errorCsvLink": "",
            "errorLogLink": f"migration/{account}/{PROJECT}/{SPRINT}/{run.number}/{job.file}_err.csv",
            "sequenceNumber": number(index),
        }
        for index, job in enumerate(run.jobs, start=1)
    ]
    answer: dict[str, Any] = {
        "sprintId": number(SPRINT),
        "sprintRunId": number(run.number),
        "migrationProjectId": number(PROJECT),
        "startTime": number(int(run.started * 1000)),
        "endTime": number(int(run.ended * 1000)) if run.ended else None,
    }
    match knobs.run_status:
        case "resources":
            attributes = [{"id": job["id"], "type": "job", "attributes": job} for job in jobs]
            return {"data": attributes, "meta": answer}
        case "wrapped":
            return {"status": "OK", "source": {"info": "Success", "runInfo": {**answer, "jobStatusList": jobs}}}
        case _:
            return {**answer, "jobs": jobs}


def ask_routes(routes: Blueprint, runs: Runs, knobs: AlmKnobs) -> None:
    """Add ``GET /bulkimport/runStatus`` to the API's routes."""

    @routes.get("/bulkimport/runStatus")
    def run_status() -> ResponseReturnValue:
        missing = [key for key in KEYS if not request.args.get(key)]
        if missing:
            return jsonify(status="BAD_REQUEST", title="Missing Param", source={"info": missing[0]}), 400
        asked = [request.args[key] for key in KEYS]
        run = runs.get(asked[2])
        if run is None or asked[:2] != [str(PROJECT), str(SPRINT)]:
            return jsonify(status="NOT_FOUND", title="Not found", source={"info": "sprintRunId"}), 404
        with runs.lock:
            return jsonify(status(run, runs.account, knobs))


def drive_routes(runs: Runs) -> Blueprint:
    """Return the routes that drive runs.

    ``POST /_sandbox/migrations`` with ``{"files": ["badge", ...]}`` starts a run and answers its three ids.
    ``POST /_sandbox/migrations/<run>`` with the optional ``file`` and ``state`` advances it.
    """
    routes = Blueprint("migrations", __name__, url_prefix="/_sandbox/migrations")

    @routes.post("")
    def start() -> ResponseReturnValue:
        body = request.get_json(force=True, silent=True) or {}
        files = body.get("files", ["badge", "skill"]) if isinstance(body, dict) else None
        if not isinstance(files, list) or not all(isinstance(file, str) for file in files):
            return jsonify(error="files: a list of names"), 400
        run = runs.start(files)
        return jsonify(migrationProjectId=str(PROJECT), sprintId=str(SPRINT), sprintRunId=str(run.number)), 201

    @routes.post("/<number>")
    def drive(number: str) -> ResponseReturnValue:
        run = runs.get(number)
        body = request.get_json(force=True, silent=True) or {}
        if run is None or not isinstance(body, dict):
            return jsonify(error="no such run"), 404
        runs.advance(run, body.get("file"), body.get("state"))
        return jsonify(jobs={job.file: job.state for job in run.jobs})

    return routes
