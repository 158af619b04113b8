"""Past completions from ALM's learner transcript, or from ``user_course_grade.csv`` of a migration.

https://experienceleague.adobe.com/en/docs/learning-manager/using/admin/learner-transcript-csv names the columns of
the transcript but not their contents: ids and dates are accepted in every unambiguous form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..csvfiles.dates import parse_date
from ..csvfiles.records import Record, read_records
from ..store.backfill.values import LoType

MAX_ID = 255
MAX_EMAIL = 254
MAX_NAME = 1000

_TRANSCRIPT = {
    "user_id": ("userid", "almuserid", "learnerid"),
    "email": ("email", "emailid", "emailaddress", "useremail", "learneremail"),
    "name": ("name", "learnername", "username", "fullname"),
    "type": ("type", "lotype", "learningobjecttype", "trainingtype"),
    "lo_id": ("loid", "almloid", "learningobjectid", "louniqueid", "trainingid", "courseid"),
    "instance_id": ("instanceid", "loinstanceid", "instance"),
    "status": ("status", "completionstatus"),
    "completed_at": ("completiondate", "completiondateutctimezone", "datecompleted", "completeddate", "completedon"),
    "grade": ("grade", "haspassed", "passed", "passfail"),
}
_GRADES = {
    "user_id": ("userid",),
    "lo_id": ("courseid",),
    "completion": ("completion",),
    "success": ("success",),
    "completed_at": ("completiondate",),
    "succeeded_at": ("successdate",),
    "raw": ("scoreraw",),
    "least": ("scoremin",),
    "most": ("scoremax",),
}
_TYPES: dict[str, LoType] = {
    "": "course",
    "course": "course",
    "lp": "learningProgram",
    "learningpath": "learningProgram",
    "learningprogram": "learningProgram",
    "certification": "certification",
    "certificate": "certification",
}
_YES = frozenset({"true", "yes", "y", "1", "pass", "passed", "completed", "complete", "success", "successful"})
_NO = frozenset(
    {"false", "no", "n", "0", "fail", "failed", "incomplete", "notcompleted", "unenrolled", "unsuccessful"}
)
_WORD = re.compile(r"[\W_]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_.-]{0,254}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class TranscriptRow:
    """One line. A field that cannot be read is None, and ``problem`` says why.

    :param user_id: the learner's id in the LMS, if the line has it.
    :param email: lower-cased and trimmed.
    :param lo_id: as the LMS's events have it (``course:8801234``), or as the line has it.
    :param completed: None if the line does not say.
    :param score: 0.0 to 1.0.
    :param problem: the first problem of the line, or None.
    """

    line: int
    user_id: str | None
    email: str | None = field(repr=False)
    lo_type: LoType
    lo_id: str
    instance_id: str | None
    completed: bool | None
    passed: bool | None
    completed_at: datetime | None
    score: float | None = None
    name: str | None = field(default=None, repr=False)
    problem: str | None = None


def read_transcript(lines: Iterable[str]) -> Iterator[TranscriptRow]:
    """Yield the rows of a learner transcript, from a file or from ALM's job. Columns come by name, in any order.

    :raises FileError: the file is not a transcript; some rows may have been yielded by then.
    """
    needed = {
        ("user_id", "email"): "the learner (Email or User ID)",
        ("lo_id",): "the learning object (LO Unique ID)",
        ("status",): "Status",
        ("completed_at",): "Completion Date",
    }
    return map(_transcript_row, read_records(lines, _TRANSCRIPT, needed))


def read_grades(lines: Iterable[str]) -> Iterator[TranscriptRow]:
    """Yield the rows of ``user_course_grade.csv``: one for each module, so that a course may have several.

    Its ``userId`` is an e-mail address.

    :raises FileError: as :func:`read_transcript`.
    """
    needed = {("user_id",): "userId", ("lo_id",): "courseId", ("completion", "success"): "completion or success"}
    return map(_grade_row, read_records(lines, _GRADES, needed))


def _transcript_row(record: Record) -> TranscriptRow:
    said, problems = record.fields, _Problems()
    user_id, email = said.get("user_id", ""), said.get("email", "")
    if _EMAIL.match(user_id):
        user_id, email = "", email or user_id
    status = _word(said.get("status", ""))
    lo_type = _TYPES.get(_word(said.get("type", "")))
    if lo_type is None:
        problems.add(f"its type {said['type'][:40]!r} is not a course, learning path or certification")
        lo_type = "course"
    lo_id = problems.id("learning object", said.get("lo_id", ""), lo_type)
    return TranscriptRow(
        line=record.line,
        user_id=problems.user(user_id),
        email=problems.email(email, user_id),
        lo_type=_type_of(lo_id) or lo_type,
        lo_id=lo_id,
        instance_id=_instance(said.get("instance_id", ""), lo_id),
        completed=status in _YES,
        passed=_yes_or_no(said.get("grade", "")),
        completed_at=problems.date(said.get("completed_at", "")),
        name=said.get("name", "")[:MAX_NAME] or None,
        problem=problems.first,
    )


def _grade_row(record: Record) -> TranscriptRow:
    said, problems = record.fields, _Problems()
    person = said.get("user_id", "")
    user_id, email = ("", person) if _EMAIL.match(person) else (person, "")
    passed = _yes_or_no(said.get("success", ""))
    completed = _yes_or_no(said.get("completion", ""))
    return TranscriptRow(
        line=record.line,
        user_id=problems.user(user_id),
        email=problems.email(email, user_id),
        lo_type="course",
        lo_id=problems.id("course", said.get("lo_id", ""), "course"),
        instance_id=None,
        completed=passed is True if completed is None else completed,
        passed=passed,
        completed_at=problems.date(said.get("completed_at") or said.get("succeeded_at", "")),
        score=_score(said),
        problem=problems.first,
    )


class _Problems:
    """Collects the problems of a line; the first counts."""

    def __init__(self) -> None:
        self.first: str | None = None

    def add(self, problem: str) -> None:
        self.first = self.first or problem

    def user(self, value: str) -> str | None:
        if value and not _ID.match(value):
            self.add("its user id has characters that no id has, or is longer than 255")
            return None
        return value or None

    def email(self, value: str, user_id: str) -> str | None:
        address = value.strip().lower()
        if address and (not _EMAIL.match(address) or len(address) > MAX_EMAIL or not address.isprintable()):
            self.add("its e-mail address is not valid")
            return None
        if not address and not user_id:
            self.add("it names no learner")
        return address or None

    def id(self, what: str, value: str, lo_type: LoType) -> str:
        value = value.replace("learning_program:", "learningProgram:", 1)
        if value.isascii() and value.isdigit():
            value = f"{lo_type}:{value}"
        if not value:
            self.add(f"it names no {what}")
        elif len(value) > MAX_ID or not value.isprintable():
            self.add(f"the id of its {what} is longer than {MAX_ID} characters, or not printable")
            return ""
        return value

    def date(self, value: str) -> datetime | None:
        if not value or value in {"-", "NA", "N/A"}:
            return None
        try:
            return parse_date(value)
        except ValueError as error:
            self.add(f"its completion date {error}")
            return None


def _instance(value: str, lo_id: str) -> str | None:
    """Return the instance's id, or None: a transcript may have the instance's name instead."""
    if value.isascii() and value.isdigit() and lo_id:
        value = f"{lo_id}_{value}"
    value = value.replace("learning_program:", "learningProgram:", 1)
    return value if lo_id and value.startswith(f"{lo_id}_") and len(value) <= MAX_ID and _ID.match(value) else None


def _type_of(lo_id: str) -> LoType | None:
    return _TYPES.get(lo_id.partition(":")[0].lower()) if ":" in lo_id else None


def _word(text: str) -> str:
    return _WORD.sub("", text).lower()


def _yes_or_no(text: str) -> bool | None:
    word = _word(text)
    return True if word in _YES else False if word in _NO else None


def _score(said: Mapping[str, str]) -> float | None:
    try:
        raw, least, most = float(said["raw"]), float(said.get("least") or 0.0), float(said["most"])
    except (KeyError, ValueError):
        return None
    share = (raw - least) / (most - least) if most > least else -1.0
    return share if 0.0 <= share <= 1.0 else None
