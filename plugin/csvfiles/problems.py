"""What can be wrong with a file or with a row: each with a code of its own, a sentence and a hint."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_SHOWN = 80
"""Characters of a value that a message shows."""

_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a value.

    :param code: stable, for programs.
    :param what: the rest of a sentence that begins with the value: ``is no date``.
    :param hint: what to do.
    :param column: where the check concerns several columns: the one to blame.
    """

    code: str
    what: str
    hint: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault, in its place. :param column: empty where it concerns the whole row."""

    file: str
    line: int
    column: str
    value: str
    code: str
    message: str
    hint: str


class RefusedFileError(Exception):
    """A file that is not read at all; the message names it, what is wrong and what to do."""

    def __init__(self, name: str, code: str, what: str, hint: str) -> None:
        super().__init__(f"{name} is refused ({code}): {what}; {hint}")
        self.code = code
        self.what = what
        self.hint = hint


class DiskError(Exception):
    """A file, or the rows that are kept meanwhile, could not be read or written; the message says what to look at."""


def problem(file: str, line: int, column: str, value: str, fault: Fault) -> Problem:
    value, place = shown(value), fault.column or column
    where = f"{file}, line {line}" + (f", column {place}" if place else "")
    said = f"{value!r} {fault.what}" if place else fault.what
    return Problem(file, line, place, value, fault.code, f"{where}: {said}", fault.hint)


def shown(value: str) -> str:
    """A value for messages: short, without e-mail addresses, and without bytes that were no text."""
    text = _ADDRESS.sub("…@…", value.encode("utf-8", "backslashreplace").decode())
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
