"""A tiny LMS with a pluggy manager of its own: the least that a host has to do."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime

import pluggy

from ...hooks import AwardNotice, CourseCompleted, Learner, LearningObject
from ..integrations.register import register
from ..runtime.settings import Settings

PROJECT = "tiny_lms"
SOURCE = "tiny-lms"
hookimpl = pluggy.HookimplMarker(PROJECT)


class _People:
    """The LMS's own plugin: it knows its learners, and is notified of their badges."""

    def __init__(self) -> None:
        self.notices: list[AwardNotice] = []
        self.notified = threading.Event()

    @hookimpl
    def resolve_learner(self, source: str, learner_id: str) -> Learner | None:
        known = {"ada": Learner("ada", email="ada.holm@example.org", name="Ada Holm")}
        return known.get(learner_id) if source == SOURCE else None

    @hookimpl
    def badge_issued(self, award: AwardNotice) -> None:
        self.notices.append(award)
        self.notified.set()


class TinyLms:
    """An LMS host that registers badgerelay and calls its hooks.

    :param settings: the settings of the badgerelay that issues the badges.
    """

    def __init__(self, settings: Settings) -> None:
        self._people = _People()
        self._manager = pluggy.PluginManager(PROJECT)
        self._relay = register(self._manager, source=SOURCE, settings=settings)
        self._manager.register(self._people)
        self._manager.check_pending()

    def complete(self, learner_id: str, course_id: str) -> None:
        self._manager.hook.course_completed(
            event=CourseCompleted(
                id=str(uuid.uuid4()),
                source=SOURCE,
                occurred_at=datetime.now(UTC),
                learner=Learner(learner_id),
                learning_object=LearningObject("course", course_id),
                passed=True,
            )
        )

    def next_badge(self, seconds: float) -> AwardNotice | None:
        """Wait for the first notice of a badge. Return None if there was none in that many seconds."""
        self._people.notified.wait(seconds)
        return self._people.notices[0] if self._people.notices else None

    def close(self) -> None:
        self._relay.close()
