"""How much of everything: the full suite, and the short form that the tests run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """:param completions: that earn a badge, during the storm.
    :param seconds: over which their deliveries are spread.
    :param kills: of receivers and workers.
    :param calm: completions of each of the two measurements without a storm.
    :param calm_seconds: over which those are spread.
    :param drain_seconds: after the last delivery, until everything has to be done.
    """

    completions: int
    seconds: float
    kills: int
    calm: int
    calm_seconds: float
    drain_seconds: float


FULL = Size(completions=5_000, seconds=120.0, kills=24, calm=600, calm_seconds=30.0, drain_seconds=240.0)
SHORT = Size(completions=600, seconds=30.0, kills=10, calm=120, calm_seconds=6.0, drain_seconds=240.0)
