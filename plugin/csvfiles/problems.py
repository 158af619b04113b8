"""Problems of files and rows: each with a code, a sentence and a hint."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_SHOWN = 80
"""Maximum characters of a value that a message shows."""

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a value.

    :param code: a stable code for programs.
    :param what: the rest of a sentence that begins with the value, such as ``is not a date``.
    :param hint: the next step for the reader.
    :param column: the faulty column, if the check concerns several columns.
    """

    code: str
    what: str
    hint: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault with its file, line and column.

    :param column: empty if the fault concerns the whole row.
    """

    file: str
    line: int
    column: str
    value: str
    code: str
    message: str
    hint: str


class RefusedFileError(Exception):
    """The file is not read. The message names the file, the fault and the next step."""

    def __init__(self, name: str, code: str, what: str, hint: str) -> None:
        super().__init__(f"{name} is refused ({code}): {what}; {hint}")
        self.code = code
        self.what = what
        self.hint = hint


class DiskError(Exception):
    """A file or the temporary rows could not be read or written. The message says what to check."""


def problem(file: str, line: int, column: str, value: str, fault: Fault) -> Problem:
    """Return the problem of a fault in a file."""
    value, column = shown(value), fault.column or column
    where = f"{file}, line {line}" + (f", column {column}" if column else "")
    said = f"{value!r} {fault.what}" if column else fault.what
    return Problem(file, line, column, value, fault.code, f"{where}: {said}", fault.hint)


def shown(value: str) -> str:
    """Return a value for messages: short, without e-mail addresses, and without bytes that are not text."""
    text = _ADDRESS.sub("…@…", value.encode("utf-8", "backslashreplace").decode())
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
