"""Events that ALM does not send: findings of polls, put into the inbox like a webhook's events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .....hooks import SkillCreated, SkillLevel
from ....store import Connection, InboxEvent, NewEvent
from .event_names import CSV_IMPORTED, SKILL_CREATED
from .triage import source_of


def skill_created(connection: Connection, skill: Mapping[str, Any]) -> NewEvent:
    """Return the event of a new skill.

    :param skill: has ``skillId``, ``name`` and ``levels``; each level has ``level``, ``name`` and ``badge`` (``id``,
        ``provider``, ``templateId``, or None).
    """
    return _event(connection, _of_skill(skill["skillId"]), SKILL_CREATED, skill)


def read_skill(event: InboxEvent) -> SkillCreated | None:
    """Return the skill of an event in the inbox; None if a delivery only uses the same event name."""
    try:
        reported = json.loads(event.payload)
        if event.event_id != _of_skill(reported["skillId"]):
            return None
        levels = tuple(
            SkillLevel(int(each["level"]), each["name"] or None, _template(each["badge"]))
            for each in reported["levels"]
        )
        found = datetime.fromtimestamp(event.received_at, UTC)
        return SkillCreated(event.event_id, event.source, found, reported["skillId"], str(reported["name"]), levels)
    except (ValueError, KeyError, TypeError):
        return None


def csv_imported(connection: Connection, run: str, file: str, reason: str, details: Mapping[str, Any]) -> NewEvent:
    """Return the event of a file that ALM has imported in a migration run. It is done at once, without the file.

    :param run: the project, sprint and run.
    :param file: the file's name without ``.csv``.
    """
    return _event(connection, f"migration:{run}:{file}", CSV_IMPORTED, details, state="done", reason=reason)


def _of_skill(skill_id: str) -> str:
    return f"skill:{skill_id}"


def _template(badge: Mapping[str, str | None] | None) -> str | None:
    """Return the template's id; for a badge without a template, ALM's own id of it."""
    return None if badge is None else badge["templateId"] or badge["id"]


def _event(
    connection: Connection,
    event_id: str,
    kind: str,
    details: Mapping[str, Any],
    *,
    state: str = "received",
    reason: str | None = None,
) -> NewEvent:
    return NewEvent(
        connection=connection.name,
        source=source_of(connection.settings["account_id"]),
        event_id=event_id,
        lane=connection.name,
        kind=kind,
        payload=json.dumps({"eventId": event_id, "eventName": kind, **details}),
        state=state,
        reason=reason,
    )
