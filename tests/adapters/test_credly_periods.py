"""Badges that are earned again in each period, such as a yearly certification."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import requests

from badgerelay.adapters.credly.adapter import CredlyAdapter
from badgerelay.adapters.errors import RejectedError
from badgerelay.adapters.values import Award, IssuedBadge

YEAR = timedelta(days=365)


@pytest.fixture
def years(make_award: Callable[..., Award]) -> list[Award]:
    """The same learner's, oldest first."""
    first = replace(make_award(), period="certification:1")
    return [first, replace(first, id="2", period="certification:2", issued_at=first.issued_at + YEAR)]


@pytest.mark.parametrize("allow", ["on", ""])
def test_each_period_is_one_badge(
    allow: str, connect: Callable[..., CredlyAdapter], sandbox: Callable[..., str], years: list[Award]
) -> None:
    url = sandbox(**({"allow_duplicates": allow} if allow else {}))
    adapter = connect(url)
    outcomes = [adapter.issue([award])[0] for award in years]
    badges = [each for each in outcomes if isinstance(each, IssuedBadge)]
    assert [badge.existed for badge in badges] == [False, False]
    found = [adapter.find(award) for award in years]
    assert found[1] == replace(badges[1], existed=True)
    if not allow:
        again = adapter.issue(years[1:])
        assert again == [replace(badges[1], existed=True)]
    total = requests.get(f"{url}/_sandbox/badges?format=count", timeout=5).json()["counts"]["total"]
    assert total == 2


def test_a_renewal_in_a_batch_is_one_too(
    connect: Callable[..., CredlyAdapter],
    sandbox: Callable[..., str],
    make_award: Callable[..., Award],
    years: list[Award],
) -> None:
    adapter = connect(sandbox())
    adapter.issue(years[:1])
    outcomes = adapter.issue([make_award(1), years[1], make_award(2)])
    assert [isinstance(each, IssuedBadge) and each.existed for each in outcomes] == [False, False, False]


def test_the_same_period_from_another_source_is_not_issued_again(
    connect: Callable[..., CredlyAdapter], sandbox: Callable[..., str], years: list[Award]
) -> None:
    adapter = connect(sandbox())
    elsewhere = replace(years[1], period="", issued_at=years[1].issued_at - timedelta(hours=20))
    (made,) = adapter.issue([elsewhere])
    (badge,) = adapter.issue(years[1:])
    assert isinstance(badge, IssuedBadge)
    assert isinstance(made, IssuedBadge)
    assert (badge.existed, badge.id) == (True, made.id)


def test_a_template_that_gives_no_second_one_is_said_so(
    connect: Callable[..., CredlyAdapter], sandbox: Callable[..., str], years: list[Award]
) -> None:
    adapter = connect(sandbox(ignore_duplicate_behavior="on"))
    adapter.issue(years[:1])
    (outcome,) = adapter.issue(years[1:])
    assert isinstance(outcome, RejectedError)
    assert outcome.code == "already_issued"
    assert "allow duplicates" in str(outcome)
