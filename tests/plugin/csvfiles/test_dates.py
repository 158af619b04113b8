"""Dates of transcripts are read in every unambiguous form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgerelay.plugin.csvfiles.dates import parse_date

DAY = datetime(1970, 1, 2)  # noqa: DTZ001 (a strategy of naive ones wants naive bounds)


@pytest.mark.parametrize(
    "text",
    [
        "2026-08-24T09:17:00.000Z",
        "2026-08-24 09:17",
        "2026-08-24T11:17:00+02:00",
        "24.08.2026 09:17",
        "08/24/2026 09:17 AM",
        "Aug 24, 2026 09:17:00 AM",
        "24-Aug-2026 09:17:00 UTC",
        "1787563020000",
        "1787563020",
    ],
)
def test_dates_in_every_form_that_means_one_thing(text: str) -> None:
    assert parse_date(text) == datetime(2026, 8, 24, 9, 17, tzinfo=UTC)


@given(st.datetimes(DAY, DAY + timedelta(days=47_000)), st.sampled_from(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"]))
def test_iso_dates_are_read_as_written(moment: datetime, form: str) -> None:
    assert parse_date(moment.strftime(form)).strftime(form) == moment.strftime(form)
