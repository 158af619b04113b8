"""A CSV as rows with their line numbers, in constant memory, whatever the file holds."""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from ..csvfiles.problems import DiskError, Fault, RefusedFileError
from .file_kinds import KINDS, Kind

MAX_BYTES = 500_000_000
MAX_ROW_BYTES = 1024 * 1024
"""A row that never ends is not to fill the memory."""

UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters but tab and line ends; and what stands for bytes that are no UTF-8."""

_UNPRINTABLE_BYTES = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_FOREIGN = (
    (
        b"PK\x03\x04",
        "zip_file",
        "it is a zip archive (as .xlsx files are)",
        "unpack it, or save the sheet as CSV UTF-8",
    ),
    (b"\x1f\x8b", "gzip_file", "it is compressed with gzip", "unpack it"),
    (b"\xd0\xcf\x11\xe0", "excel_file", "it is an Excel workbook", "save the sheet as CSV UTF-8"),
    (b"\xff\xfe", "utf_16", "it is UTF-16", "save it as CSV UTF-8"),
    (b"\xfe\xff", "utf_16", "it is UTF-16", "save it as CSV UTF-8"),
)
_PAIR = 'look for a quotation mark (") without its pair'

Watch = Callable[[int], object]
"""Told of so many bytes or rows more, to show progress."""


@dataclass(slots=True)
class CsvFile:
    """An open file of a known kind.

    :param name: for messages.
    :param path: where it lies; None for a text that came without a file.
    """

    kind: Kind
    name: str
    stream: BinaryIO
    size: int
    path: Path | None = None

    def close(self) -> None:
        self.stream.close()


def open_file(path: Path, max_bytes: int = MAX_BYTES, kind: Kind | None = None) -> CsvFile:
    """:param kind: when its name need not say it.

    :raises RefusedFileError: it is none of the files that are read, cannot be opened, or is too large.
    """
    name = path.name if path.name.isprintable() else ascii(path.name)
    if kind is None:
        kind = KINDS.get(path.name.removesuffix(".csv")) if path.name.endswith(".csv") else None
        if kind is None:
            known = ", ".join(each.file for each in KINDS.values())
            raise RefusedFileError(name, "unknown_name", "the name says which file it is", f"name it one of {known}")
    try:
        # Without O_NONBLOCK, a pipe would let us wait for somebody who writes into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "the path is none"
        raise RefusedFileError(name, "unreadable", f"it cannot be opened: {reason}", "check the path") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise RefusedFileError(name, "no_file", "it is no regular file", "give the CSV itself")
    stream = io.FileIO(descriptor)
    try:
        check_size(name, status.st_size, max_bytes)
        check_first_bytes(name, stream.read(4))
    except OSError as error:
        stream.close()
        what = f"it cannot be read: {error.strerror}"
        raise RefusedFileError(name, "unreadable", what, "check the file") from None
    except RefusedFileError:
        stream.close()
        raise
    return CsvFile(kind, name, stream, status.st_size, path)


def from_text(kind: Kind, text: str, max_bytes: int = MAX_BYTES) -> CsvFile:
    """A text that came without a file. :raises RefusedFileError: as in :func:`open_file`."""
    content = text.encode("utf-8", "surrogatepass")
    check_size(kind.file, len(content), max_bytes)
    check_first_bytes(kind.file, content[:4])
    return CsvFile(kind, kind.file, io.BytesIO(content), len(content))


def check_size(name: str, size: int, most: int) -> None:
    if size > most:
        what = f"it has {size} bytes, more than the {most} that are allowed"
        raise RefusedFileError(name, "too_large", what, "split it, or give `badgerelay import` a larger --max-bytes")
    if size == 0:
        raise RefusedFileError(name, "empty_file", "it is empty", "the first line has to name the columns")


def check_first_bytes(name: str, first: bytes) -> None:
    for mark, code, what, hint in _FOREIGN:
        if first.startswith(mark):
            raise RefusedFileError(name, code, what, hint)


class Rows:
    """The rows of a file, from its beginning: for each the line that it begins in, and its cells or what is wrong.

    :ivar suspicious: some cell up to here may hold what :data:`UNPRINTABLE` finds.
    :ivar escaped: some cell up to here may begin with an apostrophe.
    """

    def __init__(self, file: CsvFile, watch: Watch = lambda _: None) -> None:
        file.stream.seek(0)
        self._bytes = _Watched(file, watch)

    @property
    def bytes_read(self) -> int:
        return self._bytes.total

    @property
    def suspicious(self) -> bool:
        return self._bytes.suspicious

    @property
    def escaped(self) -> bool:
        return self._bytes.escaped

    def __iter__(self) -> Iterator[tuple[int, list[str] | Fault]]:
        """:raises RefusedFileError: it is no text, or has a row without end. :raises DiskError: it cannot be read."""
        text = io.TextIOWrapper(cast(BinaryIO, self._bytes), "utf-8-sig", errors="surrogateescape", newline="")
        rows = csv.reader(text, strict=True)
        watched, line = self._bytes, 1
        while True:
            try:
                for cells in rows:
                    watched.row_bytes = 0
                    yield line, cells
                    line = rows.line_num + 1
                return
            except csv.Error as error:
                watched.row_bytes = 0
                yield line, _broken(error)
                line = rows.line_num + 1


class _Watched(io.BufferedIOBase):
    """The bytes of a file on their way to the decoder: counted, and looked at for what makes rows suspicious."""

    def __init__(self, file: CsvFile, watch: Watch) -> None:
        self._file = file
        self._watch = watch
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._line = 1
        self.total = 0
        self.row_bytes = 0  # since the last row that was read
        self.suspicious = False
        self.escaped = False

    def readable(self) -> bool:
        return True

    def read1(self, size: int | None = -1, /) -> bytes:
        try:
            data = self._file.stream.read(65536 if size is None or size < 0 else size) or b""
        except OSError as error:
            raise DiskError(
                f"{self._file.name} cannot be read to its end: {error.strerror}; check its disk"
            ) from None
        self._look_at(data)
        self._watch(len(data))
        return data

    def read(self, size: int | None = -1, /) -> bytes:
        return self.read1(size)

    def _look_at(self, data: bytes) -> None:
        self.total += len(data)
        self.row_bytes += len(data)
        if self.row_bytes > MAX_ROW_BYTES:
            what = f"a row has more than {MAX_ROW_BYTES} bytes, before line {self._line + 1}"
            raise RefusedFileError(self._file.name, "endless_row", what, _PAIR)
        if b"\0" in data:
            line = self._line + data[: data.index(b"\0")].count(10)
            raise RefusedFileError(self._file.name, "nul_byte", f"line {line} holds a NUL byte", "is it a CSV?")
        self._line += data.count(10)
        self.escaped = self.escaped or b"'" in data
        if not self.suspicious:
            self.suspicious = bool(_UNPRINTABLE_BYTES.search(data)) or not self._is_text(data)

    def _is_text(self, data: bytes) -> bool:
        try:
            self._decoder.decode(data, final=not data)
        except UnicodeDecodeError:
            return False
        return True


def _broken(error: csv.Error) -> Fault:
    if "field limit" in str(error):
        return Fault("endless_cell", "a cell is too long", _PAIR)
    hint = 'a cell with quotation marks is enclosed in such, and they are doubled: "5 ""inch"" pipe"'
    return Fault("bad_quotes", f"the quotation marks are wrong ({error})", hint)
