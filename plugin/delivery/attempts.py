"""Calls to an adapter about awards: each is measured once, and every error becomes an outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from ...adapters.base import Adapter
from ...adapters.errors import (
    AdapterError,
    AmbiguousError,
    ConfigurationError,
    OverBudgetError,
    RejectedError,
    TemporaryError,
)
from ...adapters.values import IssuedBadge, Outcome
from ..providers.awards import award_of
from ..providers.guarded_adapter import BrokenAdapterError, broken
from ..providers.instrumentation import provider_call
from ..providers.outcomes import asked_to_wait, halting
from ..providers.timeouts import HangingError
from ..store import Connection, LedgerAward, Store

T = TypeVar("T", bound=Outcome | None)


class AdapterCalls:
    """The calls of one batch of a connection's awards.

    :param alive: called after each call, which by itself is bounded.
    :ivar made: whether a call was made.
    :ivar halt: the error that concerns the whole connection, after which no call is made; None without one.
    """

    def __init__(self, store: Store, connection: Connection, adapter: Adapter, alive: Callable[[], None]) -> None:
        self._store = store
        self._connection = connection
        self._alive = alive
        self.adapter = adapter
        self.made = False
        self.halt: AdapterError | None = None

    def find(self, row: LedgerAward) -> Outcome | None:
        """Return the badge, None if the provider does not have it, or the error after which nothing is sent."""
        return self._call("find", [row], lambda: [_look_up(self.adapter, row)])[0]

    def issue(self, rows: Sequence[LedgerAward]) -> Sequence[Outcome]:
        """Issue these awards; return an outcome for each."""

        def issued() -> Sequence[Outcome]:
            try:
                given = self.adapter.issue([award_of(row) for row in rows])
            except AdapterError as error:
                return [error] * len(rows)
            return _without_others(self._store, self.adapter, rows, given)

        return self._call("issue", rows, issued)

    def revoke(self, row: LedgerAward, badge_id: str) -> Outcome:
        """Revoke the award's badge; return the badge as it is now, or the error."""

        def revoked() -> Outcome:
            if not self.adapter.capabilities.can_revoke:
                return RejectedError("cannot_revoke", f"{self.adapter.name} does not revoke badges")
            try:
                return self.adapter.revoke(badge_id, row.revoke_reason or "")
            except AdapterError as error:
                return error

        return self._call("revoke", [row], lambda: [revoked()])[0]

    def _call(self, verb: str, rows: Sequence[LedgerAward], call: Callable[[], Sequence[T]]) -> Sequence[T]:
        with provider_call(self._store, self._connection.name, verb, rows) as came_of:
            outcomes = call()
            came_of(outcomes)
        self._alive()
        self.made = True
        self.halt = self.halt or halting(outcomes)
        return outcomes


def not_sent(row: LedgerAward, halt: AdapterError) -> AdapterError:
    """Return the outcome of an award that a halt kept from being sent: it is in no more doubt than before."""
    if asked := asked_to_wait(halt):
        return OverBudgetError(str(halt), retry_after=asked)
    if isinstance(halt, OverBudgetError) or not isinstance(halt, TemporaryError | HangingError):
        return halt
    return TemporaryError(str(halt), may_have_acted=row.in_doubt)


def _look_up(adapter: Adapter, row: LedgerAward) -> IssuedBadge | AdapterError | None:
    try:
        badge = adapter.find(award_of(row))
    except AdapterError as error:
        return _still_in_doubt(error)
    return None if badge is None else replace(badge, existed=True)


def _still_in_doubt(error: AdapterError) -> AdapterError:
    if isinstance(error, OverBudgetError | ConfigurationError | HangingError | BrokenAdapterError):
        return error
    if isinstance(error, TemporaryError):
        return TemporaryError(str(error), retry_after=error.retry_after, may_have_acted=True)
    return AmbiguousError(str(error))


def _without_others(
    store: Store, adapter: Adapter, rows: Sequence[LedgerAward], outcomes: Sequence[Outcome]
) -> list[Outcome]:
    """Return the outcomes, with an error in place of a new badge that another award has already."""
    new = {each.id for each in outcomes if isinstance(each, IssuedBadge) and not each.existed}
    owners = store.badges.owners_of(rows[0].connection, new)
    checked = list(outcomes)
    for index, (row, outcome) in enumerate(zip(rows, outcomes, strict=True)):
        if isinstance(outcome, IssuedBadge) and not outcome.existed and owners.get(outcome.id, set()) - {row.id}:
            checked[index] = broken(adapter.name, ValueError("issue() gives the badge of another award"))
    return checked
