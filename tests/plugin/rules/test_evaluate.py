from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badgerelay.plugin.rules.evaluate import Completion, evaluate_rule
from badgerelay.plugin.store.catalogue.rules import NewRule, Rule

IDS = ("course:1", "course:1_1", "course:2", "certification:3", "skill:4:1")


def rule(*objects: str, **changes: Any) -> Rule:
    return Rule(
        **{"source": "*", "connection": "academy", "template_id": "t", "objects": objects, "id": 7, **changes}
    )


def done(*objects: str, at: float = 1.0, passed: bool | None = True, score: float | None = None) -> Completion:
    return Completion(frozenset(objects), at, passed, score)


@pytest.mark.parametrize(
    ("asked", "completions", "why"),
    [
        (rule("a"), [done("a", passed=False)], "completed without passing (rule 7)"),
        (rule("a", least_score=0.8), [done("a", score=0.4)], "score 0.4 is below 0.8 (rule 7)"),
        (
            rule("a", least_score=0.8),
            [done("a")],
            "no score came with the completion, and it must be at least 0.8 (rule 7)",
        ),
        (rule("a", "b", "c"), [done("a"), done("c")], "2 of 3 of rule 7: missing b"),
        (rule("a", "b", "c", need=2), [done("a")], "1 of 2 of rule 7: missing b, c"),
        (
            rule("a", "b"),
            [done("a"), done("b", passed=False)],
            "1 of 2 of rule 7: missing b (completed without passing)",
        ),
        (rule(*"abcdefgh"), [done("a")], "1 of 8 of rule 7: missing b, c, d, e, f and 2 more"),
        (rule("a", "b", id=0), [done("a")], "1 of 2 of an imported rule: missing b"),
    ],
)
def test_an_unmet_rule_says_by_how_much(asked: Rule, completions: list[Completion], why: str) -> None:
    verdict = evaluate_rule(asked, completions)
    assert verdict.met_at is None
    assert verdict.why == why


@pytest.mark.parametrize(
    ("asked", "completions", "at"),
    [
        (rule("a"), [done("a", at=5.0)], 5.0),
        (rule("a"), [done("a", passed=None, at=5.0)], 5.0),
        (rule("a", passed=False), [done("a", passed=False)], 1.0),
        (rule("a", least_score=0.8), [done("a", score=0.8)], 1.0),
        (rule("a", "b"), [done("b", at=9.0), done("a", at=3.0), done("a", at=2.0)], 9.0),
        (rule("a", "b", "c", need=2), [done("c", at=9.0), done("b", at=3.0), done("a", at=4.0)], 4.0),
    ],
)
def test_a_met_rule_is_dated_when_it_was_enough(asked: Rule, completions: list[Completion], at: float) -> None:
    for order in (completions, completions[::-1]):
        assert evaluate_rule(asked, order).met_at == at


def naive(asked: Rule, completions: list[Completion]) -> float | None:
    """Day by day: on which one had enough been completed?"""
    for day in sorted({each.at for each in completions}):
        count = 0
        for wanted in asked.objects:
            for each in completions:
                good = each.passed in (True, None) or not asked.passed
                if asked.least_score is not None:
                    good = good and each.score is not None and each.score >= asked.least_score
                if wanted in each.objects and each.at <= day and good:
                    count += 1
                    break
        if count >= asked.need:
            return day
    return None


COMPLETIONS = st.lists(
    st.builds(
        Completion,
        st.frozensets(st.sampled_from(IDS), min_size=1, max_size=3),
        st.integers(0, 9).map(float),
        st.sampled_from([True, False, None]),
        st.sampled_from([None, 0.0, 0.5, 0.8, 1.0]),
    ),
    max_size=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(st.data(), st.sets(st.sampled_from(IDS), min_size=1), COMPLETIONS)
def test_any_rule_agrees_with_a_naive_one(
    data: st.DataObject, objects: set[str], completions: list[Completion]
) -> None:
    asked = rule(
        *objects,
        need=data.draw(st.integers(1, len(objects))),
        passed=data.draw(st.booleans()),
        least_score=data.draw(st.sampled_from([None, 0.5, 0.8])),
    )
    verdict = evaluate_rule(asked, completions)
    assert verdict.met_at == naive(asked, completions)
    assert (verdict.met_at is None) == bool(verdict.missing)


@pytest.mark.parametrize(("objects", "need"), [((), 0), (("a",), 2), (("a", "a"), 2), (("a", "b"), -1)])
def test_a_rule_that_cannot_be_met_is_not_valid(objects: tuple[str, ...], need: int) -> None:
    with pytest.raises(ValueError, match="rule"):
        NewRule("*", "academy", "t", objects, need)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (rule("a"), "a"),
        (rule("b", "a"), "all of a, b"),
        (rule("a", "b", need=1), "any of a, b"),
        (
            rule("a", "b", "c", need=2, passed=False, least_score=0.5),
            "2 of a, b, c (passed or not, score at least 0.5)",
        ),
    ],
)
def test_a_rule_has_its_condition_in_words(asked: Rule, words: str) -> None:
    assert asked.wants == words
