"""One batch of ALM's completions: first what is known from earlier answers, then one look-up after the other."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .....adapters.errors import OverBudgetError, RejectedError, TemporaryError
from ....delivery.outcomes import PROBE_SECONDS
from ....providers.backoff import backoff
from ....store import Connection, InboxEvent, Plan, Store
from ....store.answer_cache import Cache
from ...decisions import Decided, Decision, Dies, Earns, Ignores, Waits
from ...recipients import split_name
from ..api.client import AlmClient
from ..api.errors import FailedRequestError, UnknownRecordError
from ..webhook.decoder import DeliveredEvent
from .earned import Weighed, Weighing
from .learners import LEARNERS_AT_ONCE, People, Person
from .learning_objects import Facts, Found, Place, Places
from .skill_checks import Check, check_after, pause_after, shortfall
from .skill_progress import Achievements

MAX_UNKNOWN = 8
"""Attempts after which what ALM does not know is given up: a webhook may run ahead of the API."""

FAILED_SECONDS = 10.0
"""How long an event waits at first when ALM fails on its learner or its learning object alone."""


SHORT_WAIT_SECONDS = 10.0
LONG_WAIT_SECONDS = 900.0
"""Bounds of how far apart the events that wait for the budget are spread."""

BUDGET_USED_UP = "the rate of ALM look-ups is used up; what is known already goes on"
NO_BADGE = "no badge hangs on it in ALM"
NO_RULE = "and no rule gives one"
NOT_PASSED = "completed without passing"
_NOTHING = Facts(None)


@dataclass(frozen=True, slots=True)
class Case:
    """A completion."""

    row: InboxEvent
    event: DeliveredEvent

    @property
    def place(self) -> Place:
        return self.event.lo_id or "", self.event.lo_instance_id or ""


@dataclass(frozen=True, slots=True)
class Look:
    """A look at a skill level."""

    row: InboxEvent
    check: Check


_Homeless = list[tuple[InboxEvent, Weighed]]
"""What earns a badge, and whose learner is not known yet."""


class Visit:
    """Asks ALM on behalf of one batch of events."""

    def __init__(self, store: Store, connection: Connection, cache: Cache, client: AlmClient) -> None:
        self._connection = connection
        self._now = store.now()
        self._places = Places(cache, client, self._now)
        self._people = People(store, connection.name, client, self._now)
        self._achievements = Achievements(cache, client, self._now)
        self._weighing = Weighing(store, connection, self._places, self._achievements)

    @property
    def asked(self) -> list[str]:
        """What ALM was asked for."""
        places = [f"learning object {lo_id}" for lo_id, _ in self._places.asked]
        skills = [f"skills of learner {learner}" for learner in self._achievements.asked]
        return [*places, *(f"learner {learner}" for learner in self._people.asked), *skills]

    def decide(self, cases: Sequence[Case], looks: Sequence[Look] = ()) -> Iterator[list[Decided]]:
        """As ``Source.decide``. :raises AdapterError: ALM answers to nobody now; the rest is undecided."""
        rows = [*(case.row for case in cases), *(look.row for look in looks)]
        learners = self._people.known({row.learner_id or "" for row in rows})
        homeless: _Homeless = []
        yield self._without_passing([case for case in cases if case.event.passed is False], learners, homeless)
        facts = self._places.known({case.place for case in cases if case.event.passed is not False})
        by_place: dict[Place, list[Case]] = {}
        for case in cases:
            if case.event.passed is not False:
                by_place.setdefault(case.place, []).append(case)
        for place in sorted(by_place, key=lambda place: place not in facts):
            found: Found = facts[place] if place in facts else self._places.look_up(place)
            yield self._portion(
                [(case.row, self._weigh(case, found)) for case in by_place[place]], learners, homeless
            )
            # At once, and not when all places are known: a badge need not wait for the last look-up.
            yield from self._find_homes(homeless)
            homeless.clear()
        yield from self._find_homes(homeless)
        # Last: ALM tells of one learner at a time, and nobody waits for a badge that may not be due.
        homeless = []
        for look in looks:
            yield self._portion([(look.row, self._look(look))], learners, homeless)
        yield from self._find_homes(homeless)

    def _portion(
        self, weighed: list[tuple[InboxEvent, Weighed | Decision]], learners: dict[str, Person], homeless: _Homeless
    ) -> list[Decided]:
        """Decisions on those that earn nothing or whose learner is known; the others join the homeless."""
        portion: list[Decided] = []
        for row, each in weighed:
            if not isinstance(each, Weighed):
                portion.append((row, each))
            elif not each.targets:
                portion.append((row, _earns_nothing(row, each)))
            elif (row.learner_id or "") in learners:
                portion.append((row, self._earns(row, each, learners[row.learner_id or ""])))
            else:
                homeless.append((row, each))
        return portion

    def _find_homes(self, homeless: _Homeless) -> Iterator[list[Decided]]:
        for start in range(0, len(homeless), LEARNERS_AT_ONCE):
            some = homeless[start : start + LEARNERS_AT_ONCE]
            learners = self._people.look_up({row.learner_id or "" for row, _ in some})
            yield [(row, self._earns(row, weighed, learners.get(row.learner_id or ""))) for row, weighed in some]

    def _without_passing(self, cases: list[Case], learners: dict[str, Person], homeless: _Homeless) -> list[Decided]:
        """ALM's own badges are for those who passed, so nothing is asked about the learning object."""
        weighed = [(case.row, self._weighing.completion(case.row, case.event, _NOTHING)) for case in cases]
        return self._portion(
            [(row, each if each.tied else Ignores(NOT_PASSED)) for row, each in weighed], learners, homeless
        )

    def _weigh(self, case: Case, found: Found) -> Weighed | Decision:
        facts = found if isinstance(found, Facts) else _NOTHING
        weighed = self._weighing.completion(case.row, case.event, facts)
        weighed.told = _told(case.place in self._places.asked)
        if isinstance(found, Facts):
            if facts.badge is None:
                weighed.short.append(NO_BADGE)
            return weighed
        if not weighed.targets:
            if isinstance(found, UnknownRecordError):
                return _unknown(case.row, "ALM does not know the learning object yet")
            return Dies(str(found)) if isinstance(found, RejectedError) else self._failed_alone(case.row, found)
        # A rule gives a badge whatever ALM says, and ALM may have another: not for ever.
        if isinstance(found, RejectedError) or case.row.attempts >= MAX_UNKNOWN:
            return weighed
        return Waits(str(found), backoff(case.row.attempts, base=FAILED_SECONDS, cap=600.0), counts=True)

    def _look(self, look: Look) -> Weighed | Decision:
        row, level = look.row, look.check.level
        skills = self._achievements.of(row.learner_id or "", level.object)
        if isinstance(skills, UnknownRecordError):
            return _unknown(row, "ALM does not know the learner's skills yet")
        if isinstance(skills, FailedRequestError):
            return self._failed_alone(row, skills)
        if isinstance(skills, RejectedError):
            return Dies(str(skills))
        progress = skills.get(level.object)
        if progress is not None and progress.at is not None:
            weighed = self._weighing.achievement(row, level, skills)
            weighed.told = _told(row.learner_id in self._achievements.asked)
            return weighed
        pause, reason = pause_after(self._now - row.received_at, level, progress), shortfall(level, progress)
        return Ignores(reason) if pause is None else Waits(reason, pause, counts=True)

    def _earns(self, row: InboxEvent, weighed: Weighed, learner: Person) -> Decision:
        if learner is None:
            return _unknown(row, "ALM does not know the learner yet")
        if isinstance(learner, FailedRequestError):
            return self._failed_alone(row, learner)
        if isinstance(learner, OverBudgetError):
            return Waits(BUDGET_USED_UP, until_budget(row, learner, self._now))
        if isinstance(learner, TemporaryError):
            return Waits(str(learner), learner.retry_after or FAILED_SECONDS)
        if not learner.email:
            return Dies("the learner has no e-mail address in ALM: add one there, then replay the event")
        first, last = split_name(learner.name or "", self._connection.settings["name_policy"])
        recipient = {"email": learner.email, "first_name": first, "last_name": last, "locale": learner.locale}
        plans = tuple(
            Plan(target.connection, target.template_id, recipient, target.at, target.period)
            for target in weighed.targets
        )
        return Earns(plans, self._how(row, weighed), _follow(row, weighed))

    def _how(self, row: InboxEvent, weighed: Weighed) -> str:
        badges = "; ".join(f"badge template {to.template_id} of {to.connection} {to.how}" for to in weighed.targets)
        told = f" ({weighed.told})" if weighed.told else ""
        none = "".join(f"; none of it: {each}" for each in weighed.short if each != NO_BADGE)
        return f"{badges}{told}; learner {row.learner_id} ({_told(row.learner_id in self._people.asked)}){none}"

    def _failed_alone(self, row: InboxEvent, error: FailedRequestError) -> Waits:
        """The longer it has waited, the longer it waits again: it costs the account's budget and may never end."""
        waited = self._now - row.received_at
        return Waits(str(error), backoff(1, base=min(max(waited, FAILED_SECONDS), 60 * FAILED_SECONDS), cap=3600.0))


def until_budget(row: InboxEvent, error: OverBudgetError, now: float) -> float:
    """Seconds to wait for the account's budget. Spread, and the longer the longer it has lasted: when thousands wait
    for a few look-ups, looking after them must not become the work.
    """
    patience = min(max((now - row.received_at) / 4, SHORT_WAIT_SECONDS), LONG_WAIT_SECONDS)
    return (error.retry_after or 1.0) + random.uniform(0.0, patience)  # noqa: S311 (spreading load)


def _told(asked: bool) -> str:
    return "asked ALM now" if asked else "known from an earlier answer"


def _earns_nothing(row: InboxEvent, weighed: Weighed) -> Decision:
    if weighed.stranded:
        return Waits("; ".join(weighed.short), PROBE_SECONDS)
    if weighed.levels:
        return Earns((), "; ".join(weighed.short), _follow(row, weighed))
    if weighed.tied:
        return Ignores("; ".join(each for each in weighed.short if each != NO_BADGE))
    return Ignores(", ".join([*weighed.short, NO_RULE]), unmapped=True)


def _follow(row: InboxEvent, weighed: Weighed) -> tuple[Any, ...]:
    return tuple(check_after(row, level) for level in weighed.levels)


def _unknown(row: InboxEvent, reason: str) -> Decision:
    if row.attempts >= MAX_UNKNOWN:
        return Dies(f"{reason} (after {row.attempts} attempts)")
    return Waits(reason, backoff(row.attempts, base=10.0, cap=3600.0), counts=True)
