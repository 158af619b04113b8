"""Any bytes end in rows, in faults with their line, or in a refusal that says why."""

from __future__ import annotations

import csv
import errno
import io
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badgerelay.plugin.csvfiles.problems import DiskError, Fault, RefusedFileError
from badgerelay.plugin.csvfiles.rows import MAX_ROW_BYTES, Rows

TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40)


def rows_of(content: bytes) -> list[tuple[int, list[str] | Fault]]:
    return list(Rows(io.BytesIO(content), "badge.csv"))


@given(st.lists(st.lists(TEXT, min_size=1, max_size=6), max_size=30), st.sampled_from(["\r\n", "\n"]), st.booleans())
def test_rows_of_a_csv_writer_are_read_again(rows: list[list[str]], end: str, bom: bool) -> None:
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


def test_a_nul_byte_is_refused_with_its_line() -> None:
    with pytest.raises(RefusedFileError, match="line 2 has a NUL byte"):
        rows_of(b"id,name\n1,a\0b\n")


def test_a_disk_that_fails_in_the_middle_of_a_file_is_reported() -> None:
    class Failing(io.BytesIO):
        calls = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.calls += 1
            if self.calls > 1:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().read(size)

    rows = iter(Rows(Failing(b"id\n" * 50_000), "badge.csv"))
    with pytest.raises(DiskError, match=r"^badge\.csv cannot be read to its end: Input/output error"):
        list(rows)
