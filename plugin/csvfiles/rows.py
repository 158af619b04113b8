"""CSV files as rows with their line numbers, in constant memory for any file."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from .problems import DiskError, Fault, RefusedFileError

MAX_ROW_BYTES = 1024 * 1024
"""Maximum bytes of a row, so that an endless row does not fill the memory."""

UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters except tab and line ends, and the characters that stand for bytes that are not UTF-8."""

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
"""Takes the number of further bytes or rows, to show progress."""


def check_size(name: str, size: int, max_bytes: int) -> None:
    """Check the size of a file. :raises RefusedFileError: the file is empty or too large."""
    if size > max_bytes:
        what = f"it has {size} bytes, more than the {max_bytes} that are allowed"
        raise RefusedFileError(name, "too_large", what, "split it, or give `badgerelay import` a larger --max-bytes")
    if size == 0:
        raise RefusedFileError(name, "empty_file", "it is empty", "the first line has to name the columns")


def check_first_bytes(name: str, first: bytes) -> None:
    """Check the first four bytes. :raises RefusedFileError: they begin another type of file."""
    for mark, code, what, hint in _FOREIGN:
        if first.startswith(mark):
            raise RefusedFileError(name, code, what, hint)


class Rows:
    """The rows of a file, from its beginning: the line where each begins, and its cells or its fault.

    :param stream: the file's bytes.
    :param name: the file's name for messages.
    :ivar bytes_read: the number of bytes up to here.
    :ivar suspicious: whether a cell up to here may contain characters that :data:`UNPRINTABLE` finds.
    :ivar escaped: whether a cell up to here may begin with an apostrophe.
    """

    def __init__(self, stream: BinaryIO, name: str, watch: Watch = lambda _: None) -> None:
        stream.seek(0)
        self._bytes = _Watched(stream, name, watch)

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
        """Yield the rows.

        :raises RefusedFileError: the file is not text, or has an endless row.
        :raises DiskError: the file cannot be read.
        """
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
    """Passes the bytes of a file to the decoder; counts them, and inspects them for suspicious characters."""

    def __init__(self, stream: BinaryIO, name: str, watch: Watch) -> None:
        self._stream = stream
        self._name = name
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
            data = self._stream.read(65536 if size is None or size < 0 else size) or b""
        except OSError as error:
            raise DiskError(f"{self._name} cannot be read to its end: {error.strerror}; check its disk") from None
        self._inspect(data)
        self._watch(len(data))
        return data

    def read(self, size: int | None = -1, /) -> bytes:
        return self.read1(size)

    def _inspect(self, data: bytes) -> None:
        self.total += len(data)
        self.row_bytes += len(data)
        if self.row_bytes > MAX_ROW_BYTES:
            what = f"a row has more than {MAX_ROW_BYTES} bytes, before line {self._line + 1}"
            raise RefusedFileError(self._name, "endless_row", what, _PAIR)
        if b"\0" in data:
            line = self._line + data[: data.index(b"\0")].count(10)
            raise RefusedFileError(
                self._name, "nul_byte", f"line {line} has a NUL byte", "check that the file is a CSV"
            )
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
    hint = 'enclose a cell that has quotation marks in quotation marks, and double those inside: "5 ""inch"" pipe"'
    return Fault("bad_quotes", f"the quotation marks are wrong ({error})", hint)
