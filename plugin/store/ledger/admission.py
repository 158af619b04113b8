"""Admission of new awards: the limit per hour, the age of completions, pauses and templates decide what is held.

The awards that are planned and not held are counted per connection and hour, in the transaction that plans them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa

from ..catalogue.templates import STATE_OF, unusable
from ..database import Database, Transaction
from ..policy import Policy, policy_of
from ..schema.tables import HeldReason, award_hours, connections

PAUSED = "the connection is paused"

HOUR_SECONDS = 3600
USUAL_HOURS = 28 * 24
"""Hours before this one whose mean is the usual number of awards; hours without awards do not count."""

USUAL_TIMES = 10
"""Times its usual number that a connection may always plan, even beyond its ``award_limit``."""


@dataclass(frozen=True, slots=True)
class Held:
    """The decision to hold an award. :param message: the reason in words."""

    reason: HeldReason
    message: str


@dataclass(slots=True)
class _Room:
    """The awards of one provider connection in this hour."""

    paused: bool
    policy: Policy
    used: int
    usual: float
    new: int = 0

    @property
    def limit(self) -> int | None:
        if self.policy.award_limit is None:
            return None
        return max(self.policy.award_limit, int(USUAL_TIMES * self.usual))


class Admissions:
    """Decides which awards of one transaction are held; the counts are locked until it ends.

    :ivar held: how many awards the limit held, by connection.
    """

    def __init__(
        self, transaction: Transaction, rooms: dict[str, _Room], policies: dict[str, Policy], hour: int
    ) -> None:
        self._transaction = transaction
        self._rooms = rooms
        self._policies = policies
        self._hour = hour
        self._templates: dict[tuple[str, str], str | None] = {}
        self.held: dict[str, int] = {}

    def ask(
        self,
        name: str,
        template_id: str,
        source_connection: str,
        issued_at: float,
        arrived_at: float,
        *,
        past: bool = False,
    ) -> Held | None:
        """Return why an award is to be held, or None.

        A template that the catalogue does not know is admitted: the provider may know it.

        :param name: the provider connection.
        :param source_connection: whose ``max_age`` counts; empty for an LMS host, where it is the provider's.
        :param issued_at: when the learner completed; with ``arrived_at`` in seconds since the epoch.
        :param past: of a confirmed backfill: neither its age nor the limit holds it.
        """
        asked = source_connection or name
        age, most = arrived_at - issued_at, self._policies.get(asked, _DEFAULT).max_age
        if most is not None and age > most and not past:
            return Held(
                HeldReason.AGE,
                f"completed {age / 86400:.0f} days before it arrived, more than max_age of {asked} "
                f"({most / 86400:g} days) allows: see `badgerelay awards release`",
            )
        room = self._rooms.get(name)
        if room is None:
            return None
        if room.limit is not None and room.used + room.new >= room.limit and not past:
            return Held(
                HeldReason.LIMIT,
                f"more awards in this hour than award_limit of {name} or ten times its usual ({room.limit}): see "
                "`badgerelay awards release`",
            )
        state = self._state_of(name, template_id)
        if state is not None and state != "active":
            return Held(HeldReason.TEMPLATE, f"{unusable(state)}: goes on by itself once it is active")
        return Held(HeldReason.PAUSE, PAUSED) if room.paused else None

    def _state_of(self, name: str, template_id: str) -> str | None:
        asked = (name, template_id)
        if asked not in self._templates:
            wanted = {"of_connection": name, "of_template": template_id}
            self._templates[asked] = self._transaction.scalar(STATE_OF, wanted)
        return self._templates[asked]

    def count(self, name: str, held: Held | None, *, past: bool = False) -> None:
        """Count an award that was planned. :param held: the answer of :meth:`ask`."""
        if past:
            return  # the hour's places are for what happens now
        if held is not None and held.reason is HeldReason.LIMIT:
            self.held[name] = self.held.get(name, 0) + 1
        elif (held is None or held.reason in (HeldReason.PAUSE, HeldReason.TEMPLATE)) and name in self._rooms:
            self._rooms[name].new += 1

    def close(self, transaction: Transaction) -> None:
        """Write the counts."""
        counts = [
            {"name": name, "this_hour": self._hour, "more": room.new}
            for name, room in self._rooms.items()
            if room.new
        ]
        if counts:
            transaction.execute(_COUNT, counts)


class Planning:
    def __init__(self, database: Database) -> None:
        insert = database.insert(award_hours)
        self._lock = insert.on_conflict_do_update(
            index_elements=["connection", "hour"], set_={"awards": award_hours.c.awards}
        ).returning(award_hours.c.awards)
        self._usual: dict[str, tuple[int, float]] = {}

    def admit(self, transaction: Transaction, names: Iterable[str], sources: Iterable[str], now: float) -> Admissions:
        """Lock the counts of these provider connections, always in the same order.

        :param sources: the source connections of the events, for their ``max_age``.
        """
        hour = int(now // HOUR_SECONDS)
        wanted = sorted(set(names))
        rows = {
            row.name: row for row in transaction.execute(_CONNECTIONS, {"names": sorted({*wanted, *sources} - {""})})
        }
        policies = {name: _policy(row.settings) for name, row in rows.items()}
        rooms = {}
        for name in wanted:
            if name in rows:
                used = transaction.scalar(self._lock, {"connection": name, "hour": hour, "awards": 0}) or 0
                usual = self._usual_of(transaction, name, hour)
                rooms[name] = _Room(bool(rows[name].paused), policies[name], used, usual)
        return Admissions(transaction, rooms, policies, hour)

    def _usual_of(self, transaction: Transaction, name: str, hour: int) -> float:
        """Return the mean of awards in an hour with any; computed once an hour in each process."""
        known = self._usual.get(name)
        if known is None or known[0] != hour:
            transaction.execute(_FORGET, {"name": name, "before": hour - USUAL_HOURS})
            mean = transaction.scalar(_USUAL, {"name": name, "since": hour - USUAL_HOURS, "this_hour": hour})
            known = self._usual[name] = (hour, float(mean or 0.0))
        return known[1]


@lru_cache(maxsize=256)
def _policy(settings: str) -> Policy:
    return policy_of(json.loads(settings))


_DEFAULT = policy_of({})
# Built once: to build them takes longer than the database does.
_CONNECTIONS = (
    sa.select(connections.c.name, connections.c.paused, connections.c.settings)
    .where(connections.c.name.in_(sa.bindparam("names", expanding=True)))
    .order_by(connections.c.name)
    .with_for_update(read=True)  # an administrator's pause waits for us, or we see it
)
_USUAL = sa.select(sa.func.avg(award_hours.c.awards)).where(
    award_hours.c.connection == sa.bindparam("name"),
    award_hours.c.hour >= sa.bindparam("since"),
    award_hours.c.hour < sa.bindparam("this_hour"),
    award_hours.c.awards > 0,
)
_FORGET = sa.delete(award_hours).where(
    award_hours.c.connection == sa.bindparam("name"), award_hours.c.hour < sa.bindparam("before")
)
_COUNT = (
    sa.update(award_hours)
    .where(award_hours.c.connection == sa.bindparam("name"), award_hours.c.hour == sa.bindparam("this_hour"))
    .values(awards=award_hours.c.awards + sa.bindparam("more"))
)
