"""Our side of the hooks: take the event, hand it to the store, and never raise into the host."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pluggy

from .events import CourseCompleted, CsvImported, Event, SkillCreated
from .specs import PROJECT

log = logging.getLogger("badgerelay.hooks")

Store = Callable[[Event], None]
"""Commits one event, or raises: the text of a ValueError (the event is wrong) or an OSError (it was not stored) is
logged, of anything else the class alone."""


class Implementations:
    """The hook implementations, without a project's mark; :func:`implementations` marks them.

    :param store: called with each event; returns once it is committed.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def course_completed(self, event: CourseCompleted) -> None:
        self._take(event)

    def skill_created(self, event: SkillCreated) -> None:
        self._take(event)

    def csv_imported(self, event: CsvImported) -> None:
        self._take(event)

    def _take(self, event: Event) -> None:
        try:
            self.store(event)
        except Exception as error:
            # A host's other plugins run after us in the same call: nothing may leave this method.
            log.error(
                "event %.255r of %.64r was not stored: %s",
                getattr(event, "id", None),
                getattr(event, "source", None),
                error if isinstance(error, ValueError | OSError) else type(error).__name__,
            )


def implementations(store: Store, project: str = PROJECT) -> Implementations:
    """Return implementations that a pluggy manager of that project name finds.

    They run before a host's other plugins: pluggy ends a call at the first exception, and the event would be lost.
    """
    mark = pluggy.HookimplMarker(project)

    class Marked(Implementations):
        @mark(tryfirst=True)
        def course_completed(self, event: CourseCompleted) -> None:
            self._take(event)

        @mark(tryfirst=True)
        def skill_created(self, event: SkillCreated) -> None:
            self._take(event)

        @mark(tryfirst=True)
        def csv_imported(self, event: CsvImported) -> None:
            self._take(event)

    return Marked(store)
