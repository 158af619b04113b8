from __future__ import annotations

from typing import Any

import pytest
from marshmallow import ValidationError

from badgerelay.plugin.store.policy import PolicySettings, Rate, policy_of


def test_the_defaults_hold_where_nothing_is_set() -> None:
    policy = policy_of({})
    assert (policy.rate, policy.award_limit, policy.max_age) == (Rate(20, 1), 1000, 30 * 86400.0)
    assert policy.max_batch is None


def test_what_was_not_given_is_not_saved_either() -> None:
    assert PolicySettings().load({}) == {}


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("20/second", Rate(20, 1)),
        (" 500 per hour ", Rate(500, 3600)),
        ("3/Minute", Rate(3, 60)),
        ("7/day", Rate(7, 86400)),
        ("unlimited", None),
    ],
)
def test_a_rate_is_calls_in_a_time(text: str, rate: Rate | None) -> None:
    assert policy_of(PolicySettings().load({"rate": text})).rate == rate


@pytest.mark.parametrize(
    ("key", "value", "form"),
    [
        ("rate", "fast", "20/second"),
        ("rate", "0/second", "20/second"),
        ("rate", "20/second; 5/minute", "20/second"),
        ("rate", 20, "20/second"),
        ("rate", ["20/second"], "20/second"),
        ("award_limit", "1000/day", "1000/hour"),
        ("award_limit", "-1/hour", "1000/hour"),
        ("max_age", "0 days", "30 days"),
        ("max_age", "soon", "30 days"),
        ("max_age", True, "30 days"),
        ("max_batch", 0, "1 or more"),
        ("max_batch", "many", "number of badges"),
    ],
)
def test_a_wrong_value_is_answered_with_the_form(key: str, value: Any, form: str) -> None:
    with pytest.raises(ValidationError) as caught:
        PolicySettings().load({key: value})
    messages: Any = caught.value.messages
    assert form in " ".join(messages[key])


def test_ages_and_limits_are_read() -> None:
    policy = policy_of(PolicySettings().load({"award_limit": "5/hour", "max_age": "2 weeks", "max_batch": "3"}))
    assert (policy.award_limit, policy.max_age, policy.max_batch) == (5, 14 * 86400.0, 3)
    policy = policy_of({"award_limit": "unlimited", "max_age": "unlimited"})
    assert (policy.award_limit, policy.max_age) == (None, None)
