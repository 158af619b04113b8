"""Files of a known kind are opened; every other file is refused with a reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from badgerelay.plugin.csv_import.file_specs import KINDS
from badgerelay.plugin.csv_import.open_file import from_text, open_file
from badgerelay.plugin.csvfiles.problems import RefusedFileError
from badgerelay.plugin.csvfiles.rows import Rows

BADGE = KINDS["badge"]


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
def test_another_type_of_file_is_refused_by_its_first_bytes(content: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / "badge.csv").write_bytes(content)
    with pytest.raises(RefusedFileError) as refusal:
        open_file(tmp_path / "badge.csv")
    assert refusal.value.code == code


def test_a_file_over_max_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "badge.csv").write_bytes(b"id,name\n")
    with pytest.raises(RefusedFileError, match="too_large"):
        open_file(tmp_path / "badge.csv", max_bytes=7)


@pytest.mark.parametrize("name", ["Badge.csv", "badge_err.csv", "badges.csv", "badge.txt", "badge"])
def test_a_file_of_another_name_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"id\n")
    with pytest.raises(RefusedFileError, match="unknown_name"):
        open_file(tmp_path / name)


def test_folders_pipes_and_missing_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "badge.csv").mkdir()
    os.mkfifo(tmp_path / "skill.csv")
    for name, code in (("badge.csv", "no_file"), ("skill.csv", "no_file"), ("user_skill.csv", "unreadable")):
        with pytest.raises(RefusedFileError) as refusal:
            open_file(tmp_path / name)
        assert refusal.value.code == code


def test_a_text_with_lone_surrogates_is_a_file_with_bytes_that_are_not_text() -> None:
    file = from_text(BADGE, "id,name\n1,\ud800\n")
    rows = Rows(file.stream, file.name)
    assert [line for line, _ in rows] == [1, 2]
    assert rows.suspicious
