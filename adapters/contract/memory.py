"""Storage and records in memory, for tests of adapters."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence

from ..context import Change, Record


class MemoryStorage:
    """A connection's storage in memory. See :class:`badgerelay.adapters.Storage`."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[str, float | None]] = {}
        self._locked: set[str] = set()
        self._guard = threading.Lock()

    def get(self, key: str) -> str | None:
        with self._guard:
            value, end = self._values.get(key, (None, None))
        return value if end is None or time.time() < end else None

    def put(self, key: str, value: str, *, seconds: float | None = None) -> None:
        with self._guard:
            self._values[key] = (value, None if seconds is None else time.time() + seconds)

    @contextlib.contextmanager
    def lock(self, key: str, *, seconds: float) -> Iterator[bool]:  # noqa: ARG002 (tests are shorter)
        with self._guard:
            mine = key not in self._locked
            self._locked.add(key)
        try:
            yield mine
        finally:
            if mine:
                with self._guard:
                    self._locked.discard(key)


class MemoryRecords:
    """A connection's records in memory. See :class:`badgerelay.adapters.Records`."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], Record] = {}
        self._counters: dict[str, int] = {}
        self._guard = threading.Lock()

    def get(self, kind: str, keys: Sequence[str]) -> dict[str, Record]:
        with self._guard:
            return {key: self._records[kind, key] for key in keys if (kind, key) in self._records}

    def change(self, changes: Sequence[Change]) -> bool:
        with self._guard:
            versions = {key: record.version for key, record in self._records.items()}
            if any(versions.get((each.kind, each.key), 0) != each.version for each in changes):
                return False
            for each in changes:
                record = Record(each.key, each.value, each.version + 1, each.group)
                self._records[each.kind, each.key] = record
            return True

    def listed(self, kind: str, group: str | None = None) -> Iterator[Record]:
        with self._guard:
            found = [record for key, record in sorted(self._records.items()) if key[0] == kind]
        return (record for record in found if group in (None, record.group))

    def versions(self, kind: str, group: str) -> dict[str, int]:
        return {record.key: record.version for record in self.listed(kind, group)}

    def take(self, counter: str, many: int = 1) -> int:
        with self._guard:
            first = self._counters.get(counter, 0)
            self._counters[counter] = first + many
            return first

    def taken(self, counter: str) -> int:
        with self._guard:
            return self._counters.get(counter, 0)
