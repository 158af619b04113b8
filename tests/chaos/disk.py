"""A disk of our own that can run full: a small tmpfs where mounting is allowed, else a limit on files."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

MEGABYTES = 1024
CHUNK_BYTES = 1024 * 1024
LIMIT_BYTES = 4096
"""Where mounting is not allowed: the kernel lets nobody write beyond this place of a file."""


class Disk:
    """:ivar folder: what lies on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        options = f"size={MEGABYTES}m,mode=0755"
        command = ["mount", "-t", "tmpfs", "-o", options, "badgerelay-chaos", str(folder)]
        self.mounted = os.geteuid() == 0 and not subprocess.run(command, capture_output=True, check=False).returncode
        self._ballast = folder / "ballast"
        self._limited: list[int] = []

    def fill(self, pids: Callable[[], list[int]]) -> None:
        """:param pids: who is kept from writing where there is no disk of our own to fill."""
        if not self.mounted:
            self._limited = pids()
            self._limit(LIMIT_BYTES)
            return
        with self._ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * CHUNK_BYTES)
        with self._ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 512)

    def free(self) -> None:
        if self.mounted:
            self._ballast.unlink(missing_ok=True)
        else:
            self._limit(resource.RLIM_INFINITY)

    def close(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.folder)], capture_output=True, check=False)

    def _limit(self, size: int) -> None:
        for pid in self._limited:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
