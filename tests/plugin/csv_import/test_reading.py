"""Files as they come: any bytes end in rows, in faults with their line, or in a refusal that says why."""

from __future__ import annotations

import csv
import errno
import io
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badgerelay.plugin.csv_import.file_kinds import KINDS
from badgerelay.plugin.csv_import.open_file import MAX_ROW_BYTES, CsvFile, Rows, from_text, open_file
from badgerelay.plugin.csvfiles.cells import FORMULA_STARTS, escaped, unescaped
from badgerelay.plugin.csvfiles.problems import DiskError, Fault, RefusedFileError

BADGE = KINDS["badge"]
TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40)


def rows_of(content: bytes) -> list[tuple[int, list[str] | Fault]]:
    return list(Rows(CsvFile(BADGE, "badge.csv", io.BytesIO(content), len(content))))


@given(st.lists(st.lists(TEXT, min_size=1, max_size=6), max_size=30), st.sampled_from(["\r\n", "\n"]), st.booleans())
def test_what_a_csv_writer_wrote_is_read_again(rows: list[list[str]], end: str, bom: bool) -> None:
    stream = io.StringIO()
    csv.writer(stream, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    content = stream.getvalue().encode("utf-8-sig" if bom else "utf-8")
    found = rows_of(content)
    expected = [list(row) for row in rows]
    if rows and not bom:
        expected[0][0] = expected[0][0].removeprefix("\ufeff")
    assert [cells for _, cells in found] == expected


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_any_bytes_end_in_rows_or_in_a_refusal(content: bytes) -> None:
    if b"\0" in content:
        with pytest.raises(RefusedFileError, match="nul_byte"):
            rows_of(content)
        return
    found = rows_of(content)
    lines = [line for line, _ in found]
    assert lines == sorted(set(lines))
    assert all(isinstance(cells, list | Fault) for _, cells in found)


@given(TEXT)
def test_an_escaped_cell_is_no_formula_and_comes_back(cell: str) -> None:
    assert not escaped(cell).startswith(FORMULA_STARTS)
    assert unescaped(escaped(cell)) == cell


def test_a_row_has_the_line_that_it_begins_in() -> None:
    found = rows_of(b'id,name\r\n1,"two\r\nlines"\r\n\r\n2,b\r\n')
    assert found == [(1, ["id", "name"]), (2, ["1", "two\r\nlines"]), (4, []), (5, ["2", "b"])]


def test_wrong_quotes_are_the_fault_of_their_row_alone() -> None:
    found = rows_of(b'id,name\n1,"a"b\n2,c\n3,"open')
    assert [line for line, cells in found if isinstance(cells, Fault)] == [2, 4]
    assert (3, ["2", "c"]) in found


def test_a_quotation_mark_that_is_never_closed_does_not_fill_the_memory() -> None:
    found = rows_of(b'id,name\n1,"' + b"x\n" * 200_000)
    assert isinstance(found[1][1], Fault)
    assert found[1][1].code == "endless_cell"


@pytest.mark.parametrize("row", [b"x" * (MAX_ROW_BYTES + 10_000), b'"a\n",' * 300_000], ids=["line", "cells"])
def test_a_row_without_end_is_refused(row: bytes) -> None:
    with pytest.raises(RefusedFileError, match="endless_row"):
        rows_of(row)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04rest", "zip_file"),
        (b"\x1f\x8b\x08", "gzip_file"),
        (b"\xd0\xcf\x11\xe0", "excel_file"),
        ("id,name\n".encode("utf-16"), "utf_16"),
        (b"", "empty_file"),
    ],
)
def test_what_is_no_csv_is_refused_by_its_first_bytes(content: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / "badge.csv").write_bytes(content)
    with pytest.raises(RefusedFileError) as refusal:
        open_file(tmp_path / "badge.csv")
    assert refusal.value.code == code


def test_a_nul_byte_is_refused_with_its_line() -> None:
    with pytest.raises(RefusedFileError, match="line 2 holds a NUL byte"):
        rows_of(b"id,name\n1,a\0b\n")


def test_a_file_over_max_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "badge.csv").write_bytes(b"id,name\n")
    with pytest.raises(RefusedFileError, match="too_large"):
        open_file(tmp_path / "badge.csv", max_bytes=7)


@pytest.mark.parametrize("name", ["Badge.csv", "badge_err.csv", "badges.csv", "badge.txt", "badge"])
def test_a_file_of_another_name_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"id\n")
    with pytest.raises(RefusedFileError, match="unknown_name"):
        open_file(tmp_path / name)


def test_folders_pipes_and_what_is_not_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / "badge.csv").mkdir()
    os.mkfifo(tmp_path / "skill.csv")
    for name, code in (("badge.csv", "no_file"), ("skill.csv", "no_file"), ("user_skill.csv", "unreadable")):
        with pytest.raises(RefusedFileError) as refusal:
            open_file(tmp_path / name)
        assert refusal.value.code == code


def test_a_text_with_lone_surrogates_is_a_file_with_bytes_that_are_no_text() -> None:
    rows = Rows(from_text(BADGE, "id,name\n1,\ud800\n"))
    assert [line for line, _ in rows] == [1, 2]
    assert rows.suspicious


def test_a_disk_that_fails_in_the_middle_of_a_file_is_told() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().read(size)

    rows = iter(Rows(CsvFile(BADGE, "badge.csv", Failing(b"id\n" * 50_000), 150_000)))
    with pytest.raises(DiskError, match=r"^badge\.csv cannot be read to its end: Input/output error"):
        list(rows)
