"""Badges that learners have already, as the provider knows them: by its list if it has one, else one by one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeVar

from ...adapters.base import Adapter
from ...adapters.errors import AdapterError, ConfigurationError, RejectedError, TemporaryError
from ...adapters.values import IssuedBadge, ListedBadge
from ..providers.awards import award_planned
from ..providers.backoff import backoff
from ..providers.pool import make_adapter
from ..providers.rate_limits import pace_of
from ..sources.recipients import digest
from ..store import Plan, Store
from ..store.backfill.values import PlannedBadge, StateChange

MAX_SINGLE_LOOK_UPS = 20
"""Maximum badges of one template, without periods, that are looked up one by one. For more, the provider's list of
the template is read."""

PATIENCE_SECONDS = 900.0
"""Maximum seconds that a call waits for the connection's rate limit, which live awards use too."""

TRIES = 5
PORTION = 500
GONE = ("revoked", "replaced")
"""States of badges that a learner does not have any more."""

T = TypeVar("T")


class Providers:
    """The providers of one plan.

    :param sleep: takes seconds.
    """

    def __init__(self, store: Store, sleep: Callable[[float], None] = time.sleep) -> None:
        self._store = store
        self._sleep = sleep
        self._adapters: dict[str, Adapter | None] = {}
        self._templates: dict[str, dict[str, str]] = {}
        self._asked: Counter[tuple[str, str]] = Counter()

    def refusal(self, name: str, template_id: str) -> str | None:
        """Return why the catalogue says that the template cannot be issued, or None."""
        if self._adapter(name) is None:
            return f"there is no provider connection {name!r}"
        if name not in self._templates:
            self._templates[name] = {row.template_id: row.state for row in self._store.catalogue.templates(name)}
        known = self._templates[name]
        if known and template_id not in known:
            return f"{name} has no badge template {template_id}: see `badgerelay templates sync`"
        state = known.get(template_id, "active")
        return None if state == "active" else f"the badge template {template_id} is {state}"

    def find(self, plan: Plan, earner_id: str) -> IssuedBadge | bool:
        """Return the badge if the provider has it, False if not, True if :meth:`mark_listed` will answer.

        A list does not distinguish a badge from that of an earlier period, so badges with periods are looked up.

        :raises AdapterError: the provider does not answer.
        """
        adapter, target = self._adapter(plan.connection), (plan.connection, plan.template_id)
        assert adapter is not None
        if adapter.capabilities.can_list and not plan.period:
            self._asked[target] += 1
            if self._asked[target] > MAX_SINGLE_LOOK_UPS:
                return True
        if not adapter.capabilities.can_look_up:
            return False
        award = award_planned(plan, earner_id)
        return self._try(lambda: adapter.find(award)) or False

    def mark_listed(self, number: int, name: str, template_id: str, source: str) -> None:
        """Mark the plan's badges that are in the provider's list of this template.

        :raises AdapterError: the list cannot be read.
        """
        adapter = self._adapter(name)
        if adapter is not None:
            self._try(lambda: self._read_list(adapter, number, name, template_id, source))

    def close(self) -> None:
        """Close the adapters."""
        for adapter in self._adapters.values():
            if adapter is not None:
                adapter.close()

    def _read_list(self, adapter: Adapter, number: int, name: str, template_id: str, source: str) -> None:
        listed = iter(adapter.badges(template_id))
        while portion := list(islice(listed, PORTION)):
            live = [badge for badge in portion if badge.state not in GONE]
            self._store.planned_badges.mark(self._matches(live, number, name, template_id, source))

    def _matches(
        self, listed: list[ListedBadge], number: int, name: str, template_id: str, source: str
    ) -> Iterator[StateChange]:
        ours = f"{source}:"
        by_learner = {b.earner_id.removeprefix(ours): b for b in listed if b.earner_id.startswith(ours)}
        by_address = {digest(badge.email): badge for badge in listed if badge.email}
        badges, target, limit = self._store.planned_badges, (number, name, template_id), 10 * PORTION
        for row in badges.unasked_of_learners(*target, list(by_learner), limit=limit):
            yield _has(row, name, by_learner[row.learner_id])
        for row in badges.unasked_of_addresses(*target, list(by_address), limit=limit):
            yield _has(row, name, by_address[row.address])

    def _adapter(self, name: str) -> Adapter | None:
        if name not in self._adapters:
            connection = self._store.connections.get(name)
            made = connection is not None and connection.role == "provider"
            pace = pace_of(self._store, connection, patience=PATIENCE_SECONDS) if made and connection else None
            self._adapters[name] = make_adapter(self._store, connection, pace=pace) if made and connection else None
        return self._adapters[name]

    def _try(self, call: Callable[[], T]) -> T:
        """Call several times, since a provider may fail now and then."""
        for attempt in range(1, TRIES):
            try:
                return call()
            except (ConfigurationError, RejectedError):
                raise
            except AdapterError as error:
                asked = error.retry_after if isinstance(error, TemporaryError) else None
                self._sleep(backoff(attempt, base=1.0, cap=30.0, retry_after=asked))
        return call()


def existing(name: str, badge: IssuedBadge | ListedBadge) -> str:
    """Return the reason of a badge that the provider connection ``name`` has."""
    return f"{name} has it: badge {badge.id}, {badge.state}"


def _has(row: PlannedBadge, name: str, badge: ListedBadge) -> StateChange:
    return StateChange(row.id, "has", existing(name, badge))
