"""The events of a completion, in every format that Adobe has published."""

from __future__ import annotations

import itertools
import uuid
from datetime import UTC, datetime
from typing import Any

from .knobs import TimestampShape
from .world import LearningObject

_NAMES = {
    "course": "COURSE_COMPLETED",
    "learningProgram": "LEARNING_PATH_COMPLETED",
    "certification": "CERTIFICATION_COMPLETED",
}
_counter = itertools.count(88213)


def completion_name(item: LearningObject) -> str:
    return _NAMES[item.lo_type]


def other_name(name: str) -> str:
    """Return the batch name of a realtime name, or the realtime name of a batch name."""
    return name.removesuffix("_BATCH") if name.endswith("_BATCH") else f"{name}_BATCH"


def completion_event(
    item: LearningObject,
    user_id: str,
    *,
    name: str,
    completed_at: datetime,
    passed: bool | None,
    shape: TimestampShape,
    event_id: str | None = None,
) -> dict[str, Any]:
    """Return an event. :param passed: None leaves ``hasPassed`` out; certifications never have it."""
    now = datetime.now(UTC)
    data: dict[str, Any] = {
        "userId": int(user_id) if user_id.isdigit() else user_id,
        "loId": item.id,
        "loInstanceId": item.instance_id,
        "loType": item.lo_type,
        "enrollmentSource": "ADMIN_ENROLL" if name.endswith("_BATCH") else "SELF_ENROLL",
        "dateCompleted": moment(completed_at.replace(second=0, microsecond=0), "s" if shape == "legacy" else shape),
    }
    if passed is not None and item.lo_type != "certification":
        data["hasPassed"] = passed
    return {
        "eventId": event_id or str(uuid.uuid4()),
        "eventName": name,
        "timestamp": moment(now, "ms" if shape == "legacy" else shape),
        "eventInfo": f"{int(now.timestamp() * 1000)}-051207-{next(_counter)}-0",
        "data": data,
    }


def moment(when: datetime, shape: TimestampShape) -> str | int:
    if shape in {"ms", "legacy"}:
        return int(when.timestamp() * 1000)
    if shape == "s":
        return int(when.timestamp())
    text = when.astimezone(UTC).isoformat(timespec="seconds" if shape == "iso_seconds" else "milliseconds")
    return text.replace("+00:00", "Z")
