"""Events of an LMS host, as the inbox stores them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from marshmallow import ValidationError

from ....hooks import CourseCompleted, CsvImported, Event, name_of
from ....hooks.schemas import schema_of

if TYPE_CHECKING:
    from ...store import NewEvent

MAX_CONTENT = 8 * 1024 * 1024
"""Maximum characters of a CSV inside a hook call; a longer file comes as a path."""


def inbox_event(event: Event) -> NewEvent:
    """Return the inbox event of a hook's event. :raises ValueError: the event is not valid."""
    from ...store import HOSTS, IMPORTS, NewEvent

    try:
        kind = name_of(event)
        schema = schema_of(kind)
        data = schema.dump(event)
        event = schema.load(data)
    except ValidationError as error:
        raise ValueError(f"the event is not valid: {error.messages}") from None
    except TypeError as error:
        raise ValueError(f"the event is not valid: {error}") from None
    if isinstance(event, CsvImported) and len(event.content or "") > MAX_CONTENT:
        raise ValueError("content is longer than 8 Mi characters: give a path instead")
    try:
        payload = json.dumps(data, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ValueError("the event is not valid: {'extra': ['Has values that JSON cannot represent.']}") from None
    completed = event if isinstance(event, CourseCompleted) else None
    learning_object = completed.learning_object if completed else None
    return NewEvent(
        connection="",
        source=event.source,
        event_id=event.id,
        lane=IMPORTS if isinstance(event, CsvImported) else HOSTS,
        kind=kind,
        payload=payload,
        learner_id=completed.learner.id if completed else None,
        learning_object_id=(learning_object.instance_id or learning_object.id) if learning_object else None,
        occurred_at=event.occurred_at.timestamp(),
    )
