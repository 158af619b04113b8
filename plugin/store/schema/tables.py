"""All tables of the store, by name.

Times are seconds since the epoch (UTC). Every table carries the connection, so that tenants never mix. A lease is a
``due_at`` in the future together with a ``lease_owner``: when the owner dies, the row is due again.
"""

from .awards import (
    AWARD_ENDED,
    AWARD_OPEN,
    AWARD_STATES,
    AWARD_TO_SEND,
    HeldReason,
    awards,
    notifications,
)
from .backfills import (
    backfill_badges,
    backfill_completions,
    backfills,
)
from .base import (
    Number,
    metadata,
)
from .catalogue import (
    known_skills,
    rule_objects,
    rules,
    skill_levels,
    template_changes,
    templates,
)
from .connections import (
    award_hours,
    budgets,
    cache,
    connections,
    heartbeats,
    locks,
    measurements,
    records,
    schedule,
    storage,
)
from .events import (
    EVENT_ENDED,
    EVENT_OPEN,
    EVENT_STATES,
    EVENT_UNMAPPED,
    events,
    history,
)
from .imports import (
    imported_rows,
    imports,
    migration_runs,
)

__all__ = [
    "AWARD_ENDED",
    "AWARD_OPEN",
    "AWARD_STATES",
    "AWARD_TO_SEND",
    "EVENT_ENDED",
    "EVENT_OPEN",
    "EVENT_STATES",
    "EVENT_UNMAPPED",
    "HeldReason",
    "Number",
    "award_hours",
    "awards",
    "backfill_badges",
    "backfill_completions",
    "backfills",
    "budgets",
    "cache",
    "connections",
    "events",
    "heartbeats",
    "history",
    "imported_rows",
    "imports",
    "known_skills",
    "locks",
    "measurements",
    "metadata",
    "migration_runs",
    "notifications",
    "records",
    "rule_objects",
    "rules",
    "schedule",
    "skill_levels",
    "storage",
    "template_changes",
    "templates",
]
