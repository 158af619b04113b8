from dataclasses import replace

import pytest

from badgerelay.adapters import Context, OverBudgetError
from badgerelay.adapters.http.cooldown import Cooldown


class Clock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cooldown(context: Context, clock: Clock) -> Cooldown:
    return Cooldown(replace(context, now=clock), "x.rest", "X")


def test_no_call_is_made_before_the_end(context: Context, clock: Clock, cooldown: Cooldown) -> None:
    cooldown.pace()
    cooldown.begin(30.0)
    other_process = Cooldown(replace(context, now=clock), "x.rest", "X")
    for each in (cooldown, other_process):
        with pytest.raises(OverBudgetError, match="30 more seconds") as caught:
            each.pace()
        assert caught.value.retry_after == 30.0
    clock.time += 30.0
    cooldown.pace()


def test_a_shorter_cooldown_does_not_shorten_a_longer_one(clock: Clock, cooldown: Cooldown) -> None:
    cooldown.begin(30.0)
    cooldown.begin(5.0)
    clock.time += 10.0
    with pytest.raises(OverBudgetError):
        cooldown.check()


def test_a_clock_that_was_set_back_makes_no_cooldown_endless(clock: Clock, cooldown: Cooldown) -> None:
    cooldown.begin(1e12)
    with pytest.raises(OverBudgetError) as caught:
        cooldown.check()
    assert caught.value.retry_after == 86_400.0
    clock.time -= 1_000.0
    cooldown.check()


def test_an_unreadable_end_is_no_cooldown(context: Context, clock: Clock, cooldown: Cooldown) -> None:
    context.storage.put("x.rest", "nonsense")
    cooldown.check()


def test_the_connections_own_pace_is_kept(context: Context, clock: Clock) -> None:
    paced: list[int] = []
    Cooldown(replace(context, now=clock, pace=lambda: paced.append(1)), "x.rest", "X").pace()
    assert paced == [1]
