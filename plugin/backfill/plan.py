"""The plan of a backfill: who would get which badge, who has it already, who cannot and why. Nothing is issued.

What a completion earns is decided by the same source as that of a live event. A plan that was interrupted goes on
where it was: what is decided, or asked at the provider, is not decided or asked again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.engine import Row

from ..sources.alm.decide.decide import BUDGET_USED_UP
from ..sources.alm.decide.learner_report import WAITS
from ..sources.decisions import Decision, Dies, Earns, Ignores, Waits
from ..store import Plan, Store
from ..store.schema.tables import backfill_badges as badges
from ..store.schema.tables import backfill_completions as completions
from .addresses import digest
from .existing_badges import Providers, has
from .learner_ids import Everyone, Naming
from .ledger_state import awards_of, verdict
from .options import Wish
from .origins import Party, as_arrived

AT_ONCE = 100
"""Completions that are decided together, as many as live events."""

FEW = 20
FEW_SECONDS = 600.0
"""So few that are put off for so long, for a reason of their own, are given up."""

IDLE_SECONDS = 4 * 3600.0
"""A plan that gets nowhere for so long ends: ALM's budget is one of an hour, its reports may take hours."""

ROUND_SECONDS = 5.0
"""Between two rounds."""

Note = Callable[[str], None]
State = tuple[int, str, str | None]


class PlanError(Exception):
    """The plan cannot be finished now; it can be gone on with later."""


class Planner:
    """:param everyone: gives all learners of an ALM account.
    :param note: told how far it is, and why it waits.
    """

    def __init__(
        self,
        store: Store,
        number: int,
        party: Party,
        wish: Wish,
        *,
        everyone: Everyone = list,
        note: Note = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._number = number
        self._party = party
        self._wish = wish
        self._everyone = everyone
        self._note = note
        self._sleep = sleep
        self._providers = Providers(store, sleep)
        self._done = 0

    def run(self) -> None:
        """:raises PlanError: it cannot be finished now; AdapterError: a provider does not say who has what."""
        try:
            if not self._party.is_host:
                Naming(self._store, self._number, self._party.connection, self._everyone, self._note).run()
            self._decide_all()
            for name, template_id, count in self._store.backfills.targets(self._number, "unasked"):
                self._note(f"asking {name} who of {count:,} has {template_id}")
                self._providers.mark_listed(self._number, name, template_id, self._party.source)
                self._pass_on(name, template_id)
            self._limit()
            self._store.backfills.move(self._number, "planned", self._store.now())
        finally:
            self._providers.close()

    def _decide_all(self) -> None:
        idle_since = self._store.now()
        final = False
        while True:
            decided, waiting, reason = self._round(final=final)
            if not waiting:
                return
            now = self._store.now()
            idle_since = now if decided else idle_since
            idle = now - idle_since
            if idle > IDLE_SECONDS:
                raise PlanError(f"{waiting} completions cannot be decided now: {reason}")
            patient = self._resting() or reason in (BUDGET_USED_UP, WAITS)
            final = waiting <= FEW and idle > FEW_SECONDS and not patient
            self._note(f"{self._done:,} decided; waiting: {reason}")
            self._sleep(ROUND_SECONDS)

    def _resting(self) -> bool:
        """Whether the source as a whole cannot be asked now.

        :raises PlanError: the source cannot be asked until somebody mends it.
        """
        if self._party.is_host:
            return False
        connection = self._store.connections.get(self._party.connection)
        if connection is None:
            raise PlanError(f"the connection {self._party.connection!r} was removed")
        if connection.stopped:
            raise PlanError(f"the connection {connection.name!r} is stopped: {connection.trouble}")
        return connection.retry_at > self._store.now()

    def _round(self, *, final: bool) -> tuple[int, int, str]:
        """Decide on what is undecided; how many were, how many were put off, and why.

        :param final: those that are put off, are given up.
        """
        decided, waiting, why, after = 0, 0, "", 0
        while True:
            rows = self._store.backfills.in_state(self._number, "read", completions.c.id > after, limit=AT_ONCE)
            if not rows:
                return decided, waiting, why
            after = rows[-1].id
            states, planned, put_off = self._portion(rows)
            if put_off and final:
                states += [(row_id, "cannot", reason) for row_id, reason in put_off]
                put_off = []
            self._store.backfills.decided(states, planned)
            decided += len(states)
            waiting += len(put_off)
            why = put_off[-1][1] if put_off else why
            self._done += len(states)
            self._note(f"{self._done:,} completions decided")
            if len(put_off) == len(rows):
                return decided, waiting, why  # whoever decides cannot be asked now: so it is with the others

    def _portion(self, rows: Sequence[Row[Any]]) -> tuple[list[State], list[dict[str, Any]], list[tuple[int, str]]]:
        now = self._store.now()
        of_row = {row.id: row for row in rows}
        arrived = [as_arrived(self._party.event(self._number, row), row.id, now) for row in rows]
        earning: list[tuple[Row[Any], Earns]] = []
        states: list[State] = []
        put_off: list[tuple[int, str]] = []
        for portion in self._party.decider.decide(arrived):
            for event, decision in portion:
                row = of_row[event.id]
                refusal = _refusal(row, decision)
                if isinstance(decision, Waits) and not (decision.counts or decision.lane):
                    put_off.append((row.id, decision.reason))
                elif refusal is not None:
                    states.append((row.id, "cannot", refusal))
                elif isinstance(decision, Earns):
                    states.append((row.id, "earns", decision.how))
                    earning.append((row, decision))
                else:
                    states.append((row.id, "cannot", "it earns nothing by itself"))
        known = awards_of(self._store, self._party.source, [row.learner_id for row, _ in earning])
        planned = [self._badge(row, plan, known) for row, decision in earning for plan in decision.plans]
        return states, planned, put_off

    def _badge(self, row: Row[Any], plan: Plan, known: dict[Any, Row[Any]]) -> dict[str, Any]:
        award = known.get((plan.connection, row.learner_id, plan.template_id, plan.period))
        if award is not None:
            state, reason = verdict(award)
        elif refusal := self._providers.refusal(plan.connection, plan.template_id):
            state, reason = "cannot", refusal
        else:
            found = self._providers.find(plan, f"{self._party.source}:{row.learner_id}")
            state, reason = ("unasked" if found else "would"), ""
            if not isinstance(found, bool):
                state, reason = "has", has(plan.connection, found)
        return {
            "backfill": self._number,
            "connection": plan.connection,
            "completion": row.id,
            "learner_id": row.learner_id,
            "template_id": plan.template_id,
            "period": plan.period,
            "address": digest(plan.recipient["email"] or ""),
            "state": state,
            "reason": reason or None,
            "award_id": award.id if award is not None else None,
        }

    def _pass_on(self, name: str, template_id: str) -> None:
        """What the provider's list does not have, would be issued."""
        mine = [badges.c.connection == name, badges.c.template_id == template_id, badges.c.state == "unasked"]
        while rows := self._store.backfills.badges(self._number, *mine):
            self._store.backfills.mark((row.id, "would", None) for row in rows)

    def _limit(self) -> None:
        if self._wish.limit is None:
            return
        left, after = self._wish.limit, 0
        while rows := self._store.backfills.badges(self._number, badges.c.state == "would", after=after):
            self._store.backfills.mark((row.id, "beyond", "beyond --limit") for row in rows[left:])
            left, after = max(0, left - len(rows)), rows[-1].id


def _refusal(row: Row[Any], decision: Decision) -> str | None:
    """Why a completion gets nothing."""
    match decision:
        case Ignores(reason=reason) | Dies(reason=reason) | Waits(reason=reason):
            return reason
        case Earns(plans=plans):
            if row.address and any(digest(plan.recipient["email"] or "") != row.address for plan in plans):
                return "the learner who had this e-mail address has another one in the LMS now"
    return None
