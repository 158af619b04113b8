"""Calls to a contained adapter: whatever it raises, what comes out is an outcome."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ...adapters.base import Adapter
from ...adapters.errors import (
    AdapterError,
    AmbiguousError,
    ConfigurationError,
    OverBudgetError,
    TemporaryError,
)
from ...adapters.values import Award, Outcome, Recipient
from ..providers.guarded_adapter import BrokenAdapterError
from ..providers.timeouts import HangingError
from ..store import LedgerAward, Plan


def halting(outcomes: Sequence[Outcome | None]) -> AdapterError | None:
    """What concerns the whole connection, so that no further call is made."""
    kinds = ConfigurationError | OverBudgetError | HangingError
    errors = (each for each in outcomes if isinstance(each, AdapterError))
    return next((each for each in errors if isinstance(each, kinds) or asked_to_wait(each)), None)


def asked_to_wait(outcome: Outcome | None) -> float | None:
    """Seconds that the provider wants us to wait, where it said so."""
    if isinstance(outcome, TemporaryError) and not isinstance(outcome, OverBudgetError):
        return outcome.retry_after
    return None


def not_sent(row: LedgerAward, halt: AdapterError) -> AdapterError:
    """What a halt means for an award that was not sent now: it is in no more doubt than before."""
    if asked := asked_to_wait(halt):
        return OverBudgetError(str(halt), retry_after=asked)
    if isinstance(halt, OverBudgetError) or not isinstance(halt, TemporaryError | HangingError):
        return halt
    return TemporaryError(str(halt), may_have_acted=row.in_doubt)


def award_of(row: LedgerAward) -> Award:
    """The ledger's row as adapters see it."""
    plan = Plan(row.connection, row.template_id, json.loads(row.recipient), row.issued_at, row.period)
    return award_planned(plan, f"{row.source}:{row.learner_id}", id=str(row.id))


def award_planned(plan: Plan, earner_id: str, *, id: str = "") -> Award:  # noqa: A002 (the field's name)
    """What is planned, or was, as adapters see it. :param id: empty where it is not in the ledger."""
    recipient = plan.recipient
    return Award(
        id=id,
        template_id=plan.template_id,
        recipient=Recipient(
            email=recipient["email"] or "",
            first_name=recipient["first_name"] or "",
            last_name=recipient["last_name"] or "",
            earner_id=earner_id,
            locale=recipient["locale"],
        ),
        issued_at=datetime.fromtimestamp(plan.issued_at, UTC),
        period=plan.period,
    )


def look_up(adapter: Adapter, row: LedgerAward) -> Outcome | None:
    """The badge if it is there, None if it is not, or the error that kept us from knowing: then nothing is sent."""
    try:
        badge = adapter.find(award_of(row))
    except AdapterError as error:
        return _still_in_doubt(error)
    return None if badge is None else replace(badge, existed=True)


def issue(adapter: Adapter, rows: Sequence[LedgerAward]) -> list[Outcome]:
    try:
        return adapter.issue([award_of(row) for row in rows])
    except AdapterError as error:
        return [error] * len(rows)


def _still_in_doubt(error: AdapterError) -> AdapterError:
    if isinstance(error, OverBudgetError | ConfigurationError | HangingError | BrokenAdapterError):
        return error
    if isinstance(error, TemporaryError):
        return TemporaryError(str(error), retry_after=error.retry_after, may_have_acted=True)
    return AmbiguousError(str(error))
