import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgerelay.adapters.http.retry_after import MAX_SECONDS, retry_after

NOW = 1_772_456_700.0  # Mon, 02 Mar 2026 13:05:00 GMT


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("10.752", 10.752),
        ("0", 0.0),
        ("-3", None),
        ("nan", None),
        ("soon", None),
        ("99999999999", MAX_SECONDS),
        ("Mon, 02 Mar 2026 13:05:30 GMT", 30.0),
        ("Mon, 02 Mar 2026 13:00:00 GMT", 0.0),
    ],
)
def test_seconds_and_dates_are_both_understood(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text())
def test_any_text_is_a_bounded_wait_or_none(value: str) -> None:
    seconds = retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= MAX_SECONDS
