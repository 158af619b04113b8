"""ALM as a source: what a completion earns, from the account's own badges and our rules, with few look-ups."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Row

from ...adapters.errors import AdapterError, ConfigurationError, OverBudgetError, RejectedError, TemporaryError
from ..delivery.backoff import backoff
from ..delivery.decisions import Decided, Decision, Dies, Earns, Ignores, Waits
from ..delivery.settling import SOON_SECONDS, stopped_by
from ..names import split_name
from ..store import Connection, Plan, Store
from ..store.cache import Cache
from .client import AlmClient
from .clients import client_of
from .decoder import DeliveredEvent, decode
from .errors import FailedRequestError, UnknownRecordError
from .fates import account_of, fate_of
from .people import LEARNERS_AT_ONCE, People, Person
from .places import Found, Place, Places

MAX_UNKNOWN = 8
"""Attempts after which what ALM does not know is given up: a webhook may run ahead of the API."""

FAILED_SECONDS = 10.0
"""How long an event waits at first when ALM fails on its learner or its learning object alone."""

PROBE_SECONDS = 300.0

BUDGET_USED_UP = "the rate of ALM look-ups is used up; what is known already goes on"
SHORT_WAIT_SECONDS = 10.0
LONG_WAIT_SECONDS = 900.0
"""Bounds of how far apart the events that wait for the budget are spread."""

log = logging.getLogger("badgerelay.alm")


@dataclass(frozen=True, slots=True)
class _Case:
    row: Row[Any]
    event: DeliveredEvent

    @property
    def place(self) -> Place:
        return self.event.lo_id or "", self.event.lo_instance_id or ""


_Target = tuple[str, str]
"""A provider connection and a badge template."""


class AlmSource:
    """Decides on the events of one ALM connection; its lane has its name."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name
        self._cache = store.cache(name)
        self._made: tuple[float, AlmClient] | None = None

    def decide(self, events: Sequence[Row[Any]]) -> Iterator[list[Decided]]:
        connection = self._store.connections.get(self._name)
        if connection is None:
            yield [(row, Dies("the connection was removed")) for row in events]
            return
        cases = [_Case(row, event_of(row.payload)) for row in events]
        settled = [(case.row, fate) for case in cases if (fate := _fate(case, connection)) is not None]
        yield settled
        now = self._store.now()
        visit = _Visit(self._store, connection, self._cache, self._client(connection))
        undecided = {case.row.id: case for case in cases}
        for row, _ in settled:
            undecided.pop(row.id)
        try:
            for portion in visit.decide(list(undecided.values())):
                yield portion
                for row, _ in portion:
                    undecided.pop(row.id)
        except OverBudgetError as error:
            # The connection does not rest: what the cache knows goes on.
            yield [
                (case.row, Waits(BUDGET_USED_UP, _until_budget(case.row, error, now))) for case in undecided.values()
            ]
        except (TemporaryError, ConfigurationError) as error:
            wait = self._rest(connection, error)
            yield [(case.row, Waits(str(error), wait)) for case in undecided.values()]
        else:
            if connection.failures and visit.asked:
                self._store.connections.recover(self._name)

    def _client(self, connection: Connection) -> AlmClient:
        if self._made is None or self._made[0] != connection.updated_at:
            self._made = (connection.updated_at, client_of(self._store, connection))
        return self._made[1]

    def _rest(self, connection: Connection, error: AdapterError) -> float:
        wait, stopped = PROBE_SECONDS, None
        if isinstance(error, ConfigurationError):
            stopped = stopped_by(error)
            log.error("connection %s is stopped: %s", self._name, error)
        else:
            asked = error.retry_after if isinstance(error, TemporaryError) else None
            wait = backoff(connection.failures + 1, base=1.0, cap=300.0, retry_after=asked)
            log.warning("connection %s rests for %.1f s: %s", self._name, wait, error)
        resting = self._store.connections.rest(
            self._name, self._store.now(), wait, str(error), stopped=stopped, updated_at=connection.updated_at
        )
        return wait if resting else SOON_SECONDS


class _Visit:
    """One batch of completions: first what the cache knows, then one look-up after the other."""

    def __init__(self, store: Store, connection: Connection, cache: Cache, client: AlmClient) -> None:
        self._store = store
        self._connection = connection
        self._now = store.now()
        self._places = Places(cache, client, self._now)
        self._people = People(store, connection.name, client, self._now)
        provider = store.connections.get(connection.settings["provider"])
        self._adapter = provider.type.lower() if provider else None

    @property
    def asked(self) -> bool:
        """Whether ALM was asked at all."""
        return bool(self._places.asked or self._people.asked)

    def decide(self, cases: list[_Case]) -> Iterator[list[Decided]]:
        badges = self._places.known({case.place for case in cases})
        learners = self._people.known({case.event.user_id or "" for case in cases})
        homeless: list[tuple[_Case, list[_Target]]] = []
        by_place: dict[Place, list[_Case]] = {}
        for case in cases:
            by_place.setdefault(case.place, []).append(case)
        for place in sorted(by_place, key=lambda place: place not in badges):
            found = badges[place] if place in badges else self._places.look_up(place)
            portion: list[Decided] = []
            for case in by_place[place]:
                targets = self._targets(case, found)
                if not isinstance(targets, list):
                    portion.append((case.row, targets))
                elif (case.event.user_id or "") in learners:
                    portion.append((case.row, self._earns(case, targets, learners[case.event.user_id or ""])))
                else:
                    homeless.append((case, targets))
            yield portion
            # At once, and not when all places are known: a badge need not wait for the last look-up.
            yield from self._find_homes(homeless)
            homeless.clear()

    def _find_homes(self, homeless: list[tuple[_Case, list[_Target]]]) -> Iterator[list[Decided]]:
        for start in range(0, len(homeless), LEARNERS_AT_ONCE):
            some = homeless[start : start + LEARNERS_AT_ONCE]
            learners = self._people.look_up({case.event.user_id or "" for case, _ in some})
            yield [
                (case.row, self._earns(case, targets, learners.get(case.event.user_id or "")))
                for case, targets in some
            ]

    def _targets(self, case: _Case, badge: Found) -> list[_Target] | Decision:
        """What the completion earns by our rules and by ALM's own badge; or why nothing."""
        row, place = case.row, [part for part in case.place if part]
        rules = self._store.catalogue.rules_for(self._connection.name, place)
        targets = [(rule.connection, rule.template_id) for rule in rules]
        refusal: Decision
        if isinstance(badge, UnknownRecordError):
            refusal = _unknown(row, "ALM does not know the learning object yet")
        elif isinstance(badge, FailedRequestError):
            refusal = self._failed_alone(row, badge)
        elif isinstance(badge, RejectedError):
            refusal = Dies(str(badge))
        elif badge is None:
            refusal = Ignores("no badge hangs on it in ALM, and no rule gives one")
        elif badge.template_id is None or badge.provider is None:
            refusal = Ignores(
                f"its badge {badge.id} in ALM names no badge template of a provider, and no rule gives one"
            )
        elif self._adapter is None:
            refusal = Waits(
                f"there is no provider connection {self._connection.settings['provider']!r}", PROBE_SECONDS
            )
        elif badge.provider.lower() != self._adapter:
            refusal = Ignores(
                f"its badge {badge.id} in ALM belongs to the provider {badge.provider!r}, and this account's "
                f"connection {self._connection.settings['provider']!r} is of {self._adapter!r}"
            )
        else:
            targets.append((self._connection.settings["provider"], badge.template_id))
        return list(dict.fromkeys(targets)) or refusal

    def _earns(self, case: _Case, targets: list[_Target], learner: Person) -> Decision:
        if learner is None:
            return _unknown(case.row, "ALM does not know the learner yet")
        if isinstance(learner, FailedRequestError):
            return self._failed_alone(case.row, learner)
        if isinstance(learner, OverBudgetError):
            return Waits(BUDGET_USED_UP, _until_budget(case.row, learner, self._now))
        if isinstance(learner, TemporaryError):
            return Waits(str(learner), learner.retry_after or FAILED_SECONDS)
        if not learner.email:
            return Dies("the learner has no e-mail address in ALM: add one there, then replay the event")
        first, last = split_name(learner.name or "", self._connection.settings["name_policy"])
        recipient = {"email": learner.email, "first_name": first, "last_name": last, "locale": learner.locale}
        completed = case.event.completed_at or case.event.occurred_at
        issued_at = completed.timestamp() if completed else case.row.received_at
        plans = tuple(Plan(name, template_id, recipient, issued_at) for name, template_id in targets)
        return Earns(plans, self._how(case, targets))

    def _failed_alone(self, row: Row[Any], error: FailedRequestError) -> Waits:
        """The longer it has waited, the longer it waits again: it costs the account's budget and may never end."""
        waited = self._now - row.received_at
        return Waits(str(error), backoff(1, base=min(max(waited, FAILED_SECONDS), 60 * FAILED_SECONDS), cap=3600.0))

    def _how(self, case: _Case, targets: list[_Target]) -> str:
        names = ", ".join(f"{template_id} of {name}" for name, template_id in targets)
        badge = "asked ALM now" if case.place in self._places.asked else "known from an earlier answer"
        learner = "asked ALM now" if case.event.user_id in self._people.asked else "known from an earlier answer"
        return f"badge template {names} ({badge}); learner {case.event.user_id} ({learner})"


def _until_budget(row: Row[Any], error: OverBudgetError, now: float) -> float:
    """Seconds to wait for the account's budget. Spread, and the longer the longer it has lasted: when thousands wait
    for a few look-ups, looking after them must not become the work.
    """
    patience = min(max((now - row.received_at) / 4, SHORT_WAIT_SECONDS), LONG_WAIT_SECONDS)
    return (error.retry_after or 1.0) + random.uniform(0.0, patience)  # noqa: S311 (spreading load)


def event_of(payload: str) -> DeliveredEvent:
    """The event of an inbox row."""
    return decode(f'{{"events":[{payload}]}}'.encode()).events[0]


def _fate(case: _Case, connection: Connection) -> Decision | None:
    """What is decided without any look-up; a replayed event may never have got through the door."""
    state, reason = fate_of(case.event, account_of(case.row.source), connection.settings["account_id"])
    if state == "received":
        return Ignores("completed without passing") if case.event.passed is False else None
    return (Dies if state == "dead" else Ignores)(reason or "")


def _unknown(row: Row[Any], reason: str) -> Decision:
    if row.attempts >= MAX_UNKNOWN:
        return Dies(f"{reason} (after {row.attempts} attempts)")
    return Waits(reason, backoff(row.attempts, base=10.0, cap=3600.0), counts=True)
