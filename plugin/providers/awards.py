"""Awards as adapters see them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from ...adapters.values import Award, Recipient
from ..store import LedgerAward, Plan


def award_of(row: LedgerAward) -> Award:
    """Return an award of the ledger as adapters see it."""
    plan = Plan(row.connection, row.template_id, json.loads(row.recipient), row.issued_at, row.period)
    return award_planned(plan, f"{row.source}:{row.learner_id}", id=str(row.id))


def award_planned(plan: Plan, earner_id: str, *, id: str = "") -> Award:  # noqa: A002 (the field's name)
    """Return a planned award as adapters see it. :param id: empty where the award is not in the ledger."""
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
