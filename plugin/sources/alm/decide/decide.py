"""One batch of completions in ALM: collect the look-ups, fetch what they need, evaluate, decide.

Answers of earlier batches come first, then one look-up after the other, so that no badge waits for the last look-up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .....adapters.errors import RejectedError
from ....providers.backoff import backoff
from ....store import Connection, InboxEvent, Store
from ....store.answer_cache import Cache
from ...decisions import Decided, Decision, Dies, Ignores, Waits
from ..api.client import AlmClient
from ..api.errors import FailedRequestError, UnknownRecordError
from .cases import CompletionCase, SkillCheckCase
from .conclude import (
    FAILED_SECONDS,
    MAX_UNKNOWN,
    NO_BADGE,
    NOT_PASSED,
    conclude_award,
    conclude_without_badge,
    explain,
    unknown_to_alm,
    wait_after_failure,
)
from .evaluate import Earned, evaluate
from .learners import LEARNERS_AT_ONCE, LearnerAnswer, LearnerFetch
from .learning_objects import InstanceKey, LearningObjectAnswer, LearningObjectFacts, LearningObjectFetch
from .rule_inputs import RuleInputs
from .skill_checks import pause_after, shortfall
from .skill_progress import SkillFetch

_NOTHING = LearningObjectFacts(None)


@dataclass(frozen=True, slots=True)
class LookupPlan:
    """The look-ups that a batch needs, before any is made.

    :param not_passed: completions that need no look-up of the learning object, since only rules may give a badge.
    :param by_instance: the other completions, by the learning object and the instance to look up.
    :param learner_ids: the learners of all events.
    """

    not_passed: tuple[CompletionCase, ...]
    by_instance: Mapping[InstanceKey, Sequence[CompletionCase]]
    learner_ids: frozenset[str]


def collect_lookups(completions: Sequence[CompletionCase], checks: Sequence[SkillCheckCase]) -> LookupPlan:
    """Return the look-ups that these events need, each once."""
    by_instance: dict[InstanceKey, list[CompletionCase]] = {}
    for case in completions:
        if case.delivered.passed is not False:
            by_instance.setdefault(case.instance, []).append(case)
    events = [*(case.event for case in completions), *(check.event for check in checks)]
    not_passed = tuple(case for case in completions if case.delivered.passed is False)
    return LookupPlan(not_passed, by_instance, frozenset(event.learner_id or "" for event in events))


@dataclass(frozen=True, slots=True)
class _Evaluated:
    """An event that was evaluated. :param origin: where the facts are known from, in words; empty if ALM has none."""

    event: InboxEvent
    earned: Earned
    origin: str = ""


_Evaluation = _Evaluated | tuple[InboxEvent, Decision]
"""An event with what it earns, or with the decision if the facts about it are missing."""


class BatchDecider:
    """Decides on one batch of events, and asks ALM on behalf of it."""

    def __init__(self, store: Store, connection: Connection, cache: Cache, client: AlmClient) -> None:
        self._connection = connection
        self._now = store.now()
        self._learning_objects = LearningObjectFetch(cache, client, self._now)
        self._learners = LearnerFetch(store, connection.name, client, self._now)
        self._skills = SkillFetch(cache, client, self._now)
        self._inputs = RuleInputs(store, connection, self._learning_objects, self._skills)

    @property
    def asked(self) -> list[str]:
        """The learning objects, learners and skills that ALM was asked for."""
        objects = [f"learning object {lo_id}" for lo_id, _ in self._learning_objects.asked]
        skills = [f"skills of learner {learner}" for learner in self._skills.asked]
        return [*objects, *(f"learner {learner}" for learner in self._learners.asked), *skills]

    def decide(
        self, completions: Sequence[CompletionCase], checks: Sequence[SkillCheckCase] = ()
    ) -> Iterator[list[Decided]]:
        """Yield decisions as ``Source.decide`` does.

        :raises AdapterError: ALM answers nobody now; the remaining events are undecided.
        """
        plan = collect_lookups(completions, checks)
        learners = self._learners.known(set(plan.learner_ids))
        without_learner: list[_Evaluated] = []
        yield self._split(map(self._evaluate_not_passed, plan.not_passed), learners, without_learner)
        known = self._learning_objects.known(plan.by_instance)
        for instance in sorted(plan.by_instance, key=lambda each: each not in known):
            answer = known[instance] if instance in known else self._learning_objects.look_up(instance)
            evaluations = [self._evaluate(case, answer) for case in plan.by_instance[instance]]
            yield self._split(evaluations, learners, without_learner)
            # At once, and not after all learning objects: a badge need not wait for the last look-up.
            yield from self._fetch_learners(without_learner)
            without_learner = []
        yield from self._fetch_learners(without_learner)
        # Skill checks come last: ALM answers on one learner at a time, and no badge may be due.
        without_learner = []
        for check in checks:
            yield self._split([self._evaluate_check(check)], learners, without_learner)
        yield from self._fetch_learners(without_learner)

    def _split(
        self,
        evaluations: Iterable[_Evaluation],
        learners: Mapping[str, LearnerAnswer],
        without_learner: list[_Evaluated],
    ) -> list[Decided]:
        """Return the decisions that need no further look-up; the other events join ``without_learner``."""
        decided: list[Decided] = []
        for each in evaluations:
            if not isinstance(each, _Evaluated):
                decided.append(each)
            elif not each.earned.targets:
                decided.append((each.event, conclude_without_badge(each.event, each.earned)))
            elif (each.event.learner_id or "") in learners:
                decided.append((each.event, self._award(each, learners[each.event.learner_id or ""])))
            else:
                without_learner.append(each)
        return decided

    def _fetch_learners(self, evaluated: Sequence[_Evaluated]) -> Iterator[list[Decided]]:
        for start in range(0, len(evaluated), LEARNERS_AT_ONCE):
            some = evaluated[start : start + LEARNERS_AT_ONCE]
            learners = self._learners.look_up({each.event.learner_id or "" for each in some})
            yield [(each.event, self._award(each, learners.get(each.event.learner_id or ""))) for each in some]

    def _evaluate_not_passed(self, case: CompletionCase) -> _Evaluation:
        """Evaluate a completion without passing, by rules alone: ALM gives its own badges to those who passed."""
        earned = evaluate(self._inputs.of_completion(case.event, case.delivered, _NOTHING))
        return _Evaluated(case.event, earned) if earned.tied else (case.event, Ignores(NOT_PASSED))

    def _evaluate(self, case: CompletionCase, answer: LearningObjectAnswer) -> _Evaluation:
        event, facts = case.event, answer if isinstance(answer, LearningObjectFacts) else _NOTHING
        earned = evaluate(self._inputs.of_completion(event, case.delivered, facts))
        evaluated = _Evaluated(event, earned, _origin(case.instance in self._learning_objects.asked))
        if isinstance(answer, LearningObjectFacts):
            if facts.badge is not None:
                return evaluated
            return replace(evaluated, earned=replace(earned, reasons=(*earned.reasons, NO_BADGE)))
        if not earned.targets:
            if isinstance(answer, UnknownRecordError):
                return event, unknown_to_alm(event, "ALM does not know the learning object yet")
            if isinstance(answer, RejectedError):
                return event, Dies(str(answer))
            return event, wait_after_failure(event, answer, self._now)
        # A rule gives a badge whatever ALM says, and ALM may have another: the event waits for it, but not for ever.
        if isinstance(answer, RejectedError) or event.attempts >= MAX_UNKNOWN:
            return evaluated
        return event, Waits(str(answer), backoff(event.attempts, base=FAILED_SECONDS, cap=600.0), counts=True)

    def _evaluate_check(self, case: SkillCheckCase) -> _Evaluation:
        event, level = case.event, case.check.level
        skills = self._skills.of(event.learner_id or "", level.object)
        if isinstance(skills, UnknownRecordError):
            return event, unknown_to_alm(event, "ALM does not know the learner's skills yet")
        if isinstance(skills, FailedRequestError):
            return event, wait_after_failure(event, skills, self._now)
        if isinstance(skills, RejectedError):
            return event, Dies(str(skills))
        progress = skills.get(level.object)
        if progress is not None and progress.at is not None:
            earned = evaluate(self._inputs.of_skill_level(event, level, skills))
            return _Evaluated(event, earned, _origin(event.learner_id in self._skills.asked))
        pause, reason = pause_after(self._now - event.received_at, level, progress), shortfall(level, progress)
        return event, Ignores(reason) if pause is None else Waits(reason, pause, counts=True)

    def _award(self, evaluated: _Evaluated, learner: LearnerAnswer) -> Decision:
        event, earned = evaluated.event, evaluated.earned
        learner_origin = _origin(event.learner_id in self._learners.asked)
        how = explain(earned, event.learner_id, origin=evaluated.origin, learner_origin=learner_origin)
        policy = self._connection.settings["name_policy"]
        return conclude_award(event, earned, learner, how=how, name_policy=policy, now=self._now)


def _origin(asked: bool) -> str:
    return "asked ALM now" if asked else "known from an earlier answer"
