"""Checks of the cells of ALM's CSV files; each takes a value that is not empty.

Adobe's csv-specifications.zip, which
https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/migration-manual links.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import date
from functools import lru_cache

from ..csvfiles.problems import Fault

Check = Callable[[str], Fault | None]
Quick = Callable[[Collection[str]], bool]

YEARS = range(1981, 2039)
MAX_ID = 255

_MOMENT = r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z"
_SHAPE = re.compile(_MOMENT, re.ASCII).fullmatch
_LENGTH = len("2026-05-02T08:00:00.000Z\n")
_SHAPES = re.compile(rf"(?:{_MOMENT}\n)*", re.ASCII).fullmatch
_WHOLE = re.compile(r"\d{1,10}", re.ASCII).fullmatch
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?", re.ASCII).fullmatch
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+").fullmatch


def moment(value: str) -> Fault | None:
    """Check a date with time."""
    if not _SHAPE(value):
        return Fault("bad_date", "is not a date and time", "write it like 2026-05-02T08:00:00.000Z (UTC)")
    return _day(value[:10])


def moments(values: Collection[str]) -> bool:
    """Return whether :func:`moment` accepts all values."""
    text = "\n".join([*values, ""])
    # The length excludes a value that is two moments with a line's end between.
    shaped = len(text) == _LENGTH * len(values) and _SHAPES(text) is not None
    return shaped and not any(map(_day, {value[:10] for value in values}))


@lru_cache(maxsize=30_000)
def _day(text: str) -> Fault | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return Fault("bad_date", "is not a day of the calendar", "check month and day")
    if day.year not in YEARS:
        return Fault("date_out_of_range", "is not between 1981 and 2038", "ALM accepts no other years")
    return None


def boolean(value: str) -> Fault | None:
    """Check TRUE or FALSE."""
    if value.upper() in ("TRUE", "FALSE"):
        return None
    return Fault("bad_boolean", "is neither TRUE nor FALSE", "write TRUE or FALSE")


def state(value: str) -> Fault | None:
    """Check Active or Retired."""
    if value.lower() in ("active", "retired"):
        return None
    return Fault("bad_state", "is neither Active nor Retired", "write Active or Retired")


def level(value: str) -> Fault | None:
    """Check the level of a skill."""
    return None if value in ("1", "2", "3") else Fault("bad_level", "is not a level", "write 1, 2 or 3")


def number(value: str) -> Fault | None:
    """Check a decimal number."""
    return None if _NUMBER(value) else Fault("bad_number", "is not a number", "write digits, with a point: 12.5")


def whole(least: int, most: int) -> Check:
    """Return a check for a whole number within these bounds, both included."""
    fault = Fault(
        "bad_number", f"is not a whole number from {least} to {most}", f"write one from {least} to {most}, in digits"
    )

    def check(value: str) -> Fault | None:
        return None if _WHOLE(value) and least <= int(value) <= most else fault

    return check


def text(most: int) -> Check:
    """Return a check for a maximum number of characters."""
    fault = Fault("too_long", f"is longer than {most} characters", f"shorten it to {most} characters")

    def check(value: str) -> Fault | None:
        return fault if len(value) > most else None

    return check


identifier = text(MAX_ID)


def email(value: str) -> Fault | None:
    """Check an e-mail address."""
    if _EMAIL(value) and len(value) <= MAX_ID:
        return None
    return Fault("bad_email", "is not an e-mail address", "ALM's migration names users by their e-mail address")
