"""Evaluation of rules: whether a learner's completions are enough for a rule. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..store.backfill.values import PastCompletion
from ..store.catalogue.rules import Rule

MAX_NAMED = 5
"""Maximum missing objects that a reason names."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A completion of one learner.

    :param objects: all ids of the completed object: the learning object, its instance, a certification's root.
    :param at: seconds since the epoch.
    :param passed: None if the source does not say; the completion counts as passed.
    :param score: 0.0 to 1.0, or None if the source does not say.
    """

    objects: frozenset[str]
    at: float
    passed: bool | None = None
    score: float | None = None


def past_completion(past: PastCompletion, root: str | None = None) -> Completion:
    """Return the completion that a backfill has read.

    :param past: has a date.
    :param root: the id of its certification's root, if it is a certification.
    """
    assert past.occurred_at is not None
    ids = frozenset(each for each in (past.lo_id, past.instance_id, root) if each)
    return Completion(ids, past.occurred_at, past.passed, past.score)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one rule for one learner.

    :param met_at: the time when the learner had completed enough, whatever the order of the events; None: not yet.
    :param why: the reason in words, with the rule's number.
    :param missing: objects without a completion that counts.
    """

    rule: Rule
    met_at: float | None
    why: str
    missing: tuple[str, ...] = ()


def evaluate_rule(rule: Rule, completions: Iterable[Completion]) -> Verdict:
    """Return the verdict of a rule on one learner's completions."""
    known = list(completions)
    first: dict[str, float] = {}
    for completion in known:
        if not _flaw(rule, completion):
            for each in completion.objects.intersection(rule.objects):
                first[each] = min(completion.at, first.get(each, completion.at))
    if len(first) >= rule.need:
        return Verdict(rule, sorted(first.values())[rule.need - 1], f"{rule.label}: {rule.wants}")
    missing = tuple(each for each in rule.objects if each not in first)
    return Verdict(rule, None, _short_of(rule, known, missing, len(first)), missing)


def _flaw(rule: Rule, completion: Completion) -> str | None:
    """Return why a completion does not count, or None."""
    if rule.passed and completion.passed is False:
        return "completed without passing"
    if rule.least_score is None:
        return None
    if completion.score is None:
        return f"no score came with the completion, and it must be at least {rule.least_score:g}"
    if completion.score < rule.least_score:
        return f"score {completion.score:g} is below {rule.least_score:g}"
    return None


def _short_of(rule: Rule, known: Sequence[Completion], missing: tuple[str, ...], count: int) -> str:
    flaws: dict[str, str] = {}
    for completion in known:
        for each in completion.objects.intersection(missing):
            flaws[each] = _flaw(rule, completion) or ""
    if len(rule.objects) == 1:
        return f"{flaws.get(rule.objects[0], 'not completed')} ({rule.label})"
    named = [f"{each} ({flaws[each]})" if each in flaws else each for each in missing[:MAX_NAMED]]
    more = f" and {len(missing) - MAX_NAMED} more" if len(missing) > MAX_NAMED else ""
    return f"{count} of {rule.need} of {rule.label}: missing {', '.join(named)}{more}"
