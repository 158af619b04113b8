"""Transcripts and grades are read as rows, rows with a problem, or refused with one sentence on the file."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgerelay.plugin.backfill.transcripts import TranscriptRow, read_grades, read_transcript
from badgerelay.plugin.csvfiles.records import FileError

from .conftest import HEADER, line

GRADES = (
    "userId,courseId,moduleId,completion,started,success,scoreRaw,scoreMin,scoreMax,duration,"
    "startedDate,successDate,completionDate"
)


def rows(*lines: str, header: str = HEADER) -> list[TranscriptRow]:
    return list(read_transcript(f"{each}\r\n" for each in (header, *lines)))


def test_columns_are_found_by_name_in_any_order_behind_a_byte_order_mark() -> None:
    header = '\ufeff"Completion Date (UTC TimeZone)",Unknown,STATUS,lo unique id,E-mail,Type,"Grade"'
    (row,) = rows('2026-08-24 09:17,"x, y",Completed,8801234,Rosa@Example.org ,Learning Program,Pass', header=header)
    assert row.email == "rosa@example.org"
    assert row.lo_id == "learningProgram:8801234"
    assert (row.lo_type, row.completed, row.passed) == ("learningProgram", True, True)
    assert row.completed_at == datetime(2026, 8, 24, 9, 17, tzinfo=UTC)
    assert row.problem is None


def test_an_instance_is_an_id_a_number_or_a_name_without_meaning() -> None:
    found = [rows(line(instance=each))[0].instance_id for each in ("course:8801234_5", "5", "Spring session", "")]
    assert found == ["course:8801234_5", "course:8801234_5", None, None]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"date": "03/04/2026"}, "which is the month"),
        ({"date": "soon"}, "is not a date"),
        ({"date": "1066-10-14"}, "outside 1970 to 2100"),
        ({"type_": "Job Aid"}, "is not a course"),
        ({"course": ""}, "names no learning object"),
        ({"course": "c" * 300}, "longer than 255"),
        ({"learner": "", "email": ""}, "names no learner"),
        ({"learner": "", "email": "rosa at example"}, "e-mail address is not valid"),
        ({"learner": "=cmd()"}, "user id has characters"),
    ],
)
def test_a_problem_of_a_line_concerns_that_line_alone(changed: dict[str, str], problem: str) -> None:
    bad, good = rows(line(**changed), line())
    assert problem in (bad.problem or "")
    assert (bad.line, good.line, good.problem) == (2, 3, None)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "empty"),
        ("\n", "empty"),
        ("PK\x03\x04 and more\n", "archive"),
        ("Email,Status\n", "no column for the learning object"),
        ("Email,Email,Status,LO ID,Completion Date\n", "there twice"),
        (",".join(["x"] * 10_000) + "\n", "10000 columns"),
        (f"{HEADER}\n\0\n", "NUL"),
        (f'{HEADER}\n"never closed\n', "not a CSV"),
        (f'{HEADER}\n"a"b,1\n', "not a CSV"),
        (f"{HEADER}\n{'x' * 200_000}\n", "line 2"),
        (f"{HEADER}\n{'x' * 600_000}\n", "longer than"),
    ],
)
def test_a_file_that_is_not_a_transcript_is_refused_with_the_line(content: str, sentence: str) -> None:
    with pytest.raises(FileError, match=r"line \d+") as refused:
        list(read_transcript(io.StringIO(content)))
    assert sentence in str(refused.value)


def test_a_file_that_is_not_utf_8_is_refused() -> None:
    file = io.TextIOWrapper(io.BytesIO(f"{HEADER}\n{line(email='josé@example.org')}\n".encode("latin-1")), "utf-8")
    with pytest.raises(FileError, match="not UTF-8"):
        list(read_transcript(file))


def test_grades_pass_by_success_and_complete_by_completion() -> None:
    lines = [
        "rosa@example.org,CRS,M1,TRUE,TRUE,TRUE,8,0,10,3,,,2026-08-24T09:17:00.000Z",
        "rosa@example.org,CRS,M1,TRUE,TRUE,FALSE,2,0,10,3,,,2026-08-24T09:17:00.000Z",
        "rosa@example.org,CRS,M1,FALSE,TRUE,,,,,3,,,",
        "rosa@example.org,7,M1,,TRUE,PASSED,nan,0,inf,3,,2026-08-24T09:17:00.000Z,",
    ]
    found = list(read_grades(f"{each}\n" for each in (GRADES, *lines)))
    assert [(row.completed, row.passed, row.score) for row in found] == [
        (True, True, 0.8),
        (True, False, 0.2),
        (False, None, None),
        (True, True, None),
    ]
    assert [row.lo_id for row in found] == ["CRS", "CRS", "CRS", "course:7"]
    assert found[3].completed_at == datetime(2026, 8, 24, 9, 17, tzinfo=UTC)
    assert {row.email for row in found} == {"rosa@example.org"}


_cells = st.text(max_size=30)


@given(st.lists(st.lists(_cells, max_size=12), max_size=20))
def test_whatever_the_cells_are_each_line_is_a_row(table: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    text.write(HEADER + "\r\n")
    csv.writer(text).writerows(cells for cells in table)
    text.seek(0)
    try:
        found = list(read_transcript(text))
    except FileError as error:
        assert "NUL" in str(error)  # noqa: PT017 (the only reason that such cells can give)
        return
    expected = [cells for cells in table if any(cell.strip() for cell in cells)]
    assert len(found) == len(expected)
    for row in found:
        assert row.problem or row.email or row.user_id
        assert len(row.lo_id) <= 255


@given(st.text(max_size=400))
def test_whatever_the_file_is_it_is_read_or_refused(text: str) -> None:
    try:
        assert all(row.line >= 2 for row in read_transcript(io.StringIO(text, newline="")))
    except FileError as error:
        assert str(error).startswith(("line ", "after line "))  # noqa: PT017 (that is the contract)
