"""The services that badgerelay hands to an adapter: storage, records, clock and pacing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol


class Storage(Protocol):
    """A small encrypted store of one connection, shared by all processes: for access tokens and the like."""

    def get(self, key: str) -> str | None:
        """Return the value, or None when it was never stored or has expired."""

    def put(self, key: str, value: str, *, seconds: float | None = None) -> None:
        """Store the value. :param seconds: until it expires; None: never."""

    def lock(self, key: str, *, seconds: float) -> AbstractContextManager[bool]:
        """Take a lock across all processes, or yield False at once if another has it.

        :param seconds: after which the lock ends even if it was not released.
        """


@dataclass(frozen=True, slots=True)
class Record:
    """A stored record. :param version: counts how often it was written, from 1."""

    key: str
    value: str = field(repr=False)
    version: int
    group: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A record to write.

    :param version: the version that the stored record must have now; 0: no such record may exist.
    :param group: a label by which :meth:`Records.listed` filters.
    :param sealed: encrypt the value.
    """

    kind: str
    key: str
    value: str = field(repr=False)
    version: int = 0
    group: str = ""
    sealed: bool = False


class Records(Protocol):
    """Permanent records of one connection, by kind and key. They outlive the connection; all processes share them.

    A kind has up to 32 characters, a key and a group up to 255.

    :raises OSError: any method may raise it when the database does not answer.
    """

    def get(self, kind: str, keys: Sequence[str]) -> dict[str, Record]:
        """Return the records that exist, by key."""

    def change(self, changes: Sequence[Change]) -> bool:
        """Write all changes. Return False, and write none, if a record has another version by now."""

    def listed(self, kind: str, group: str | None = None) -> Iterator[Record]:
        """Yield the records of a kind, or of one group of it, ordered by key; reads them in parts."""

    def versions(self, kind: str, group: str) -> dict[str, int]:
        """Return the version of each record of a group, by key, without reading the values."""

    def take(self, counter: str, many: int = 1) -> int:
        """Reserve ``many`` numbers of a counter that starts at 0, and return the first. No number is given twice."""

    def taken(self, counter: str) -> int:
        """Return how many numbers of a counter have been reserved."""


def unhurried() -> None:
    """Pace requests without a limit."""


@dataclass(frozen=True, slots=True)
class Context:
    """The services of one connection.

    :param connection: the connection's name, for messages.
    :param now: returns seconds since the epoch.
    :param sleep: waits for so many seconds.
    :param pace: call it before each HTTP request. It takes a slot of the connection's rate limit, which all processes
        share, and may sleep for a moment. Do not catch its OverBudgetError.
    :param public_url: the absolute URL under which :meth:`Adapter.public` is served, without a trailing slash;
        empty where the installation has no public URL.
    """

    connection: str
    storage: Storage
    now: Callable[[], float]
    sleep: Callable[[float], None]
    pace: Callable[[], None] = unhurried
    public_url: str = ""
    records: Records | None = field(default=None, repr=False)
