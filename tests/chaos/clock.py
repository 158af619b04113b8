"""The clock of our machine, which can be stepped while its processes run: libfaketime, driven by a file."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

LIBRARY = "libfaketimeMT.so.1"
"""The variant for programs with threads."""

ROOTS = ("/usr/lib", "/usr/lib64", "/usr/local/lib")


def library() -> Path | None:
    """Where libfaketime is; installed from Debian's packages where it is absent and we may."""
    found = _search()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "libfaketime"]
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(install, env=environ, capture_output=True, check=False)
        found = _search()
    return found


def _search() -> Path | None:
    patterns = (f"faketime/{LIBRARY}", f"*/faketime/{LIBRARY}", f"*/{LIBRARY}", LIBRARY)
    return next((path for root in ROOTS for pattern in patterns for path in sorted(Path(root).glob(pattern))), None)


class Clock:
    """:param file: that tells every process how far its clock is off; read again every second."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._library = library()
        self._write(0)

    @property
    def available(self) -> bool:
        return self._library is not None

    @property
    def environ(self) -> dict[str, str]:
        """For the processes whose clock it is. The monotonic clock goes on, as it does on a real machine."""
        if self._library is None:
            return {}
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # It would mend waits by the monotonic clock, which only old C libraries need: each ends at once then, so
            # that Python's threads wrest the interpreter from each other all the time, and everything takes long.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "PYTHONPATH": str(Path(__file__).with_name("sleeping")),
        }

    def step(self, seconds: float) -> None:
        self._write(seconds)

    def _write(self, seconds: float) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+g}\n")
        new.replace(self._file)


def sweep_shared_memory(pids: set[int]) -> None:
    """Remove what libfaketime leaves behind of processes that were killed."""
    for pid in pids:
        for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
            with contextlib.suppress(OSError):
                (Path("/dev/shm") / name).unlink()
