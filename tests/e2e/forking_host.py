"""An LMS behind a server that forks after loading: each request is a completion."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pluggy

import badgerelay
from badgerelay.hooks import CourseCompleted, Learner, LearningObject

manager = pluggy.PluginManager("lms")
badgerelay.register(manager, source="lms", engine=True)


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Complete a course; the path is the completion's id. Answers with the number of the process."""
    event_id = environ["PATH_INFO"].strip("/")
    if event_id:
        learner = Learner(event_id, f"{event_id}@example.org", "Ida Berg")
        course = LearningObject("course", "forklift-1")
        event = CourseCompleted(event_id, "lms", datetime.now(UTC), learner, course, passed=True)
        manager.hook.course_completed(event=event)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
