"""The plan of a backfill: the learners and their badges, those who have them, those who cannot get them and why.

A plan issues nothing. The same source decides on past completions and on live events. An interrupted plan continues
where it stopped: nothing is decided twice, and no provider is asked twice about the same badge.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from ..sources.alm.decide.conclude import BUDGET_USED_UP
from ..sources.alm.decide.learner_report import WAITS
from ..sources.decisions import Decision, Dies, Earns, Ignores, Waits
from ..sources.recipients import digest
from ..store import Plan, Store
from ..store.backfill.progress import AwardKey, LearnerAward, awards_of_learners
from ..store.backfill.values import NewBadge, PastCompletion, StateChange
from ..store.inbox.events import unstored
from .existing_badges import Providers, existing
from .learner_ids import AllUsers, LearnerIds
from .options import BackfillOptions
from .origins import BackfillSource

BATCH = 100
"""Maximum completions that are decided together, as for live events."""

FEW = 20
FEW_SECONDS = 600.0
"""Seconds after which a plan gives up on at most :data:`FEW` postponed completions, for a reason of their own."""

IDLE_SECONDS = 4 * 3600.0
"""Seconds without a decision after which a plan ends: ALM's budget is hourly, and its reports may take hours."""

ROUND_SECONDS = 5.0
"""Seconds between two rounds over the undecided completions."""

Note = Callable[[str], None]


class PlanError(Exception):
    """The plan cannot be finished now; `badgerelay backfill resume` continues it later."""


class Planner:
    """Makes the plan of one backfill.

    :param all_users: yields all learners of an ALM account.
    :param note: gets the progress, and the reason for a wait, in words.
    :param sleep: takes seconds.
    """

    def __init__(
        self,
        store: Store,
        number: int,
        source: BackfillSource,
        options: BackfillOptions,
        *,
        all_users: AllUsers = list,
        note: Note = lambda _: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._number = number
        self._source = source
        self._options = options
        self._all_users = all_users
        self._note = note
        self._sleep = sleep
        self._providers = Providers(store, sleep)
        self._done = 0

    def run(self) -> None:
        """Make the plan, or the rest of it.

        :raises PlanError: the plan cannot be finished now.
        :raises AdapterError: a provider does not answer whether a learner has a badge.
        """
        try:
            if not self._source.is_host:
                LearnerIds(self._store, self._number, self._source.connection, self._all_users, self._note).run()
            self._decide_all()
            for name, template_id, count in self._store.planned_badges.targets(self._number, "unasked"):
                self._note(f"asking {name} who of {count:,} has {template_id}")
                self._providers.mark_listed(self._number, name, template_id, self._source.name)
                self._mark_unlisted(name, template_id)
            self._apply_limit()
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
            patient = self._is_unavailable() or reason in (BUDGET_USED_UP, WAITS)
            final = waiting <= FEW and idle > FEW_SECONDS and not patient
            self._note(f"{self._done:,} decided; waiting: {reason}")
            self._sleep(ROUND_SECONDS)

    def _is_unavailable(self) -> bool:
        """Return whether the source's connection answers no request now.

        :raises PlanError: the connection is stopped or removed, until an administrator repairs it.
        """
        if self._source.is_host:
            return False
        connection = self._store.connections.get(self._source.connection)
        if connection is None:
            raise PlanError(f"the connection {self._source.connection!r} was removed")
        if connection.stopped:
            raise PlanError(f"the connection {connection.name!r} is stopped: {connection.trouble}")
        return connection.retry_at > self._store.now()

    def _round(self, *, final: bool) -> tuple[int, int, str]:
        """Decide on the undecided completions.

        :param final: mark postponed completions as ``cannot``.
        :return: the numbers of decided and of postponed completions, and why the last one was postponed.
        """
        decided, waiting, why, after = 0, 0, "", 0
        while True:
            rows = self._store.past_completions.in_state(self._number, "read", after=after, limit=BATCH)
            if not rows:
                return decided, waiting, why
            after = rows[-1].id
            changes, badges, postponed = self._decide(rows)
            if postponed and final:
                changes += postponed
                postponed = []
            self._store.past_completions.record_decisions(changes, badges)
            decided += len(changes)
            waiting += len(postponed)
            why = (postponed[-1].reason or "") if postponed else why
            self._done += len(changes)
            self._note(f"{self._done:,} completions decided")
            if len(postponed) == len(rows):
                return decided, waiting, why  # the source does not answer now: so it is with the others

    def _decide(self, rows: Sequence[PastCompletion]) -> tuple[list[StateChange], list[NewBadge], list[StateChange]]:
        """Return the decisions, the badges that they earn, and the completions that are postponed."""
        now = self._store.now()
        of_row = {row.id: row for row in rows}
        arrived = [unstored(self._source.event(self._number, row), now, number=row.id) for row in rows]
        earning: list[tuple[PastCompletion, Earns]] = []
        changes: list[StateChange] = []
        postponed: list[StateChange] = []
        for portion in self._source.decider.decide(arrived):
            for event, decision in portion:
                row = of_row[event.id]
                refusal = _refusal(row, decision)
                if isinstance(decision, Waits) and not (decision.counts or decision.lane):
                    postponed.append(StateChange(row.id, "cannot", decision.reason))
                elif refusal is not None:
                    changes.append(StateChange(row.id, "cannot", refusal))
                elif isinstance(decision, Earns):
                    changes.append(StateChange(row.id, "earns", decision.how))
                    earning.append((row, decision))
                else:
                    changes.append(StateChange(row.id, "cannot", "it earns nothing by itself"))
        learners = [row.learner_id or "" for row, _ in earning]
        with self._store.database.read() as transaction:
            awards = awards_of_learners(transaction, self._source.name, learners)
        badges = [self._badge(row, plan, awards) for row, decision in earning for plan in decision.plans]
        return changes, badges, postponed

    def _badge(self, row: PastCompletion, plan: Plan, awards: Mapping[AwardKey, LearnerAward]) -> NewBadge:
        learner_id = row.learner_id or ""
        award = awards.get((plan.connection, learner_id, plan.template_id, plan.period))
        if award is not None:
            state, reason = _state_from(award)
        elif refusal := self._providers.refusal(plan.connection, plan.template_id):
            state, reason = "cannot", refusal
        else:
            found = self._providers.find(plan, f"{self._source.name}:{learner_id}")
            state, reason = ("unasked" if found else "would"), ""
            if not isinstance(found, bool):
                state, reason = "has", existing(plan.connection, found)
        return NewBadge(
            backfill=self._number,
            connection=plan.connection,
            completion=row.id,
            learner_id=learner_id,
            template_id=plan.template_id,
            period=plan.period,
            address=digest(plan.recipient["email"] or ""),
            state=state,
            reason=reason or None,
            award_id=award.id if award is not None else None,
        )

    def _mark_unlisted(self, name: str, template_id: str) -> None:
        """Mark the badges that the provider's list does not have: they would be issued."""
        while rows := self._store.planned_badges.unasked(self._number, name, template_id):
            self._store.planned_badges.mark(StateChange(row.id, "would") for row in rows)

    def _apply_limit(self) -> None:
        if self._options.limit is None:
            return
        left, after = self._options.limit, 0
        while rows := self._store.planned_badges.in_state(self._number, "would", after=after):
            self._store.planned_badges.mark(StateChange(row.id, "beyond", "beyond --limit") for row in rows[left:])
            left, after = max(0, left - len(rows)), rows[-1].id


def _state_from(award: LearnerAward) -> tuple[str, str]:
    """Return ``has`` or ``cannot``, and why: the learner has the badge, or a backfill cannot issue it."""
    which = f"award {award.id}"
    match award.state:
        case "held":
            return "cannot", f"{which} is held ({award.reason}): see `badgerelay awards release`"
        case "rejected" | "dead":
            return "cannot", f"{which} is {award.state} ({award.reason}): see `badgerelay awards retry`"
        case "revoked":
            return "cannot", f"{which} was revoked"
        case _:
            return "has", f"{which} is on its way" if award.open else f"{which} is {award.state}"


def _refusal(row: PastCompletion, decision: Decision) -> str | None:
    """Return why a completion earns nothing, or None."""
    match decision:
        case Ignores(reason=reason) | Dies(reason=reason) | Waits(reason=reason):
            return reason
        case Earns(plans=plans):
            if row.address and any(digest(plan.recipient["email"] or "") != row.address for plan in plans):
                return "the learner who had this e-mail address has another one in the LMS now"
    return None
