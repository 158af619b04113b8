"""The counts of events and awards by state: kept for some seconds, counted by a thread of their own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from ..store import Store, StoreUnavailableError
from ..store.counts import StateCount
from .overview import Overview

FRESH_SECONDS = 30.0
"""Seconds that counts are kept before they are counted anew."""

PATIENCE_SECONDS = 0.5
"""Seconds that an answer waits for new counts; then it has the last ones, or none if there are none yet."""

MAX_SOURCES = 100
"""Maximum number of LMS hosts with a label of their own."""

OTHER = "other"
"""Label of sources beyond that, and of accounts that are not connected."""

Key = tuple[str, str]
"""A source or a provider connection, and a state."""

log = logging.getLogger("badgerelay.metrics")


@dataclass(frozen=True, slots=True)
class Counted:
    """:param oldest: when the oldest of these rows came, seconds since the epoch; None where none is open."""

    rows: int
    oldest: float | None


@dataclass(frozen=True, slots=True)
class Counts:
    """:param counted_at: seconds since the epoch."""

    events: dict[Key, Counted]
    awards: dict[Key, Counted]
    counted_at: float


class Counting:
    """Counts when asked and the last counts are old. Starts no thread before."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sources: dict[str, str] = {}
        self._hosts: set[str] = set()
        self._guard = threading.Lock()
        self._done: threading.Event | None = None
        self._kept: Counts | None = None
        self._kept_until = 0.0

    def counts(self, overview: Overview) -> Counts | None:
        """Return the counts, at most some seconds old; None until the first count has ended."""
        with self._guard:
            if time.monotonic() < self._kept_until:
                return self._kept
            if self._done is None:
                self._sources = {each.name: each.source for each in overview.connections}
                self._done = threading.Event()
                threading.Thread(
                    target=self._refresh, args=(self._done,), name="badgerelay-counts", daemon=True
                ).start()
            done = self._done
        done.wait(PATIENCE_SECONDS)
        return self._kept

    def _refresh(self, done: threading.Event) -> None:
        now = self._store.now()
        try:
            events = _together((self._source(*each.owner), each) for each in self._store.state_counts.of_events())
            awards = _together((each.owner[0], each) for each in self._store.state_counts.of_awards())
            self._kept = Counts(events, awards, now)
        except StoreUnavailableError as error:
            log.warning("events and awards were not counted: %s", error)
        except Exception:
            log.exception("events and awards were not counted")
        finally:
            with self._guard:
                self._done = None
                self._kept_until = time.monotonic() + FRESH_SECONDS
            done.set()

    def _source(self, connection: str, source: str) -> str:
        """Return the label of a source."""
        if connection:  # the account is whatever the delivery says: only ours have labels
            return source if self._sources.get(connection) == source else f"{source.partition(':')[0]}:{OTHER}"
        if source not in self._hosts and len(self._hosts) >= MAX_SOURCES:
            return OTHER
        self._hosts.add(source)
        return source


def _together(counts: Iterable[tuple[str, StateCount]]) -> dict[Key, Counted]:
    """Add up the counts of each label and state."""
    found: dict[Key, Counted] = {}
    for label, each in counts:
        before = found.get((label, each.state))
        if before is None:
            found[label, each.state] = Counted(each.rows, each.oldest)
        else:
            oldest = min(filter(None, (before.oldest, each.oldest)), default=None)
            found[label, each.state] = Counted(before.rows + each.rows, oldest)
    return found
