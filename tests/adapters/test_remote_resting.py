from dataclasses import replace

import pytest

from badgerelay.adapters import Context, OverBudgetError
from badgerelay.adapters.http.cooldown import Rest


class Clock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rest(context: Context, clock: Clock) -> Rest:
    return Rest(replace(context, now=clock), "x.rest", "X")


def test_nobody_calls_before_the_end_and_everybody_after_it(context: Context, clock: Clock, rest: Rest) -> None:
    rest.pace()
    rest.begin(30.0)
    other_process = Rest(replace(context, now=clock), "x.rest", "X")
    for each in (rest, other_process):
        with pytest.raises(OverBudgetError, match="30 more seconds") as caught:
            each.pace()
        assert caught.value.retry_after == 30.0
    clock.time += 30.0
    rest.pace()


def test_a_shorter_rest_does_not_shorten_a_longer_one(clock: Clock, rest: Rest) -> None:
    rest.begin(30.0)
    rest.begin(5.0)
    clock.time += 10.0
    with pytest.raises(OverBudgetError):
        rest.check()


def test_a_clock_that_was_set_back_makes_no_rest_endless(clock: Clock, rest: Rest) -> None:
    rest.begin(1e12)
    with pytest.raises(OverBudgetError) as caught:
        rest.check()
    assert caught.value.retry_after == 86_400.0
    clock.time -= 1_000.0
    rest.check()


def test_what_cannot_be_read_is_no_rest(context: Context, clock: Clock, rest: Rest) -> None:
    context.storage.put("x.rest", "nonsense")
    rest.check()


def test_the_connections_own_pace_is_kept(context: Context, clock: Clock) -> None:
    paced: list[int] = []
    Rest(replace(context, now=clock, pace=lambda: paced.append(1)), "x.rest", "X").pace()
    assert paced == [1]
