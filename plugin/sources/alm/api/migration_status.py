"""Parser of the status of a migration run. Pure.

Adobe's printed example is not valid JSON: the key of the list of jobs is unknown, and so are most states. So the list
is found by its content, and a state by the words in it.
https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/migration-manual
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import FailedRequestError

COMPLETED = "COMPLETED"
MAX_TEXT = 500
MAX_JOBS = 1000

_ENDED = ("COMPLETE", "FAIL", "ERROR", "ABORT", "CANCEL", "SKIP", "STOP", "FINISH", "DONE")
_NOT_YET = ("INCOMPLETE", "PARTIAL", "WAIT", "QUEUE", "PROGRESS", "RUN", "PENDING", "START", "NOT_")


@dataclass(frozen=True, slots=True)
class Job:
    """One file of a run.

    :param file: the name without ``.csv``, such as ``badge``. :param state: as ALM writes it; may be empty.
    :param error_csv: a link, as ``error_log``. Links are shown and never followed.
    """

    id: str
    file: str
    state: str
    error_csv: str
    error_log: str
    sequence: int

    @property
    def completed(self) -> bool:
        return self.state.upper() == COMPLETED

    @property
    def ended(self) -> bool:
        """True if the job has ended. A job in an unknown state has not."""
        state = self.state.upper()
        return any(word in state for word in _ENDED) and not any(word in state for word in _NOT_YET)


@dataclass(frozen=True, slots=True)
class RunStatus:
    """The status of a run. :param over: whether ALM names a time at which the run ended."""

    jobs: tuple[Job, ...]
    over: bool

    @property
    def ended(self) -> bool:
        """True if every job has ended."""
        return bool(self.jobs) and all(job.ended for job in self.jobs)


def parse_status(document: Any) -> RunStatus:
    """Return the status in an answer. :raises FailedRequestError: the answer is not an object."""
    if not isinstance(document, Mapping):
        raise FailedRequestError("ALM's answer is not understood: the status of a run is not an object")
    over = False
    jobs: list[Any] | None = None
    looked: deque[tuple[Mapping[str, Any], int]] = deque([(document, 0)])
    while looked:
        part, depth = looked.popleft()
        over = over or _number(part.get("endTime")) > 0
        for value in part.values():
            if isinstance(value, list) and jobs is None and any(_is_job(item) for item in value):
                jobs = value
            elif isinstance(value, Mapping) and depth < 2:
                looked.append((value, depth + 1))
    found = [_job(item) for item in (jobs or [])[:MAX_JOBS] if _is_job(item)]
    return RunStatus(tuple(sorted(found, key=lambda job: (job.sequence, job.file))), over)


def _is_job(item: Any) -> bool:
    fields = _fields(item)
    return "objectName" in fields and "jobState" in fields


def _fields(item: Any) -> Mapping[str, Any]:
    """Return the fields of a job, bare or as a JSON:API resource."""
    if not isinstance(item, Mapping):
        return {}
    attributes = item.get("attributes")
    return {**item, **attributes} if isinstance(attributes, Mapping) else item


def _job(item: Any) -> Job:
    fields = _fields(item)
    return Job(
        id=_text(fields.get("id")),
        file=_text(fields.get("objectName")).strip().removesuffix(".csv"),
        state=_text(fields.get("jobState")).strip(),
        error_csv=_text(fields.get("errorCsvLink")),
        error_log=_text(fields.get("errorLogLink")),
        sequence=_number(fields.get("sequenceNumber")),
    )


def _text(value: Any) -> str:
    """Return the text without characters that terminals or databases do not take."""
    text = str(value)[:MAX_TEXT] if type(value) in (int, str) else ""
    return "".join(character if character.isprintable() else "?" for character in text)


def _number(value: Any) -> int:
    text = str(value).strip() if type(value) in (int, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
