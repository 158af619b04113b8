"""Badges of a completion, evaluated over plain values: no store, no ALM."""

from __future__ import annotations

from dataclasses import replace

import pytest

from badgerelay.plugin.rules.evaluate import Completion
from badgerelay.plugin.sources.alm.api.documents import BadgeRecord
from badgerelay.plugin.sources.alm.decide.evaluate import Inputs, Issuers, Target, evaluate
from badgerelay.plugin.sources.alm.decide.learning_objects import Level
from badgerelay.plugin.store.catalogue.rules import Rule

COURSE, OTHER, SKILL = "course:1", "course:2", "skill:1:2"
ISSUERS = Issuers({"credly": "academy"})
BADGE = BadgeRecord("9", "Safety", "t-9", "Credly", "ACTIVE")


def completed(*objects: str, at: float = 100.0, passed: bool | None = None) -> Completion:
    return Completion(frozenset(objects), at, passed)


def rule(*objects: str, template_id: str = "t-1") -> Rule:
    return Rule("acme", "academy", template_id, objects)


def test_a_badge_of_alm_is_issued_by_the_connection_of_its_provider() -> None:
    earned = evaluate(Inputs(completed(COURSE), (), ISSUERS, badge=BADGE, period="p"))
    assert earned.targets == (Target("academy", "t-9", 100.0, "p", "by its badge 9 in ALM"),)
    assert earned.tied
    assert earned.reasons == ()


def test_the_catalogue_s_spelling_makes_one_badge_of_two() -> None:
    badge = replace(BADGE, template_id="T-1")
    inputs = Inputs(
        completed(COURSE), (rule(COURSE),), ISSUERS, badge=badge, spellings={("academy", "T-1"): "t-1"}, period="p"
    )
    (target,) = evaluate(inputs).targets
    assert (target.template_id, target.period) == ("t-1", "p")


def test_a_target_with_a_period_replaces_one_without() -> None:
    both = (rule(COURSE, OTHER), rule(COURSE))
    (target,) = evaluate(
        Inputs(completed(COURSE), both, ISSUERS, earlier=(completed(OTHER, at=50.0),), period="p")
    ).targets
    assert (target.period, target.at) == ("p", 100.0)


def test_without_passing_only_a_rule_gives_a_badge() -> None:
    failed = completed(COURSE, passed=False)
    earned = evaluate(Inputs(failed, (rule(COURSE),), ISSUERS, badge=BADGE, levels=(Level(SKILL, 10, BADGE),)))
    assert earned.targets == ()
    assert earned.levels == ()
    assert earned.tied
    assert [reason.partition(" (")[0] for reason in earned.reasons] == ["completed without passing"]


def test_a_rule_for_several_objects_counts_earlier_completions() -> None:
    earned = evaluate(
        Inputs(completed(COURSE), (rule(COURSE, OTHER),), ISSUERS, earlier=(completed(OTHER, at=300.0),))
    )
    assert [target.at for target in earned.targets] == [300.0]


def test_a_skill_level_that_a_rule_still_misses_is_checked() -> None:
    earned = evaluate(Inputs(completed(COURSE), (rule(COURSE, SKILL),), ISSUERS))
    assert earned.targets == ()
    assert earned.levels == (Level(SKILL, None, None),)


def test_a_rule_of_a_level_alone_names_the_level_and_not_the_completion() -> None:
    level, unnamed = Level(SKILL, 20, None), Level("skill:8:1", 5, None)
    earned = evaluate(Inputs(completed(COURSE), (rule(SKILL),), ISSUERS, levels=(level, unnamed)))
    assert earned.levels == (level,)
    assert not earned.tied


@pytest.mark.parametrize(
    ("badge", "issuers", "tied", "missing", "reason"),
    [
        (
            replace(BADGE, template_id=None),
            ISSUERS,
            False,
            False,
            "its badge 9 in ALM names no badge template of a provider",
        ),
        (
            replace(BADGE, provider="Badgr"),
            ISSUERS,
            False,
            False,
            "its badge 9 in ALM belongs to the provider 'Badgr', and this account has 'academy' (credly)",
        ),
        (BADGE, Issuers({}, ("academy",)), True, True, "there is no provider connection 'academy'"),
    ],
)
def test_a_badge_without_an_issuer_gives_a_reason(
    badge: BadgeRecord, issuers: Issuers, tied: bool, missing: bool, reason: str
) -> None:
    earned = evaluate(Inputs(completed(COURSE), (), issuers, badge=badge))
    assert (earned.targets, earned.tied, earned.issuer_missing) == ((), tied, missing)
    assert earned.reasons == (reason,)
