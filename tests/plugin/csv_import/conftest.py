from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from badgerelay.plugin.csv_import.file_specs import KINDS
from badgerelay.plugin.csv_import.open_file import from_text
from badgerelay.plugin.csv_import.options import choose_issuers
from badgerelay.plugin.csv_import.result import Outcome
from badgerelay.plugin.csv_import.run import Task, in_order, run
from badgerelay.plugin.csv_import.staging import Staging
from badgerelay.plugin.csvfiles.problems import Problem
from badgerelay.plugin.store import Store

WHEN = "2026-05-02T08:00:00.000Z"
DEFAULTS: dict[str, dict[str, str]] = {
    "badge": {
        "id": "BDG-1",
        "badgeName": "A badge",
        "badgeCreationDate": WHEN,
        "state": "Active",
        "imageUrl": "a.png",
    },
    "skill": {"id": "SK-1", "skillName": "A skill", "skillCreationDate": WHEN, "state": "ACTIVE"},
    "skill_level": {"skillId": "SK-1", "levelId": "1", "maxCredits": "10"},
    "skill_course": {"courseId": "CRS-1", "skillId": "SK-1", "levelId": "1", "credits": "10"},
    "course_instance": {
        "courseId": "CRS-1",
        "instanceId": "INS-1",
        "dateCreated": WHEN,
        "completionDeadline": WHEN,
        "name": "An instance",
        "state": "Active",
    },
    "learning_program_instance": {
        "instanceId": "INS-2",
        "learningProgramId": "LP-1",
        "name": "An instance",
        "dateAdded": WHEN,
        "deadline": WHEN,
        "state": "Active",
    },
    "certification": {
        "id": "CRT-1",
        "certificateName": "A certification",
        "certificationCreationDate": WHEN,
        "daysToComplete": "30",
        "publishedDate": WHEN,
    },
    "user_skill": {"userId": "rosa@example.org", "skillId": "SK-1", "levelId": "1", "achieved": "TRUE"},
    "user_course_grade": {"userId": "rosa@example.org", "courseId": "CRS-1", "moduleId": "M-1"},
}


def text_of(kind: str, *rows: Mapping[str, str]) -> str:
    """A CSV with these rows; what they do not say is right."""
    columns = [column.name for column in KINDS[kind].columns]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="")
    writer.writeheader()
    writer.writerows({**DEFAULTS[kind], **row} for row in rows)
    return stream.getvalue()


Import = Callable[..., tuple[Outcome, list[Problem]]]


@pytest.fixture
def import_texts(store: Store) -> Import:
    """Imports texts by kind, for the LMS host ``lms``; gives what became of it and each problem."""

    def go(files: Mapping[str, str], source: str = "lms", **options: Any) -> tuple[Outcome, list[Problem]]:
        opened = in_order([from_text(KINDS[kind], text) for kind, text in files.items()])
        issuers = choose_issuers(store, (), source) if "badge" in files else None
        with Staging() as staging:
            outcome = run(store, Task(source, issuers, **options), opened, staging)
            return outcome, list(staging.problems())

    return go


def write(folder: Path, **files: str) -> list[str]:
    for kind, text in files.items():
        (folder / f"{kind}.csv").write_text(text, newline="")
    return [str(folder / f"{kind}.csv") for kind in files]
