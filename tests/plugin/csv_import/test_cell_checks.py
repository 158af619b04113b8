"""Dates: each on its own, and many at once."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from badgerelay.plugin.csv_import import cell_checks as checks

FIRST, LAST = datetime(1970, 1, 1), datetime(2050, 1, 1)  # noqa: DTZ001 (hypothesis wants its bounds without a zone)
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(UTC))


def as_alm_writes(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


WRITTEN = MOMENTS.map(as_alm_writes)
SEVERAL = st.lists(WRITTEN, min_size=2, max_size=3).map("\n".join)


@given(st.lists(st.one_of(WRITTEN, SEVERAL, st.text(max_size=26))))
@example(["2026-05-02T08:00:00.000Z\n2026-05-03T08:00:00.000Z"])
def test_many_dates_at_once_are_right_when_each_one_is(values: list[str]) -> None:
    distinct = {value for value in values if value}
    assert checks.moments(distinct) == (not any(checks.moment(value) for value in distinct))


@given(MOMENTS)
def test_every_moment_of_the_allowed_years_is_a_date(moment: datetime) -> None:
    assert (checks.moment(as_alm_writes(moment)) is None) == (1981 <= moment.year <= 2038)
