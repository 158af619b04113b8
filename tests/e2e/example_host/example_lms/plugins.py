"""The LMS's own plugins, marked for whatever project name its manager has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pluggy

from badgerelay.hooks import AwardNotice, CourseCompleted, Learner


def people(project: str, directory: Path, diary: Path, stumbles: int = 0) -> Any:
    """Knows the learners of a JSON file, and writes down what it is told of badges, a JSON line each.

    :param stumbles: how many notices fail before one is taken.
    """
    hookimpl = pluggy.HookimplMarker(project)
    failures = iter(range(stumbles))

    class People:
        @hookimpl
        def resolve_learner(self, source: str, learner_id: str) -> Learner | None:
            known: dict[str, dict[str, str]] = json.loads(directory.read_text())
            return Learner(learner_id, **known[learner_id]) if learner_id in known else None

        @hookimpl
        def badge_issued(self, award: AwardNotice) -> None:
            if next(failures, None) is not None:
                raise OSError("the diary cannot be written now")
            _write(diary, "badge_issued", award, "")

        @hookimpl
        def badge_rejected(self, award: AwardNotice, reason: str) -> None:
            _write(diary, "badge_rejected", award, reason)

    return People()


def register_book(project: str) -> Any:
    """Another plugin of the same host, which must run whatever becomes of badgerelay."""
    hookimpl = pluggy.HookimplMarker(project)

    class RegisterBook:
        @hookimpl(trylast=True)
        def course_completed(self, event: CourseCompleted) -> None:
            print(f"register book: {event.learner.id} completed {event.learning_object.id}", flush=True)

    return RegisterBook()


def _write(diary: Path, hook: str, award: AwardNotice, reason: str) -> None:
    line = {"hook": hook, "award": award.id, "event": award.event_id, "badge": award.badge_id, "reason": reason}
    with diary.open("a") as file:
        file.write(json.dumps(line) + "\n")
    print(f"told: {hook} {award.event_id}", flush=True)
