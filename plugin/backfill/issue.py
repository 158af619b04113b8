"""A confirmed backfill, issued: past completions go through the inbox like those of the day, a few ahead at a time.

So few are in the inbox and the ledger at once that a live completion waits for two batches of them at most. How far
it is stands in rows, and each completion's event has an id of its own, the same each time: killed at any moment, it
goes on where it was, and stores nothing twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from ..store import HeldReason, Store
from ..store.schema.tables import backfill_badges as badges
from ..store.schema.tables import events
from .ledger_state import awards_of
from .origins import Party

AHEAD = 100
"""Badges of a backfill that are under way at once."""

POLL_SECONDS = 0.2


class Issuer:
    """:param note: told how many badges are settled, and what holds it up."""

    def __init__(
        self,
        store: Store,
        number: int,
        party: Party,
        *,
        note: Callable[[int, str], None] = lambda *_: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._number = number
        self._party = party
        self._note = note
        self._sleep = sleep
        self._settled = 0
        self._names: list[str] = []

    def run(self) -> None:
        """Until everything is settled. Somebody else does the work: an engine in this process or elsewhere."""
        self._store.backfills.move(self._number, "issuing", self._store.now())
        counts = self._store.backfills.counts(self._number)
        self._settled = sum(counts.values()) - sum(counts.get(each, 0) for each in _UNSETTLED)
        providers = {
            name for state in ("would", "sent") for name, *_ in self._store.backfills.targets(self._number, state)
        }
        self._names = sorted({self._party.connection, *providers} - {""})
        while True:
            under_way = self._settle()
            paused, trouble = self._trouble()
            fed = 0 if paused else self._feed(AHEAD - under_way)
            self._note(self._settled, trouble)
            if not (under_way or fed) and not self._next(1):
                break
            self._sleep(POLL_SECONDS)
        self._store.backfills.move(self._number, "done", self._store.now())

    def _next(self, most: int) -> list[Row[Any]]:
        return self._store.backfills.badges(self._number, badges.c.state == "would", limit=most)

    def _feed(self, room: int) -> int:
        """Bring the next completions in; for how many badges."""
        rows = self._next(room) if room > 0 else []
        if rows:
            past = self._store.backfills.completions({row.completion for row in rows})
            self._store.inbox.add([self._party.event(self._number, row) for row in past], self._store.now())
            self._store.backfills.mark((row.id, "sent", None) for row in rows)
        return len(rows)

    def _settle(self) -> int:
        """Write down what has come of those under way; how many still are."""
        rows = self._store.backfills.badges(self._number, badges.c.state == "sent", limit=10 * AHEAD)
        if not rows:
            return 0
        of_event = self._events(sorted({row.completion for row in rows}))
        known = awards_of(self._store, self._party.source, [row.learner_id for row in rows])
        ends: list[tuple[int, str, str | None]] = []
        again: list[tuple[int, str, str | None]] = []
        numbers: dict[int, int] = {}
        for row in rows:
            event = of_event.get(row.completion)
            award = known.get((row.connection, row.learner_id, row.template_id, row.period))
            if event is None:
                again.append((row.id, "would", None))
                continue
            if event.state in ("received", "waiting"):
                continue
            if award is None:
                ends.append((row.id, "cannot", event.reason))
            elif not (award.open or award.held_for == HeldReason.PAUSE):
                elsewhere = None if award.event_id == event.id else f"award {award.id} came of another completion"
                ends.append((row.id, award.state, award.reason or elsewhere))
                numbers[row.id] = award.id
        self._store.backfills.mark([*ends, *again], numbers)
        self._settled += len(ends)
        return len(rows) - len(ends) - len(again)

    def _events(self, past: Sequence[int]) -> dict[int, Row[Any]]:
        names = {f"backfill:{self._number}:{number}": number for number in past}
        query: sa.Select[Any] = sa.select(events.c.id, events.c.event_id, events.c.state, events.c.reason).where(
            events.c.connection == self._party.connection,
            events.c.source == self._party.source,
            events.c.event_id.in_(names),
        )
        with self._store.database.read() as transaction:
            return {names[row.event_id]: row for row in transaction.execute(query)}

    def _trouble(self) -> tuple[bool, str]:
        """Whether a pause holds everything up, and what to tell of that or of a connection that does not work."""
        trouble = ""
        for name in self._names:
            connection = self._store.connections.get(name)
            if connection is None:
                trouble = f"the connection {name!r} is gone"
            elif connection.paused:
                return True, f"{name} is paused"
            elif connection.trouble:
                trouble = f"{name}: {connection.trouble}"
        return False, trouble


_UNSETTLED = ("has", "cannot", "beyond", "unasked", "would", "sent", "learners")
