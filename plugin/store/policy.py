"""What can be set for any connection beside its adapter's settings: how often, how much, how old."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from ..runtime.durations import parse_duration

UNLIMITED = "unlimited"
OFF = "off"
DEFAULT_RATE = "20/second"
"""Where a provider publishes no figure, this one is ours."""
DEFAULT_AWARD_LIMIT = 1000
DEFAULT_MAX_AGE = 30 * 86400.0
ALM_RATE = "500/hour"
"""https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/webhooks/webhooks-usage-guide"""

DEFAULT_TEMPLATES_EVERY = "1 hour"
DEFAULT_SKILLS_EVERY = "15 minutes"

_RATE = re.compile(r"([1-9]\d{0,8})\s*(?:/|per)\s*(second|minute|hour|day)\Z", re.ASCII | re.IGNORECASE)
_PERIODS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_PER_HOUR = re.compile(r"([1-9]\d{0,8})\s*(?:/|per)\s*hour\Z", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls in so many seconds."""

    calls: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings of one connection as they hold, defaults filled in.

    :param rate: of calls; None is unlimited.
    :param award_limit: awards planned in an hour, before the rest are held; None is unlimited.
    :param max_age: seconds between a completion and its arrival, beyond which its awards are held; None is unlimited.
    :param max_batch: badges in one call; None leaves it to the adapter.
    """

    rate: Rate | None
    award_limit: int | None = DEFAULT_AWARD_LIMIT
    max_age: float | None = DEFAULT_MAX_AGE
    max_batch: int | None = None


def parse_rate(text: str) -> Rate | None:
    """None for ``unlimited``. :raises ValueError: says what a rate looks like."""
    if _unlimited(text):
        return None
    match = _RATE.match(text.strip())
    if match is None:
        raise ValueError('Must be calls in a second, minute, hour or day, such as "20/second", or "unlimited".')
    return Rate(int(match[1]), _PERIODS[match[2].lower()])


def parse_award_limit(text: str) -> int | None:
    """As :func:`parse_rate`."""
    if _unlimited(text):
        return None
    match = _PER_HOUR.match(text.strip())
    if match is None:
        raise ValueError('Must be awards in an hour, such as "1000/hour", or "unlimited".')
    return int(match[1])


def parse_max_age(text: str) -> float | None:
    """As :func:`parse_rate`."""
    if _unlimited(text):
        return None
    seconds = parse_duration(text)
    if not seconds:
        raise ValueError('Must be minutes, hours, days or weeks, such as "30 days", or "unlimited".')
    return seconds


def parse_every(text: str) -> float | None:
    """None for ``off``. :raises ValueError: as :func:`parse_rate`."""
    if text.strip().lower() in (OFF, UNLIMITED):
        return None
    seconds = parse_duration(text)
    if not seconds:
        raise ValueError('Must be minutes, hours, days or weeks, such as "15 minutes", or "off".')
    return seconds


class _Parsed(fields.String):
    """Text that one of the parsers above takes; kept as it was given."""

    def __init__(self, parse: Any, **options: Any) -> None:
        super().__init__(**options)
        self._parse = parse

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        text = str(value).strip()
        try:
            self._parse(text)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        return text


def _about(label: str, help: str) -> dict[str, Any]:  # noqa: A002 (the key's name)
    return {"label": label, "help": help, "secret": False}


def rate_field(default: str) -> fields.String:
    """No default of marshmallow's: what was not given follows the default of the version that reads it."""
    return _Parsed(
        parse_rate,
        metadata=_about("Rate", f"Calls, such as {default} (the default), or unlimited."),
    )


def max_age_field(whose: str) -> fields.String:
    """:param whose: completions, for the help."""
    return _Parsed(
        parse_max_age,
        metadata=_about(
            "Age limit", f"{whose} that arrive so long after the day itself are held: 30 days (the default)."
        ),
    )


def every_field(what: str, default: str) -> fields.String:
    """:param what: is done, for the help."""
    return _Parsed(
        parse_every,
        metadata=_about("Interval", f"{what} so often: {default} (the default), or off."),
    )


class PolicySettings(Schema):
    """What every provider connection can set."""

    class Meta:
        unknown = RAISE

    rate = _Parsed(
        parse_rate,
        metadata=_about(
            "Rate", f"Calls, such as {DEFAULT_RATE} (the default where the provider publishes none), or unlimited."
        ),
    )
    award_limit = _Parsed(
        parse_award_limit,
        metadata=_about(
            "Award limit",
            "Awards in an hour, before the rest are held: 1000/hour (the default) or ten times the usual.",
        ),
    )
    max_age = max_age_field("Completions of LMS hosts")
    max_batch = fields.Integer(
        validate=validate.Range(min=1, error="Must be 1 or more."),
        error_messages={"invalid": "Must be a number of badges."},
        metadata=_about("Batch size", "Badges in one call, if fewer than the provider takes."),
    )
    templates_every = every_field("The badge templates are synchronized", DEFAULT_TEMPLATES_EVERY)


KEYS = frozenset(PolicySettings().fields)


def policy_of(settings: Mapping[str, Any], *, default_rate: str = DEFAULT_RATE) -> Policy:
    """:param settings: of a connection, as they were validated when it was saved."""
    return Policy(
        rate=parse_rate(settings.get("rate") or default_rate),
        award_limit=parse_award_limit(settings.get("award_limit") or f"{DEFAULT_AWARD_LIMIT}/hour"),
        max_age=parse_max_age(settings["max_age"]) if settings.get("max_age") else DEFAULT_MAX_AGE,
        max_batch=settings.get("max_batch"),
    )


def templates_every(settings: Mapping[str, Any]) -> float | None:
    """Seconds between two synchronizations of a provider's badge templates; None for never."""
    return parse_every(settings.get("templates_every") or DEFAULT_TEMPLATES_EVERY)


def skills_every(settings: Mapping[str, Any]) -> float | None:
    """Seconds between two looks for new skills in an ALM account; None for never."""
    return parse_every(settings.get("skills_every") or DEFAULT_SKILLS_EVERY)


def _unlimited(text: str) -> bool:
    return text.strip().lower() == UNLIMITED
