"""The source of a backfill's completions: the events that it would have sent, and the decisions on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ...hooks import CourseCompleted, Learner, LearningObject
from ...hooks.events import LearningObjectKind
from ...hooks.schemas import schema_of
from ..sources.alm.decide.source import AlmSource
from ..sources.alm.webhook.decoder import decode
from ..sources.alm.webhook.endpoint import AlmEndpoint
from ..sources.decisions import Source
from ..sources.host.source import HostSource
from ..store import HOSTS, Connection, NewEvent, Store
from ..store.backfill.values import LoType, PastCompletion

_EVENTS: dict[LoType, str] = {
    "course": "COURSE_COMPLETED_BATCH",
    "learningProgram": "LEARNING_PATH_COMPLETED_BATCH",
    "certification": "CERTIFICATION_COMPLETED_BATCH",
}
_KINDS: dict[LoType, LearningObjectKind] = {
    "course": "course",
    "learningProgram": "learning_path",
    "certification": "certification",
}


@dataclass(frozen=True, slots=True)
class BackfillSource:
    """A source, as a backfill uses it.

    :param connection: the source connection; empty for an LMS host.
    :param name: the inbox's name of the source.
    :param event: takes a backfill's number and a past completion, and returns the completion's event.
    :param decider: decides on the source's live events too.
    """

    connection: str
    name: str
    event: Callable[[int, PastCompletion], NewEvent]
    decider: Source

    @property
    def is_host(self) -> bool:
        return not self.connection


def alm_source(store: Store, connection: Connection) -> BackfillSource:
    """Return the source of an ALM connection's completions."""
    endpoint = AlmEndpoint(connection.name, connection.settings)

    def event(number: int, completion: PastCompletion) -> NewEvent:
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
            "eventId": event_id_of(number, completion.id),
            "eventName": _EVENTS[completion.lo_type],
            "timestamp": moment,
            "data": {key: value for key, value in data.items() if value is not None},
        }
        (new,) = endpoint.take(decode(json.dumps({"events": [body]}).encode()))
        return replace(new, backfill=number)

    return BackfillSource(connection.name, endpoint.source, event, AlmSource(store, connection.name))


def host_source(store: Store, source: str) -> BackfillSource:
    """Return the source of an LMS host's completions."""

    def event(number: int, completion: PastCompletion) -> NewEvent:
        done = CourseCompleted(
            id=event_id_of(number, completion.id),
            source=source,
            occurred_at=_moment(completion),
            learner=Learner(completion.learner_id or "", email=completion.email, name=completion.name),
            learning_object=LearningObject(_KINDS[completion.lo_type], completion.lo_id, completion.instance_id),
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

    return BackfillSource("", source, event, HostSource(store, {}))


def event_id_of(number: int, completion: int) -> str:
    """Return the event id of a past completion: always the same, so that a repeated step stores nothing twice."""
    return f"backfill:{number}:{completion}"


def _moment(completion: PastCompletion) -> datetime:
    assert completion.occurred_at is not None  # completions without a date are refused when they are read
    return datetime.fromtimestamp(completion.occurred_at, UTC)
