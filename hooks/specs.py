"""The hooks, as pluggy specifications.

Every call is keyword only. The specifications are made for a project name, because pluggy finds only what
is marked with the name of the manager that looks for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import pluggy

from .events import AwardNotice, CourseCompleted, CsvImported, Learner, SkillCreated

PROJECT = "badgerelay"

hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks an implementation in a host that uses our own project name."""

HOST_CALLS = ("course_completed", "skill_created", "csv_imported")
HOST_IMPLEMENTS = ("resolve_learner", "badge_issued", "badge_rejected", "badge_changed")
PLUGIN_IMPLEMENTS = ("badge_adapters",)
"""What plugins in the entry-point group ``badgerelay`` implement, in whichever process they are loaded."""


def specifications(project: str = PROJECT) -> type:
    """A class for ``manager.add_hookspecs`` whose methods are marked for that project name."""
    hookspec = pluggy.HookspecMarker(project)

    class Specifications:
        @hookspec
        def course_completed(self, event: CourseCompleted) -> None:
            """Called by the host when a learner has completed a learning object.

            :param event: committed to badgerelay's inbox when the call returns.
            """

        @hookspec
        def skill_created(self, event: SkillCreated) -> None:
            """Called by the host when a skill was created. :param event: as in ``course_completed``."""

        @hookspec
        def csv_imported(self, event: CsvImported) -> None:
            """Called by the host when it has imported a CSV. :param event: as in ``course_completed``."""

        @hookspec(firstresult=True)
        def resolve_learner(self, source: str, learner_id: str) -> Learner | None:
            """Called when an event came without the learner's e-mail; runs on a thread of badgerelay's.

            :param source: the source of the event, as the host gave it.
            :param learner_id: ``Learner.id`` of the event.
            :return: the learner, or None when unknown (badgerelay asks again later).
            """

        @hookspec
        def badge_issued(self, award: AwardNotice) -> None:
            """Called at least once when a badge of the host's was issued; runs on a thread of badgerelay's.

            :param award: ``award.id`` tells a repeated call from a second badge. An exception means: tell me again.
            """

        @hookspec
        def badge_rejected(self, award: AwardNotice, reason: str) -> None:
            """Called at least once when the provider refused the badge for good. :param reason: a sentence."""

        @hookspec
        def badge_changed(self, award: AwardNotice) -> None:
            """Called at least once when an issued badge was accepted, declined, revoked, replaced or has expired.

            :param award: ``award.state`` says which.
            """

        @hookspec
        def badge_adapters(self) -> Sequence[type] | None:
            """Called by badgerelay when it looks for badge providers, of installed plugins alone.

            :return: subclasses of ``badgerelay.adapters.Adapter``. Called again each time: keep no state.
            """

    return Specifications
