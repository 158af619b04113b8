"""LMS hosts as a source: their events carry the learner, and the rules say which badge."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence

import pluggy

from ....hooks import CourseCompleted, Learner, SkillCreated
from ....hooks.schemas import schema_of
from ...providers.backoff import backoff
from ...rules.evaluate import Completion, Verdict, judge, past_completion
from ...rules.lookup import rules_for
from ...rules.skill_badges import take_skill
from ...rules.template_matching import SkillTemplates
from ...store import InboxEvent, Plan, Store, host_lane
from ..decisions import Decided, Decision, Dies, Done, Earns, Ignores, Waits
from ..recipients import split_name

FILE_SECONDS = 10.0
"""Until a completion is looked at again that waits for a file."""

log = logging.getLogger("badgerelay.delivery")


class HostSource:
    """:param managers: the pluggy managers of hosts registered in this process, by source."""

    def __init__(self, store: Store, managers: Mapping[str, pluggy.PluginManager]) -> None:
        self._store = store
        self._managers = managers

    def decide(self, events: Sequence[InboxEvent]) -> Iterator[list[Decided]]:
        templates = SkillTemplates(self._store, "")
        for row in events:
            yield [(row, self._decide(row, templates))]

    def _decide(self, row: InboxEvent, templates: SkillTemplates) -> Decision:
        if row.kind == "skill_created":
            skill: SkillCreated = schema_of(row.kind).load(json.loads(row.payload))
            return Done(take_skill(self._store, "", row.source, skill, templates))
        if row.kind == "csv_imported":
            from .csv_events import decide_csv_imported  # rarely needed, and no small part of the start

            return decide_csv_imported(self._store, row)
        event: CourseCompleted = schema_of(row.kind).load(json.loads(row.payload))
        verdicts = judge_event(self._store, row, event)
        if not verdicts and event.passed is not False:
            if (number := self._store.inbox.file_before(row)) is not None:
                return Waits(f"event {number} comes first: its file may tie what was completed", FILE_SECONDS)
            verdicts = judge_event(self._store, row, event)  # by what has been imported since
        met = [verdict for verdict in verdicts if verdict.met_at is not None]
        if not met:
            return _earns_nothing(event, verdicts)
        learner = event.learner if event.learner.email else self._ask(row)
        if learner is None or not learner.email:
            return self._without_address(row)
        recipient = recipient_of(learner)
        plans = {
            (each.rule.connection, each.rule.template_id): Plan(
                each.rule.connection, each.rule.template_id, recipient, each.met_at or event.occurred_at.timestamp()
            )
            for each in met
        }
        origin = "came with the event" if event.learner.email else "was told by the host"
        reasons = "; ".join(verdict.why for verdict in met)
        none = "".join(f"; none of it: {verdict.why}" for verdict in verdicts if verdict.met_at is None)
        return Earns(tuple(plans.values()), f"by {reasons}; the learner's e-mail {origin}{none}")

    def _without_address(self, row: InboxEvent) -> Decision:
        if row.source not in self._managers:
            return Waits("waiting for the host to tell the learner's e-mail", 0.0, host_lane(row.source))
        if row.attempts >= 30:
            return Dies("the host does not know the learner's e-mail (hook resolve_learner)")
        return Waits(
            "the host did not tell the learner's e-mail (hook resolve_learner)",
            backoff(row.attempts, base=1.0, cap=3600.0),
            counts=True,
        )

    def _ask(self, row: InboxEvent) -> Learner | None:
        manager = self._managers.get(row.source)
        if manager is None:
            return None
        try:
            learner = manager.hook.resolve_learner(source=row.source, learner_id=row.learner_id)
        except Exception as error:
            log.error("resolve_learner of %s raised %s", row.source, type(error).__name__)
            return None
        return learner if isinstance(learner, Learner) else None


def judge_event(store: Store, row: InboxEvent, event: CourseCompleted) -> list[Verdict]:
    """What each rule that names the completed learning object says.

    :param row: the event's, whose learner's earlier ones are looked up where a rule needs several.
    """
    now = _completion_of(event)
    place = event.learning_object
    rules = rules_for(store, row.source, [place.id], place.instance_id, place.kind)
    before: list[Completion] = []
    if any(rule.need > 1 for rule in rules):
        rows = store.completions.of("", row.source, event.learner.id, ["course_completed"])
        past = store.completions.past("", row.source, event.learner.id, row.backfill)
        before = [_completion_of(schema_of("course_completed").load(json.loads(each.payload))) for each in rows]
        before += [past_completion(each) for each in past]
    return [judge(rule, [now] if rule.need == 1 else [*before, now]) for rule in rules]


def recipient_of(learner: Learner) -> dict[str, str | None]:
    """The recipient as the ledger keeps it."""
    first, last = split_name(learner.name or "")
    return {
        "email": (learner.email or "").strip().lower(),
        "first_name": learner.first_name or first,
        "last_name": learner.last_name or last,
        "locale": learner.locale,
    }


def _completion_of(event: CourseCompleted) -> Completion:
    place = event.learning_object
    ids = frozenset(each for each in (place.id, place.instance_id) if each)
    return Completion(ids, event.occurred_at.timestamp(), event.passed, event.score)


def _earns_nothing(event: CourseCompleted, verdicts: Sequence[Verdict]) -> Decision:
    if verdicts:
        return Ignores("; ".join(verdict.why for verdict in verdicts))
    if event.passed is False:
        return Ignores("completed without passing")
    missing = f"no rule gives a badge for {event.learning_object.id}: see `badgerelay rules add`"
    return Ignores(missing, unmapped=True)
