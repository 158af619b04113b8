"""Looking at a skill level after a completion that gives credits to it: an event of its own.

So the completion's own badge leaves at once, while ALM's view of skills, which lags behind, is asked again and again.
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

LOOKS_SECONDS = (60.0, 600.0, 3600.0, 6 * 3600.0)
"""When it is looked again, since the first look was due, while ALM does not show the learner's credits yet."""

LOOKS_WHERE_SHORT_SECONDS = (900.0, 6 * 3600.0)
"""While it shows too few credits: most completions do not reach a level, and each look costs a request."""

APART_SECONDS = 45.0
"""Between two looks at least: an answer that is hardly older counts as new."""

_MAX_ID = 255


@dataclass(frozen=True, slots=True)
class Check:
    """:param completion: the event id of the completion that led to it."""

    completion: str
    level: Level


def check_after(row: InboxEvent, level: Level) -> NewEvent:
    """The event that looks at a level on behalf of a completion; the same again for the same completion and level.

    :param row: the completion, or another look that it led to.
    """
    earlier = read_check(row.payload) if row.kind == KIND else None
    check = Check(row.event_id if earlier is None else earlier.completion, level)
    name = f"{check.completion}/{level.object}"
    return NewEvent(
        connection=row.connection,
        source=row.source,
        event_id=name if len(name) <= _MAX_ID else f"sha256:{hashlib.sha256(name.encode()).hexdigest()}",
        lane=row.lane,
        kind=KIND,
        payload=json.dumps(asdict(check)),
        learner_id=row.learner_id,
        learning_object_id=level.object[:_MAX_ID],
        occurred_at=row.occurred_at,
    )


def read_check(payload: str) -> Check | None:
    """None where it is none of ours: a delivery may use the name too."""
    try:
        value = json.loads(payload)
        level = value["level"]
        badge = None if level["badge"] is None else BadgeRecord(**level["badge"])
        return Check(str(value["completion"]), Level(str(level["object"]), level["most"], badge))
    except (ValueError, KeyError, TypeError):
        return None


def pause_after(waited: float, level: Level, progress: Progress | None) -> float | None:
    """Seconds until the next look at a level that is not achieved; None: that was the last.

    :param waited: seconds since the first look was due. :param progress: what ALM shows of the level.
    """
    looks = LOOKS_WHERE_SHORT_SECONDS if _is_short(level, progress) else LOOKS_SECONDS
    return next((look - waited for look in looks if look - waited >= APART_SECONDS), None)


def _is_short(level: Level, progress: Progress | None) -> bool:
    """Whether credits are missing; where none is, ALM's view only lacks the date yet."""
    if progress is None or progress.points is None:
        return False
    return level.most is None or progress.points < level.most


def shortfall(level: Level, progress: Progress | None) -> str:
    """Why a level is not achieved, as far as ALM tells."""
    if progress is None or progress.points is None:
        return f"ALM does not say that the learner has achieved {level.object}"
    of = "" if level.most is None else f" of {level.most}"
    return f"the learner has {progress.points}{of} credits of {level.object} in ALM: not achieved"
