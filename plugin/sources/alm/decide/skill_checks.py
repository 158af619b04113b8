"""Checks of a skill level after a completion that gives credits to it: each check is an event of its own.

So the completion's own badge leaves at once, while ALM's view of skills, which lags behind, is asked again later.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from ....store import InboxEvent, NewEvent
from ..api.documents import BadgeRecord
from .learning_objects import Level
from .skill_progress import Progress

KIND = "SKILL_CHECK"

CHECK_SECONDS = (60.0, 600.0, 3600.0, 6 * 3600.0)
"""Seconds from the first check to the later ones, while ALM does not show the learner's credits yet."""

CHECK_SHORT_SECONDS = (900.0, 6 * 3600.0)
"""The same while ALM shows too few credits: most completions do not reach a level, and each check costs a request."""

APART_SECONDS = 45.0
"""Minimum seconds between two checks: an answer that is hardly older counts as new."""

_MAX_ID = 255


@dataclass(frozen=True, slots=True)
class SkillCheck:
    """The payload of a check. :param completion: the event id of the completion that led to it."""

    completion: str
    level: Level


def check_after(event: InboxEvent, level: Level) -> NewEvent:
    """Return the event that checks a level on behalf of a completion. The same pair gives the same event.

    :param event: the completion, or another check that it led to.
    """
    earlier = read_check(event.payload) if event.kind == KIND else None
    check = SkillCheck(event.event_id if earlier is None else earlier.completion, level)
    name = f"{check.completion}/{level.object}"
    return NewEvent(
        connection=event.connection,
        source=event.source,
        event_id=name if len(name) <= _MAX_ID else f"sha256:{hashlib.sha256(name.encode()).hexdigest()}",
        lane=event.lane,
        kind=KIND,
        payload=json.dumps(asdict(check)),
        learner_id=event.learner_id,
        learning_object_id=level.object[:_MAX_ID],
        occurred_at=event.occurred_at,
    )


def read_check(payload: str) -> SkillCheck | None:
    """Return the check in a payload, or None if it has none: a delivery may use our kind's name too."""
    try:
        value = json.loads(payload)
        level = value["level"]
        badge = None if level["badge"] is None else BadgeRecord(**level["badge"])
        return SkillCheck(str(value["completion"]), Level(str(level["object"]), level["most"], badge))
    except (ValueError, KeyError, TypeError):
        return None


def pause_after(waited: float, level: Level, progress: Progress | None) -> float | None:
    """Return the seconds until the next check of a level that is not achieved, or None after the last check.

    :param waited: seconds since the first check was due. :param progress: ALM's view of the level.
    """
    checks = CHECK_SHORT_SECONDS if _is_short(level, progress) else CHECK_SECONDS
    return next((check - waited for check in checks if check - waited >= APART_SECONDS), None)


def _is_short(level: Level, progress: Progress | None) -> bool:
    """Return whether credits are missing. If none are, ALM's view only lacks the date yet."""
    if progress is None or progress.points is None:
        return False
    return level.most is None or progress.points < level.most


def shortfall(level: Level, progress: Progress | None) -> str:
    """Return why a level is not achieved, as far as ALM says."""
    if progress is None or progress.points is None:
        return f"ALM does not say that the learner has achieved {level.object}"
    of = "" if level.most is None else f" of {level.most}"
    return f"the learner has {progress.points}{of} credits of {level.object} in ALM: not achieved"
