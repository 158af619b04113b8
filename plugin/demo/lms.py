"""A tiny LMS with a pluggy manager of its own: what a host needs to do, and no more."""

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
    """The LMS's own plugin: it knows its learners, and wants to hear of their badges."""

    def __init__(self) -> None:
        self.heard: list[AwardNotice] = []
        self.news = threading.Event()

    @hookimpl
    def resolve_learner(self, source: str, learner_id: str) -> Learner | None:
        known = {"ada": Learner("ada", email="ada.holm@example.org", name="Ada Holm")}
        return known.get(learner_id) if source == SOURCE else None

    @hookimpl
    def badge_issued(self, award: AwardNotice) -> None:
        self.heard.append(award)
        self.news.set()


class TinyLms:
    """:param settings: where badgerelay keeps its things; the badges are issued by whoever works there."""

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

    def hears_of_a_badge(self, seconds: float) -> AwardNotice | None:
        """The first badge it is told of, or None when it was told of none in that time."""
        self._people.news.wait(seconds)
        return self._people.heard[0] if self._people.heard else None

    def close(self) -> None:
        self._relay.close()
