"""The times of further checks of a skill level that is not achieved."""

from __future__ import annotations

import pytest

from badgerelay.plugin.sources.alm.decide.learning_objects import Level
from badgerelay.plugin.sources.alm.decide.skill_checks import pause_after
from badgerelay.plugin.sources.alm.decide.skill_progress import Progress

MINUTE, HOUR = 60.0, 3600.0
SHORT, ENOUGH, UNSAID = Progress(None, 10), Progress(None, 20), Progress(None, None)


@pytest.mark.parametrize(
    ("waited", "shown", "next_at"),
    [
        (0.0, None, MINUTE),
        (MINUTE - 0.001, None, 10 * MINUTE),
        (10 * MINUTE, None, HOUR),
        (HOUR, None, 6 * HOUR),
        (6 * HOUR, None, None),
        (0.0, SHORT, 15 * MINUTE),
        (10 * MINUTE, SHORT, 15 * MINUTE),
        (15 * MINUTE, SHORT, 6 * HOUR),
        (HOUR, SHORT, 6 * HOUR),
        (9 * HOUR, SHORT, None),
        (0.0, ENOUGH, MINUTE),
        (15 * MINUTE, ENOUGH, HOUR),
        (MINUTE, UNSAID, 10 * MINUTE),
    ],
)
def test_a_level_is_checked_for_six_hours(waited: float, shown: Progress | None, next_at: float | None) -> None:
    pause = pause_after(waited, Level("skill:1:2", 20, None), shown)
    assert pause == (None if next_at is None else pytest.approx(next_at - waited))


def test_without_a_number_of_credits_that_are_needed_some_are_too_few() -> None:
    assert pause_after(0.0, Level("skill:1:2", None, None), SHORT) == 15 * MINUTE
