"""A million rows of grades through `badgerelay import`: how many a second, and how much memory the process takes."""

from __future__ import annotations

import csv
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .processes import CHECKOUT, badgerelay, call, environment, new_home
from .services import MissingServiceError, postgresql
from .table import Figure

ROWS, QUICK_ROWS = 1_000_000, 200_000
RUNS = 3


def measure(*, quick: bool) -> list[Figure]:
    rows = QUICK_ROWS if quick else ROWS
    runs = 1 if quick else RUNS
    figures = _measure("SQLite", rows, runs, {}, "imports.sqlite")
    try:
        with postgresql() as url:
            figures += _measure("PostgreSQL", rows, runs, {"BADGERELAY_DATABASE_URL": url}, "imports.postgresql")
    except MissingServiceError as error:
        print(f"imports: PostgreSQL is left out: {error}")
    return figures


def _measure(name: str, rows: int, runs: int, extra: Mapping[str, str], key: str) -> list[Figure]:
    dry: list[_Taken] = []
    wet: list[_Taken] = []
    again: list[_Taken] = []
    for run in range(runs):
        with new_home() as home:
            call(badgerelay("db", "upgrade"), home, extra)
            file = home / "user_course_grade.csv"
            _write_grades(file, rows)
            source = ("--source", f"lms-{run}")
            for taken, options in ((dry, ("--dry-run",)), (wet, ()), (again, ())):
                taken.append(_import(home, extra, str(file), *source, *options))
    most = max(each.megabytes for each in (*dry, *wet, *again))
    return [
        Figure(f"import of {rows:,} rows, {name}: dry run", "rows/s", tuple(rows / each.seconds for each in dry)),
        Figure(
            *("  every check, and written", "rows/s", tuple(rows / each.seconds for each in wet)),
            *(50_000, "above", key),
        ),
        Figure("  the same, by its own CPU time", "rows/s", tuple(rows / each.cpu_seconds for each in wet)),
        Figure("  once more, nothing new", "rows/s", tuple(rows / each.seconds for each in again)),
        Figure("  memory of the whole process, at most", "MB", (most,), 150),
    ]


@dataclass(frozen=True, slots=True)
class _Taken:
    """:param seconds: from start to end. :param megabytes: the most memory that the process had."""

    seconds: float
    cpu_seconds: float
    megabytes: float


def _import(home: Path, extra: Mapping[str, str], *arguments: str) -> _Taken:
    begin = time.perf_counter()
    process = subprocess.Popen(
        badgerelay("import", *arguments), cwd=CHECKOUT, env=environment(home, extra), stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"badgerelay import exits with {process.returncode}")
    return _Taken(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)


def _write_grades(file: Path, rows: int) -> None:
    columns = "userId,courseId,moduleId,completion,started,success,scoreRaw,scoreMin,scoreMax,duration"
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*columns.split(","), "startedDate", "successDate", "completionDate"])
        for number in range(rows):
            day, minute, second = number % 28 + 1, number // 60 % 60, number % 60
            when = f"2026-{number % 12 + 1:02d}-{day:02d}T{number // 3600 % 24:02d}:{minute:02d}:{second:02d}.000Z"
            user, course = f"learner.{number // 50}@example.org", f"CRS-{number % 50}"
            writer.writerow(
                [user, course, "M-1", "TRUE", "TRUE", "TRUE", number % 101, 0, 100, number % 7200, when, when, when]
            )
