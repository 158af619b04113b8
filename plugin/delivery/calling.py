"""Calls to an adapter, contained: whatever it raises or gives, what comes out is an outcome."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.engine import Row

from ...adapters.base import Adapter, Award, IssuedBadge, Outcome, Recipient
from ...adapters.errors import (
    AdapterError,
    AmbiguousError,
    ConfigurationError,
    OverBudgetError,
    TemporaryError,
)

MAX_BADGE_ID = 255
"""Characters of a provider's badge id."""

log = logging.getLogger("badgerelay.delivery")


def halting(outcomes: Sequence[Outcome | None]) -> AdapterError | None:
    """What concerns the whole connection, so that no further call is made."""
    return next((each for each in outcomes if isinstance(each, ConfigurationError | OverBudgetError)), None)


def award_of(row: Row[Any]) -> Award:
    """The ledger's row as adapters see it."""
    recipient = json.loads(row.recipient)
    return Award(
        id=str(row.id),
        template_id=row.template_id,
        recipient=Recipient(
            email=recipient["email"] or "",
            first_name=recipient["first_name"] or "",
            last_name=recipient["last_name"] or "",
            earner_id=f"{row.source}:{row.learner_id}",
            locale=recipient["locale"],
        ),
        issued_at=datetime.fromtimestamp(row.issued_at, UTC),
        period=row.period,
    )


def look(adapter: Adapter, row: Row[Any]) -> Outcome | None:
    """The badge if it is there, None if it is not, or the error that kept us from knowing: then nothing is sent."""
    try:
        badge = adapter.find(award_of(row))
        return None if badge is None else checked(adapter, replace(badge, existed=True))
    except AdapterError as error:
        return _still_in_doubt(error)
    except Exception as error:
        return surprise(adapter, error)


def issue(adapter: Adapter, rows: Sequence[Row[Any]]) -> list[Outcome]:
    try:
        outcomes = list(adapter.issue([award_of(row) for row in rows]))
        if len(outcomes) != len(rows):
            raise ValueError(f"{len(outcomes)} outcomes for {len(rows)} awards")
    except AdapterError as error:
        return [error] * len(rows)
    except Exception as error:
        return [surprise(adapter, error)] * len(rows)
    return [checked(adapter, outcome) for outcome in outcomes]


def checked(adapter: Adapter, outcome: Any) -> Outcome:
    """The outcome, or a surprise where it is none, or a badge whose id could not be kept."""
    if isinstance(outcome, AdapterError):
        return outcome
    if isinstance(outcome, IssuedBadge) and isinstance(outcome.id, str) and 0 < len(outcome.id) <= MAX_BADGE_ID:
        return outcome
    return surprise(adapter, TypeError("no outcome"))


class _SurpriseError(AdapterError):
    """An adapter raised what it may not, or broke its contract."""


def surprise(adapter: Adapter, error: Exception) -> _SurpriseError:
    # The frames without the message, which may quote what the adapter was handed.
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("the adapter %s broke its contract: %s\n%s", adapter.name, type(error).__name__, frames)
    return _SurpriseError(f"the adapter {adapter.name} failed with {type(error).__name__}; the log has it")


def _still_in_doubt(error: AdapterError) -> AdapterError:
    if isinstance(error, OverBudgetError):
        return error
    if isinstance(error, TemporaryError):
        return TemporaryError(str(error), retry_after=error.retry_after, may_have_acted=True)
    return error if isinstance(error, ConfigurationError) else AmbiguousError(str(error))
