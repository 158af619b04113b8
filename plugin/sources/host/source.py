"""LMS hosts as a source: events carry the learner, and rules decide on the badges."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence

import pluggy

from ....hooks import CourseCompleted, Learner, SkillCreated
from ....hooks.schemas import schema_of
from ...providers.backoff import backoff
from ...rules.evaluate import Completion, Verdict, evaluate_rule, past_completion
from ...rules.lookup import rules_for
from ...rules.skill_badges import take_skill
from ...rules.template_matching import SkillTemplates
from ...store import InboxEvent, Plan, Store, host_lane
from ..decisions import Decided, Decision, Dies, Done, Earns, Ignores, Waits
from ..recipients import recipient_of

FILE_SECONDS = 10.0
"""Seconds before a completion that waits for a file is decided again."""

log = logging.getLogger("badgerelay.delivery")


class HostSource:
    """Decides on the events of LMS hosts.

    :param managers: the pluggy managers of the hosts registered in this process, by source.
    """

    def __init__(self, store: Store, managers: Mapping[str, pluggy.PluginManager]) -> None:
        self._store = store
        self._managers = managers

    def decide(self, events: Sequence[InboxEvent]) -> Iterator[list[Decided]]:
        """Yield one decision at a time."""
        templates = SkillTemplates(self._store, "")
        for event in events:
            yield [(event, self._decide(event, templates))]

    def _decide(self, event: InboxEvent, templates: SkillTemplates) -> Decision:
        if event.kind == "skill_created":
            skill: SkillCreated = schema_of(event.kind).load(json.loads(event.payload))
            return Done(take_skill(self._store, "", event.source, skill, templates))
        if event.kind == "csv_imported":
            from .csv_events import decide_csv_imported  # rarely needed, and slow to import

            return decide_csv_imported(self._store, event)
        completed: CourseCompleted = schema_of(event.kind).load(json.loads(event.payload))
        verdicts = evaluate_rules(self._store, event, completed)
        if not verdicts and completed.passed is not False:
            if (number := self._store.inbox.file_before(event)) is not None:
                return Waits(f"event {number} comes first: its file may tie what was completed", FILE_SECONDS)
            verdicts = evaluate_rules(
                self._store, event, completed
            )  # with the files that were imported in the meantime
        met = [verdict for verdict in verdicts if verdict.met_at is not None]
        if not met:
            return _earns_nothing(completed, verdicts)
        learner = completed.learner if completed.learner.email else self._ask(event)
        if learner is None or not learner.email:
            return self._without_address(event)
        recipient = recipient_of(learner)
        plans = {
            (each.rule.connection, each.rule.template_id): Plan(
                each.rule.connection,
                each.rule.template_id,
                recipient,
                each.met_at or completed.occurred_at.timestamp(),
            )
            for each in met
        }
        origin = "came with the event" if completed.learner.email else "came from the host"
        reasons = "; ".join(verdict.why for verdict in met)
        none = "".join(f"; none of it: {verdict.why}" for verdict in verdicts if verdict.met_at is None)
        return Earns(tuple(plans.values()), f"by {reasons}; the learner's e-mail {origin}{none}")

    def _without_address(self, event: InboxEvent) -> Decision:
        if event.source not in self._managers:
            return Waits("waiting for the host to give the learner's e-mail", 0.0, host_lane(event.source))
        if event.attempts >= 30:
            return Dies("the host does not know the learner's e-mail (hook resolve_learner)")
        return Waits(
            "the host did not give the learner's e-mail (hook resolve_learner)",
            backoff(event.attempts, base=1.0, cap=3600.0),
            counts=True,
        )

    def _ask(self, event: InboxEvent) -> Learner | None:
        manager = self._managers.get(event.source)
        if manager is None:
            return None
        try:
            learner = manager.hook.resolve_learner(source=event.source, learner_id=event.learner_id)
        except Exception as error:
            log.error("resolve_learner of %s raised %s", event.source, type(error).__name__)
            return None
        return learner if isinstance(learner, Learner) else None


def evaluate_rules(store: Store, event: InboxEvent, completed: CourseCompleted) -> list[Verdict]:
    """Return the verdict of each rule that names the completed learning object.

    :param event: the inbox event. The learner's earlier events are read if a rule needs several completions.
    :param completed: the event's content.
    """
    now = _completion_of(completed)
    object_ = completed.learning_object
    rules = rules_for(store, event.source, [object_.id], object_.instance_id, object_.kind)
    before: list[Completion] = []
    if any(rule.need > 1 for rule in rules):
        learner_id = completed.learner.id
        earlier = store.completions.of("", event.source, learner_id, ["course_completed"])
        past = store.completions.past("", event.source, learner_id, event.backfill)
        before = [_completion_of(schema_of("course_completed").load(json.loads(each.payload))) for each in earlier]
        before += [past_completion(each) for each in past]
    return [evaluate_rule(rule, [now] if rule.need == 1 else [*before, now]) for rule in rules]


def _completion_of(event: CourseCompleted) -> Completion:
    ids = frozenset(filter(None, (event.learning_object.id, event.learning_object.instance_id)))
    return Completion(ids, event.occurred_at.timestamp(), event.passed, event.score)


def _earns_nothing(event: CourseCompleted, verdicts: Sequence[Verdict]) -> Decision:
    if verdicts:
        return Ignores("; ".join(verdict.why for verdict in verdicts))
    if event.passed is False:
        return Ignores("completed without passing")
    missing = f"no rule gives a badge for {event.learning_object.id}: see `badgerelay rules add`"
    return Ignores(missing, unmapped=True)
