"""Events that ALM does not send: what a poll has found, put into the inbox like a webhook's."""

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
    """:param skill: ``skillId``, ``name`` and ``levels``: ``level``, ``name``, ``badge`` (``id``, ``provider``,
    ``templateId``) or None.
    """
    return _event(connection, _of_skill(skill["skillId"]), SKILL_CREATED, skill)


def read_skill(row: InboxEvent) -> SkillCreated | None:
    """The skill of such an event in the inbox; None where it is none of ours: a delivery may use the name too."""
    try:
        told = json.loads(row.payload)
        if row.event_id != _of_skill(told["skillId"]):
            return None
        levels = tuple(
            SkillLevel(int(each["level"]), each["name"] or None, _template(each["badge"])) for each in told["levels"]
        )
        found = datetime.fromtimestamp(row.received_at, UTC)
        return SkillCreated(row.event_id, row.source, found, told["skillId"], str(told["name"]), levels)
    except (ValueError, KeyError, TypeError):
        return None


def csv_imported(connection: Connection, run: str, file: str, reason: str, details: Mapping[str, Any]) -> NewEvent:
    """A file of a migration run that ALM has taken in; recorded and done with: the file itself is not to be had.

    :param run: its project, sprint and run. :param file: its name without ``.csv``.
    """
    return _event(connection, f"migration:{run}:{file}", CSV_IMPORTED, details, state="done", reason=reason)


def _of_skill(skill_id: str) -> str:
    return f"skill:{skill_id}"


def _template(badge: Mapping[str, str | None] | None) -> str | None:
    """The template's id; of a badge without one, what ALM calls it, which is no template's."""
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
