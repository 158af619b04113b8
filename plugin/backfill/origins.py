"""Whose completions they are: how they become the events that it would have sent, and who decides on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy.engine import Row

from ...hooks import CourseCompleted, Learner, LearningObject
from ...hooks.schemas import schema_of
from ..sources.alm.decide.source import AlmSource
from ..sources.alm.webhook.decoder import decode
from ..sources.alm.webhook.endpoint import AlmEndpoint
from ..sources.decisions import Source
from ..sources.host.source import HostSource
from ..store import HOSTS, Connection, NewEvent, Store
from ..store.schema.tables import events

_EVENTS = {
    "course": "COURSE_COMPLETED_BATCH",
    "learningProgram": "LEARNING_PATH_COMPLETED_BATCH",
    "certification": "CERTIFICATION_COMPLETED_BATCH",
}
_KINDS = {"course": "course", "learningProgram": "learning_path", "certification": "certification"}


@dataclass(frozen=True, slots=True)
class Party:
    """:param connection: the source connection; empty for an LMS host.
    :param source: the inbox's name for it.
    :param event: of a backfill's number and a completion.
    :param decider: who decides on its live events.
    """

    connection: str
    source: str
    event: Callable[[int, Row[Any]], NewEvent]
    decider: Source

    @property
    def is_host(self) -> bool:
        return not self.connection


def alm_party(store: Store, connection: Connection) -> Party:
    endpoint = AlmEndpoint(connection.name, connection.settings)

    def event(number: int, completion: Row[Any]) -> NewEvent:
        moment = _moment(completion).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        data = {
            "userId": completion.learner_id,
            "loId": completion.lo_id,
            "loInstanceId": completion.instance_id,
            "loType": completion.lo_type,
            "dateCompleted": moment,
            "hasPassed": completion.passed,
        }
        body = {
            "eventId": _event_id(number, completion),
            "eventName": _EVENTS[completion.lo_type],
            "timestamp": moment,
            "data": {key: value for key, value in data.items() if value is not None},
        }
        (new,) = endpoint.take(decode(json.dumps({"events": [body]}).encode()))
        return replace(new, backfill=number)

    return Party(connection.name, endpoint.source, event, AlmSource(store, connection.name))


def host_party(store: Store, source: str) -> Party:
    def event(number: int, completion: Row[Any]) -> NewEvent:
        done = CourseCompleted(
            id=_event_id(number, completion),
            source=source,
            occurred_at=_moment(completion),
            learner=Learner(completion.learner_id, email=completion.email, name=completion.name),
            learning_object=LearningObject(
                _KINDS[completion.lo_type],  # type: ignore[arg-type]  # its values are the three kinds
                completion.lo_id,
                completion.instance_id,
            ),
            passed=completion.passed,
            score=completion.score,
        )
        return NewEvent(
            connection="",
            source=source,
            event_id=done.id,
            lane=HOSTS,
            kind="course_completed",
            payload=json.dumps(schema_of("course_completed").dump(done)),
            learner_id=completion.learner_id,
            learning_object_id=completion.instance_id or completion.lo_id,
            occurred_at=completion.occurred_at,
            backfill=number,
        )

    return Party("", source, event, HostSource(store, {}))


def as_arrived(event: NewEvent, number: int, now: float) -> Any:
    """The event as a row of the inbox that is not there: for a source to decide on before anything is stored."""
    known = {column.name: getattr(event, column.name, None) for column in events.columns}
    fresh = {"id": number, "attempts": 1, "received_at": now, "due_at": now, "correlation_id": "", "unmapped": False}
    return SimpleNamespace(**{**known, **fresh})


def _event_id(number: int, completion: Row[Any]) -> str:
    """The same each time, so that a backfill that was killed stores nothing twice."""
    return f"backfill:{number}:{completion.id}"


def _moment(completion: Row[Any]) -> datetime:
    return datetime.fromtimestamp(completion.occurred_at, UTC)
