"""Issuing of a confirmed backfill: past completions go through the inbox like live ones, a few at a time.

The inbox and the ledger have so few of them at once that a live completion waits for at most two batches. Progress is
stored in rows, and each completion's event always has the same id. A process that is killed at any moment continues
from there and stores nothing twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from ..store import HeldReason, Store
from ..store.backfill.progress import AwardKey, EventState, LearnerAward, awards_of_learners, events_by_id
from ..store.backfill.values import PlannedBadge, StateChange
from .origins import BackfillSource, event_id_of

AHEAD = 100
"""Maximum badges of a backfill that are in the inbox or the ledger at once."""

POLL_SECONDS = 0.2
"""Seconds between two looks at the badges that are being issued."""


class Issuer:
    """Issues the badges of one backfill.

    :param note: gets the number of settled badges, and the trouble that delays the others.
    :param sleep: takes seconds.
    """

    def __init__(
        self,
        store: Store,
        number: int,
        source: BackfillSource,
        *,
        note: Callable[[int, str], None] = lambda *_: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._number = number
        self._source = source
        self._note = note
        self._sleep = sleep
        self._settled = 0
        self._names: list[str] = []

    def run(self) -> None:
        """Run until every badge is settled. An engine, in this process or another one, issues them."""
        self._store.backfills.move(self._number, "issuing", self._store.now())
        counts = self._store.planned_badges.counts(self._number)
        self._settled = sum(counts.values()) - sum(counts.get(each, 0) for each in _UNSETTLED)
        providers = {
            name
            for state in ("would", "sent")
            for name, *_ in self._store.planned_badges.targets(self._number, state)
        }
        self._names = sorted({self._source.connection, *providers} - {""})
        while True:
            under_way = self._settle()
            paused, trouble = self._trouble()
            fed = 0 if paused else self._feed(AHEAD - under_way)
            self._note(self._settled, trouble)
            if not (under_way or fed) and not self._next(1):
                break
            self._sleep(POLL_SECONDS)
        self._store.backfills.move(self._number, "done", self._store.now())

    def _next(self, limit: int) -> list[PlannedBadge]:
        return self._store.planned_badges.in_state(self._number, "would", limit=limit)

    def _feed(self, room: int) -> int:
        """Put the next completions into the inbox. Returns the number of their badges."""
        rows = self._next(room) if room > 0 else []
        if rows:
            past = self._store.past_completions.by_ids({row.completion for row in rows})
            self._store.inbox.add([self._source.event(self._number, each) for each in past], self._store.now())
            self._store.planned_badges.mark(StateChange(row.id, "sent") for row in rows)
        return len(rows)

    def _settle(self) -> int:
        """Record the outcomes of the badges under way. Returns the number of those without an outcome."""
        rows = self._store.planned_badges.in_state(self._number, "sent", limit=10 * AHEAD)
        if not rows:
            return 0
        events, awards = self._read({row.completion for row in rows}, {row.learner_id for row in rows})
        ended: list[StateChange] = []
        again: list[StateChange] = []
        for row in rows:
            event = events.get(event_id_of(self._number, row.completion))
            award = awards.get((row.connection, row.learner_id, row.template_id, row.period))
            if event is None:
                again.append(StateChange(row.id, "would"))
            elif event.state in ("received", "waiting"):
                continue
            elif award is None:
                ended.append(StateChange(row.id, "cannot", event.reason))
            elif not (award.open or award.held_for == HeldReason.PAUSE):
                other = None if award.event_id == event.id else f"award {award.id} came of another completion"
                ended.append(StateChange(row.id, award.state, award.reason or other, award.id))
        self._store.planned_badges.mark([*ended, *again])
        self._settled += len(ended)
        return len(rows) - len(ended) - len(again)

    def _read(
        self, completions: Collection[int], learners: Collection[str]
    ) -> tuple[dict[str, EventState], dict[AwardKey, LearnerAward]]:
        event_ids = [event_id_of(self._number, each) for each in completions]
        with self._store.database.read() as transaction:
            events = events_by_id(transaction, self._source.connection, self._source.name, event_ids)
            return events, awards_of_learners(transaction, self._source.name, learners)

    def _trouble(self) -> tuple[bool, str]:
        """Return whether a connection is paused, and the trouble of a connection in words."""
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
