"""Settings that every connection has besides those of its adapter: rates, limits, ages, intervals."""

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
"""Rate of calls to a provider that publishes none."""
DEFAULT_AWARD_LIMIT = 1000
"""Maximum awards planned for one connection in an hour."""
DEFAULT_MAX_AGE = 30 * 86400.0
"""Maximum seconds between a completion and its arrival."""
ALM_RATE = "500/hour"
"""Rate of calls to ALM. Source:
https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/webhooks/webhooks-usage-guide
"""

DEFAULT_TEMPLATES_EVERY = "1 hour"
DEFAULT_SKILLS_EVERY = "15 minutes"

_RATE = re.compile(r"([1-9]\d{0,8})\s*(?:/|per)\s*(second|minute|hour|day)\Z", re.ASCII | re.IGNORECASE)
_PERIODS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_PER_HOUR = re.compile(r"([1-9]\d{0,8})\s*(?:/|per)\s*hour\Z", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rate:
    """A maximum number of calls in a period.

    :param calls: number of calls.
    :param seconds: length of the period.
    """

    calls: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings of one connection in effect, with defaults filled in.

    :param rate: maximum rate of calls; None is unlimited.
    :param award_limit: maximum awards planned in an hour; further ones are held. None is unlimited.
    :param max_age: maximum seconds between a completion and its arrival; awards of later ones are held. None is
        unlimited.
    :param max_batch: maximum badges in one call; None leaves it to the adapter.
    """

    rate: Rate | None
    award_limit: int | None = DEFAULT_AWARD_LIMIT
    max_age: float | None = DEFAULT_MAX_AGE
    max_batch: int | None = None


def parse_rate(text: str) -> Rate | None:
    """Return the rate of a text such as ``20/second``; None for ``unlimited``.

    :raises ValueError: when the text is not a rate; the message shows the form.
    """
    if _unlimited(text):
        return None
    match = _RATE.match(text.strip())
    if match is None:
        raise ValueError('Must be calls in a second, minute, hour or day, such as "20/second", or "unlimited".')
    return Rate(int(match[1]), _PERIODS[match[2].lower()])


def parse_award_limit(text: str) -> int | None:
    """Return the awards in an hour of a text such as ``1000/hour``; None for ``unlimited``.

    :raises ValueError: when the text is not such a limit; the message shows the form.
    """
    if _unlimited(text):
        return None
    match = _PER_HOUR.match(text.strip())
    if match is None:
        raise ValueError('Must be awards in an hour, such as "1000/hour", or "unlimited".')
    return int(match[1])


def parse_max_age(text: str) -> float | None:
    """Return the seconds of a text such as ``30 days``; None for ``unlimited``.

    :raises ValueError: when the text is not a duration; the message shows the form.
    """
    if _unlimited(text):
        return None
    seconds = parse_duration(text)
    if not seconds:
        raise ValueError('Must be minutes, hours, days or weeks, such as "30 days", or "unlimited".')
    return seconds


def parse_every(text: str) -> float | None:
    """Return the seconds of a text such as ``15 minutes``; None for ``off``.

    :raises ValueError: when the text is not a duration; the message shows the form.
    """
    if text.strip().lower() in (OFF, UNLIMITED):
        return None
    seconds = parse_duration(text)
    if not seconds:
        raise ValueError('Must be minutes, hours, days or weeks, such as "15 minutes", or "off".')
    return seconds


class _Parsed(fields.String):
    """Text field that one of the parsers above checks. The text is kept as given."""

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


def _about(label: str, help: str) -> dict[str, Any]:  # noqa: A002 (the name of the key)
    return {"label": label, "help": help, "secret": False}


def rate_field(default: str) -> fields.String:
    """Return the field of a rate, without a stored default: later versions may change the default.

    :param default: the default rate, for the help.
    """
    return _Parsed(
        parse_rate,
        metadata=_about("Rate", f"Calls, such as {default} (the default), or unlimited."),
    )


def max_age_field(whose: str) -> fields.String:
    """Return the field of an age limit.

    :param whose: the completions that it limits, for the help.
    """
    return _Parsed(
        parse_max_age,
        metadata=_about(
            "Age limit", f"{whose} that arrive so long after the day itself are held: 30 days (the default)."
        ),
    )


def every_field(what: str, default: str) -> fields.String:
    """Return the field of an interval.

    :param what: the task, as the start of a sentence, for the help.
    :param default: the default interval, for the help.
    """
    return _Parsed(
        parse_every,
        metadata=_about("Interval", f"{what} so often: {default} (the default), or off."),
    )


class PolicySettings(Schema):
    """Settings of every provider connection."""

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
    """Return the policy of a connection.

    :param settings: the settings of the connection, validated when it was saved.
    :param default_rate: the rate when the settings give none.
    """
    return Policy(
        rate=parse_rate(settings.get("rate") or default_rate),
        award_limit=parse_award_limit(settings.get("award_limit") or f"{DEFAULT_AWARD_LIMIT}/hour"),
        max_age=parse_max_age(settings["max_age"]) if settings.get("max_age") else DEFAULT_MAX_AGE,
        max_batch=settings.get("max_batch"),
    )


def templates_every(settings: Mapping[str, Any]) -> float | None:
    """Return the seconds between two synchronizations of a provider's badge templates; None for never."""
    return parse_every(settings.get("templates_every") or DEFAULT_TEMPLATES_EVERY)


def skills_every(settings: Mapping[str, Any]) -> float | None:
    """Return the seconds between two checks for new skills in an ALM account; None for never."""
    return parse_every(settings.get("skills_every") or DEFAULT_SKILLS_EVERY)


def _unlimited(text: str) -> bool:
    return text.strip().lower() == UNLIMITED
