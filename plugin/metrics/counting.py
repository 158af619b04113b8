"""The counts of events and awards: kept for some seconds, counted by a thread of their own."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from ..store import Store, StoreUnavailableError
from ..store.schema.tables import awards, events, history
from .overview import Overview
from .reasons import OTHER, code_label, reason_label
from .tally import Counted, Key, Tally

FRESH_SECONDS = 10.0
"""How old counts may be before they are counted anew."""

PATIENCE_SECONDS = 0.5
"""How long an answer waits for new counts; after that it has the last ones, or none if there are none yet."""

MAX_SOURCES = 100
"""LMS hosts with a label of their own."""

log = logging.getLogger("badgerelay.metrics")


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
        self._events = Tally(store.database, _EVENT, events.c.received_at, history.c.event_id, self._event_key)
        self._awards = Tally(store.database, _AWARD, awards.c.created_at, history.c.award_id, _award_key)
        self._sources: dict[str, str] = {}
        self._hosts: set[str] = set()
        self._guard = threading.Lock()
        self._done: threading.Event | None = None
        self._kept: Counts | None = None
        self._kept_until = 0.0

    def counts(self, overview: Overview) -> Counts | None:
        """The counts, at most some seconds old; None while they are counted for the first time."""
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
            self._events.refresh()
            self._awards.refresh()
            self._kept = Counts(self._events.total(), self._awards.total(), now)
        except StoreUnavailableError as error:
            log.warning("events and awards were not counted: %s", error)
        except Exception:
            log.exception("events and awards were not counted")
        finally:
            with self._guard:
                self._done = None
                self._kept_until = time.monotonic() + FRESH_SECONDS
            done.set()

    def _event_key(self, row: Row[Any]) -> Key:
        return self._source(row), row.state, reason_label(row.said) if row.said else ""

    def _source(self, row: Row[Any]) -> str:
        source = str(row.source)
        if row.connection:  # the account is whatever the delivery says: only ours have labels
            return source if self._sources.get(row.connection) == source else f"{source.partition(':')[0]}:{OTHER}"
        if source not in self._hosts and len(self._hosts) >= MAX_SOURCES:
            return OTHER
        self._hosts.add(source)
        return source


def _said(table: sa.Table, *states: str) -> sa.ColumnElement[Any]:
    """The reason, in the states in which it says something; its beginning is enough for a label."""
    said = sa.func.substr(table.c.reason, 1, 200)
    return sa.case((table.c.state.in_(states), said), else_=sa.null())


_EVENT: list[sa.ColumnElement[Any]] = [
    events.c.connection,
    events.c.source,
    events.c.state,
    _said(events, "ignored", "waiting", "dead").label("said"),
]
_AWARD: list[sa.ColumnElement[Any]] = [
    awards.c.connection,
    awards.c.state,
    _said(awards, "waiting", "dead", "held", "rejected").label("said"),
]


def _award_key(row: Row[Any]) -> Key:
    if not row.said:
        return row.connection, row.state, ""
    return row.connection, row.state, code_label(row.said) if row.state == "rejected" else reason_label(row.said)
