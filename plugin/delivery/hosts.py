"""LMS hosts as a source: their events carry the learner, and the rules say which badge."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pluggy
from sqlalchemy.engine import Row

from ...hooks import CourseCompleted, Learner
from ...hooks.schemas import schema_of
from ..names import split_name
from ..store import Plan, Store, host_lane
from .backoff import backoff
from .decisions import Decided, Decision, Dies, Earns, Ignores, Waits

UNDECIDED_SECONDS = 86400.0
"""How often an event for which there are no rules yet is looked at again."""

log = logging.getLogger("badgerelay.delivery")


class HostSource:
    """:param managers: the pluggy managers of hosts registered in this process, by source."""

    def __init__(self, store: Store, managers: Mapping[str, pluggy.PluginManager]) -> None:
        self._store = store
        self._managers = managers

    def decide(self, events: Sequence[Row[Any]]) -> Iterator[list[Decided]]:
        for row in events:
            yield [(row, self._decide(row))]

    def _decide(self, row: Row[Any]) -> Decision:
        if row.kind != "course_completed":
            return Waits(f"there are no rules for {row.kind} events yet", UNDECIDED_SECONDS)
        event: CourseCompleted = schema_of(row.kind).load(json.loads(row.payload))
        if event.passed is False:
            return Ignores("completed without passing")
        wanted = [event.learning_object.id]
        if event.learning_object.instance_id:
            wanted.append(event.learning_object.instance_id)
        rules = self._store.catalogue.rules_for(row.source, wanted)
        if not rules:
            return Ignores(
                f"no rule gives a badge for {event.learning_object.id}: see `badgerelay rules add`", unmapped=True
            )
        learner = event.learner if event.learner.email else self._ask(row)
        if learner is None or not learner.email:
            if row.source not in self._managers:
                return Waits("waiting for the host to tell the learner's e-mail", 0.0, host_lane(row.source))
            if row.attempts >= 30:
                return Dies("the host does not know the learner's e-mail (hook resolve_learner)")
            return Waits(
                "the host did not tell the learner's e-mail (hook resolve_learner)",
                backoff(row.attempts, base=1.0, cap=3600.0),
                counts=True,
            )
        recipient = recipient_of(learner)
        issued_at = event.occurred_at.timestamp()
        plans = tuple(Plan(rule.connection, rule.template_id, recipient, issued_at) for rule in rules)
        origin = "came with the event" if event.learner.email else "was told by the host"
        numbers = ", ".join(str(rule.id) for rule in rules)
        return Earns(plans, f"by rule {numbers}; the learner's e-mail {origin}")

    def _ask(self, row: Row[Any]) -> Learner | None:
        manager = self._managers.get(row.source)
        if manager is None:
            return None
        try:
            learner = manager.hook.resolve_learner(source=row.source, learner_id=row.learner_id)
        except Exception as error:
            log.error("resolve_learner of %s raised %s", row.source, type(error).__name__)
            return None
        return learner if isinstance(learner, Learner) else None


def recipient_of(learner: Learner) -> dict[str, str | None]:
    """The recipient as the ledger keeps it."""
    first, last = split_name(learner.name or "")
    return {
        "email": (learner.email or "").strip().lower(),
        "first_name": learner.first_name or first,
        "last_name": learner.last_name or last,
        "locale": learner.locale,
    }
