"""What a completion in ALM, or an achieved skill level, gives: by the account's own badges and by our rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from ....rules.evaluate import Completion, Verdict, judge, past_completion
from ....rules.lookup import rules_for
from ....store import Connection, InboxEvent, Store
from ....store.catalogue.rules import Rule
from ..api.documents import BadgeRecord
from ..api.learning_objects import CERTIFICATION
from ..webhook.decoder import DeliveredEvent, decode
from ..webhook.event_names import COMPLETED
from ..webhook.triage import account_of, fate_of
from .learning_objects import Facts, Level, Places
from .skill_progress import Achievements, Skills

MAX_PERIOD = 64
"""Characters that the ledger keeps of a period."""

SKILL = "skill:"


@dataclass(frozen=True, slots=True)
class Target:
    """An award to be.

    :param at: with ``period`` as ``issued_at`` and ``period`` of a plan.
    :param how: by what it is earned.
    """

    connection: str
    template_id: str
    at: float
    period: str
    how: str


@dataclass(slots=True)
class Weighed:
    """What something gives.

    :ivar short: why rules that name it give nothing, and why ALM's own badge does not.
    :ivar tied: whether anything is tied to it at all.
    :ivar stranded: ALM's own badge has a template, and the connection that would issue it is gone.
    :ivar levels: skill levels whose badge depends on whether ALM has them as achieved.
    :ivar told: whence it is known.
    """

    targets: list[Target] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    tied: bool = False
    stranded: bool = False
    levels: list[Level] = field(default_factory=list)
    told: str = ""

    def give(self, target: Target) -> None:
        """One badge once, however many ways lead to it; a period says more than none."""
        for index, other in enumerate(self.targets):
            if (other.connection, other.template_id) == (target.connection, target.template_id):
                if target.period and not other.period:
                    self.targets[index] = target
                return
        self.targets.append(target)


class Weighing:
    """Of one batch of events."""

    def __init__(self, store: Store, connection: Connection, places: Places, achievements: Achievements) -> None:
        self._store = store
        self._connection = connection
        self._places = places
        self._achievements = achievements
        self._providers: dict[str, str] = {}
        self._gone: list[str] = []
        for name in connection.settings["provider"]:
            provider = store.connections.get(name)
            if provider is None:
                self._gone.append(name)
            else:
                self._providers[provider.type.lower()] = name
        self._spelled: dict[tuple[str, str], str] = {}
        self._rules: dict[tuple[frozenset[str], str | None], list[Rule]] = {}
        self._completed: dict[tuple[str, str, int | None], list[Completion]] = {}

    def completion(self, row: InboxEvent, event: DeliveredEvent, facts: Facts) -> Weighed:
        """:param facts: none where ALM was not asked, as of what was not passed: only rules may give a badge then."""
        ids = frozenset(each for each in (event.lo_id, event.lo_instance_id, facts.root) if each)
        moment = event.completed_at or event.occurred_at
        now = Completion(ids, moment.timestamp() if moment else row.received_at, event.passed)
        objects = (event.lo_id, facts.root, *(level.object for level in facts.levels))
        rules = self._rules_for(frozenset(each for each in objects if each), event.lo_instance_id)
        weighed = Weighed()
        period = period_of(event.lo_id or "")
        if event.passed is not False:
            weighed.levels += self._levels(facts.levels, rules)
        for rule in rules:
            if ids.intersection(rule.objects):
                weighed.tied = True
                verdict = self._judge(rule, now, row)
                self._count(weighed, verdict, period if len(rule.objects) == 1 else "")
        if event.passed is not False and facts.badge is not None:
            self._add_badge(weighed, facts.badge, now.at, period)
        return weighed

    def achievement(self, row: InboxEvent, level: Level, skills: Skills) -> Weighed:
        """:param skills: of the learner, with this level achieved."""
        at = skills[level.object].at
        now = Completion(frozenset([level.object]), row.received_at if at is None else at)
        weighed = Weighed()
        for rule in self._rules_for(now.objects):
            weighed.tied = True
            self._count(weighed, self._judge(rule, now, row), "")
        if level.badge is not None:
            self._add_badge(weighed, level.badge, now.at, "")
        return weighed

    def _rules_for(self, objects: frozenset[str], instance: str | None = None) -> list[Rule]:
        key = (objects, instance)
        if key not in self._rules:
            self._rules[key] = rules_for(self._store, self._connection.name, objects, instance)
        return self._rules[key]

    def _judge(self, rule: Rule, now: Completion, row: InboxEvent) -> Verdict:
        if rule.need == 1:  # nothing that was before is needed, and a renewal has a date of its own
            return judge(rule, [now])
        return judge(rule, [*self._before(row), now])

    def _count(self, weighed: Weighed, verdict: Verdict, period: str) -> None:
        rule = verdict.rule
        if verdict.met_at is not None:
            weighed.give(Target(rule.connection, rule.template_id, verdict.met_at, period, f"by {verdict.why}"))
            return
        weighed.short.append(verdict.why)
        known = {level.object for level in weighed.levels}
        for missing in verdict.missing:
            if missing.startswith(SKILL) and missing not in known and len(rule.objects) > 1:
                weighed.levels.append(Level(missing, None, None))

    def _levels(self, levels: Iterable[Level], rules: list[Rule]) -> list[Level]:
        """Those that a rule names, or whose own badge is the provider's."""
        named = {each for rule in rules for each in rule.objects}
        return [
            level
            for level in levels
            if level.object in named or (level.badge is not None and self._refusal(level.badge) is None)
        ]

    def _add_badge(self, weighed: Weighed, badge: BadgeRecord, at: float, period: str) -> None:
        refusal = self._refusal(badge)
        if refusal is not None:
            weighed.short.append(refusal)
            return
        weighed.tied = True
        name = self._providers.get(str(badge.provider).lower())
        if name is None:
            weighed.stranded = True
            weighed.short.append(f"there is no provider connection {self._gone[0]!r}")
            return
        how = f"by its badge {badge.id} in ALM"
        weighed.give(Target(name, self._spelling(name, str(badge.template_id)), at, period, how))

    def _spelling(self, name: str, template_id: str) -> str:
        """As the ledger has it: a migration's CSVs, and so ALM, may write an id in other cases than the provider."""
        key = (name, template_id)
        if key not in self._spelled:
            self._spelled[key] = self._store.catalogue.spelled(name, template_id)
        return self._spelled[key]

    def _refusal(self, badge: BadgeRecord) -> str | None:
        """Why a badge of ALM gives none of a provider's, whose connection may be gone for now."""
        if badge.template_id is None or badge.provider is None:
            return f"its badge {badge.id} in ALM names no badge template of a provider"
        if self._gone or badge.provider.lower() in self._providers:
            return None
        ours = ", ".join(f"{name!r} ({provider})" for provider, name in self._providers.items())
        return f"its badge {badge.id} in ALM belongs to the provider {badge.provider!r}, and this account has {ours}"

    def _before(self, row: InboxEvent) -> list[Completion]:
        """All that the learner has completed so far, as the inbox knows it, and the skill levels as ALM does."""
        learner = row.learner_id or ""
        key = (row.source, learner, row.backfill)
        if key not in self._completed:
            own = self._connection.settings["account_id"]
            events = [
                (event, kept)
                for kept in self._store.completions.of(row.connection, row.source, learner, COMPLETED)
                if fate_of(event := event_of(kept.payload), account_of(kept.source), own)[0] == "received"
            ]
            past = self._store.completions.past(row.connection, row.source, learner, row.backfill)
            objects = {event.lo_id or "" for event, _ in events} | {each.lo_id for each in past}
            roots = self._places.roots(filter(_is_certification, objects))
            self._completed[key] = [
                *(_completion_of(event, kept, roots) for event, kept in events),
                *(past_completion(each, roots.get(each.lo_id)) for each in past),
                *(
                    Completion(frozenset([level]), progress.at)
                    for level, progress in self._achievements.achieved(learner).items()
                    if progress.at is not None
                ),
            ]
        return self._completed[key]


def event_of(payload: str) -> DeliveredEvent:
    """The event of an inbox row."""
    return decode(f'{{"events":[{payload}]}}'.encode()).events[0]


def period_of(lo_id: str) -> str:
    """The period in which completing a learning object earns its badge once: of a certification its id.

    Each renewal of a recurring certification has a new one, which both names of a completion and every redelivery
    have too. What is no certification is earned once for all: empty.
    """
    if not _is_certification(lo_id):
        return ""
    return lo_id if len(lo_id) <= MAX_PERIOD else hashlib.sha256(lo_id.encode()).hexdigest()


def _is_certification(lo_id: str | None) -> bool:
    return (lo_id or "").startswith(CERTIFICATION)


def _completion_of(event: DeliveredEvent, row: InboxEvent, roots: dict[str, str]) -> Completion:
    moment = event.completed_at or event.occurred_at
    ids = (event.lo_id, event.lo_instance_id, roots.get(event.lo_id or ""))
    return Completion(
        frozenset(each for each in ids if each), moment.timestamp() if moment else row.received_at, event.passed
    )
