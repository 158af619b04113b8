"""Opening of CSV files of a known kind, from a path or from a text."""

from __future__ import annotations

import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..csvfiles.problems import RefusedFileError
from ..csvfiles.rows import check_first_bytes, check_size
from .file_kinds import Kind
from .file_specs import KINDS

MAX_BYTES = 500_000_000
"""Maximum bytes of a file, unless the caller says otherwise."""


@dataclass(slots=True)
class CsvFile:
    """An open file of a known kind.

    :param name: the file's name for messages.
    :param path: None for a text that came without a file.
    """

    kind: Kind
    name: str
    stream: BinaryIO
    size: int
    path: Path | None = None

    def close(self) -> None:
        """Close the stream."""
        self.stream.close()


def open_file(path: Path, max_bytes: int = MAX_BYTES, kind: Kind | None = None) -> CsvFile:
    """Open a file.

    :param kind: the file's kind; None takes it from the name.
    :raises RefusedFileError: the file has an unknown name, cannot be opened, or is too large.
    """
    name = path.name if path.name.isprintable() else ascii(path.name)
    if kind is None:
        kind = KINDS.get(path.name.removesuffix(".csv")) if path.name.endswith(".csv") else None
        if kind is None:
            known = ", ".join(each.file for each in KINDS.values())
            raise RefusedFileError(
                name, "unknown_name", "its name is not one of the known names", f"name it one of {known}"
            )
    try:
        # Without O_NONBLOCK, opening a pipe would wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "the path is not valid"
        raise RefusedFileError(name, "unreadable", f"it cannot be opened: {reason}", "check the path") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise RefusedFileError(name, "no_file", "it is not a regular file", "give the CSV itself")
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
    """Return a text that came without a file as a file.

    :raises RefusedFileError: as in :func:`open_file`.
    """
    content = text.encode("utf-8", "surrogatepass")
    check_size(kind.file, len(content), max_bytes)
    check_first_bytes(kind.file, content[:4])
    return CsvFile(kind, kind.file, io.BytesIO(content), len(content))
