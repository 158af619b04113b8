"""The look-ups in our own store that an evaluation needs: rules, issuers, spellings, earlier completions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from ....rules.evaluate import Completion, past_completion
from ....rules.lookup import rules_for
from ....store import Connection, InboxEvent, Store
from ....store.catalogue.rules import Rule
from ..api.documents import BadgeRecord
from ..api.learning_objects import CERTIFICATION
from ..webhook.decoder import DeliveredEvent
from ..webhook.event_names import COMPLETED
from ..webhook.triage import account_of, triage
from .cases import decode_payload
from .evaluate import Inputs, Issuers
from .learning_objects import LearningObjectFacts, LearningObjectFetch, Level
from .skill_progress import SkillFetch, Skills

MAX_PERIOD = 64
"""Maximum characters of a period in the ledger."""


class RuleInputs:
    """Fetches the inputs of evaluations for one batch of events; each question is asked once."""

    def __init__(
        self, store: Store, connection: Connection, learning_objects: LearningObjectFetch, skills: SkillFetch
    ) -> None:
        self._store = store
        self._connection = connection
        self._learning_objects = learning_objects
        self._skills = skills
        self._issuers = _issuers_of(store, connection)
        self._spellings: dict[tuple[str, str], str] = {}
        self._rules: dict[tuple[frozenset[str], str | None], list[Rule]] = {}
        self._earlier: dict[tuple[str, str | None, int | None], tuple[Completion, ...]] = {}

    def of_completion(self, event: InboxEvent, delivered: DeliveredEvent, facts: LearningObjectFacts) -> Inputs:
        """Return the inputs for a completion.

        :param facts: ALM's answer on the learning object; empty if ALM was not asked or gave no answer.
        """
        completion = _completion_of(event, delivered, facts.root)
        objects = (delivered.lo_id, facts.root, *(level.object for level in facts.levels))
        rules = self._rules_for(frozenset(each for each in objects if each), delivered.lo_instance_id)
        period = period_of(delivered.lo_id or "")
        return self._inputs(event, completion, rules, period, facts.badge, facts.levels)

    def of_skill_level(self, event: InboxEvent, level: Level, skills: Skills) -> Inputs:
        """Return the inputs for an achieved skill level. :param skills: the learner's, with this level achieved."""
        at = skills[level.object].at
        completion = Completion(frozenset([level.object]), event.received_at if at is None else at)
        return self._inputs(event, completion, self._rules_for(completion.objects), "", level.badge, ())

    def _inputs(
        self,
        event: InboxEvent,
        completion: Completion,
        rules: list[Rule],
        period: str,
        badge: BadgeRecord | None,
        levels: tuple[Level, ...],
    ) -> Inputs:
        several = any(rule.need > 1 and completion.objects.intersection(rule.objects) for rule in rules)
        return Inputs(
            completion=completion,
            rules=tuple(rules),
            issuers=self._issuers,
            earlier=self._earlier_of(event) if several else (),
            period=period,
            badge=badge,
            levels=levels,
            spellings=self._spellings_of(badge),
        )

    def _rules_for(self, objects: frozenset[str], instance: str | None = None) -> list[Rule]:
        key = (objects, instance)
        if key not in self._rules:
            self._rules[key] = rules_for(self._store, self._connection.name, objects, instance)
        return self._rules[key]

    def _spellings_of(self, badge: BadgeRecord | None) -> dict[tuple[str, str], str]:
        """Return the catalogue's spelling: a migration's CSVs, and so ALM, may write an id in another case."""
        issuer = None if badge is None else self._issuers.issuer_of(badge)
        if badge is None or badge.template_id is None or issuer is None:
            return {}
        key = (issuer, badge.template_id)
        if key not in self._spellings:
            self._spellings[key] = self._store.catalogue.spelled(*key)
        return {key: self._spellings[key]}

    def _earlier_of(self, event: InboxEvent) -> tuple[Completion, ...]:
        """Return all that the learner has completed so far, by the inbox, and the skill levels, by ALM."""
        learner_id = event.learner_id or ""
        key = (event.source, event.learner_id, event.backfill)
        if key not in self._earlier:
            own = self._connection.settings["account_id"]
            events = [
                (kept, delivered)
                for kept in self._store.completions.of(event.connection, event.source, learner_id, COMPLETED)
                if triage(delivered := decode_payload(kept.payload), account_of(kept.source), own)[0] == "received"
            ]
            past = self._store.completions.past(event.connection, event.source, learner_id, event.backfill)
            objects = {delivered.lo_id or "" for _, delivered in events} | {each.lo_id for each in past}
            roots = self._learning_objects.roots(filter(_is_certification, objects))
            self._earlier[key] = (
                *(_completion_of(kept, delivered, roots.get(delivered.lo_id or "")) for kept, delivered in events),
                *(past_completion(each, roots.get(each.lo_id)) for each in past),
                *_achieved(self._skills.achieved(learner_id)),
            )
        return self._earlier[key]


def period_of(lo_id: str) -> str:
    """Return the period in which completing a learning object earns its badge once: the id of a certification.

    Each renewal of a recurring certification has a new id, which both names of a completion and every redelivery
    have too. Any other learning object earns its badge once and for all: the period is empty.
    """
    if not _is_certification(lo_id):
        return ""
    return lo_id if len(lo_id) <= MAX_PERIOD else hashlib.sha256(lo_id.encode()).hexdigest()


def _issuers_of(store: Store, connection: Connection) -> Issuers:
    names = connection.settings["provider"]
    types = store.connections.types_of(names)
    by_provider = {types[name].lower(): name for name in names if name in types}
    return Issuers(by_provider, tuple(name for name in names if name not in types))


def _is_certification(lo_id: str | None) -> bool:
    return (lo_id or "").startswith(CERTIFICATION)


def _completion_of(event: InboxEvent, delivered: DeliveredEvent, root: str | None) -> Completion:
    moment = delivered.completed_at or delivered.occurred_at
    ids = (delivered.lo_id, delivered.lo_instance_id, root)
    at = moment.timestamp() if moment else event.received_at
    return Completion(frozenset(each for each in ids if each), at, delivered.passed)


def _achieved(skills: Skills) -> Iterable[Completion]:
    return (
        Completion(frozenset([each]), progress.at) for each, progress in skills.items() if progress.at is not None
    )
