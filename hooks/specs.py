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
"""Marker of an implementation in a host that uses our own project name."""

HOST_CALLS = ("course_completed", "skill_created", "csv_imported")
HOST_IMPLEMENTS = ("resolve_learner", "badge_issued", "badge_rejected", "badge_changed")
PLUGIN_IMPLEMENTS = ("badge_adapters",)
"""Hooks that plugins in the entry-point group ``badgerelay`` implement, in every process that loads them."""


def specifications(project: str = PROJECT) -> type:
    """Return a class for ``manager.add_hookspecs`` whose methods are marked for that project name."""
    hookspec = pluggy.HookspecMarker(project)

    class Specifications:
        @hookspec
        def course_completed(self, event: CourseCompleted) -> None:
            """Accept a completion: the host calls it when a learner has completed a learning object.

            :param event: committed to badgerelay's inbox when the call returns.
            """

        @hookspec
        def skill_created(self, event: SkillCreated) -> None:
            """Accept a skill: the host calls it when one was created. :param event: as in ``course_completed``."""

        @hookspec
        def csv_imported(self, event: CsvImported) -> None:
            """Accept a CSV: the host calls it when it has imported one. :param event: as in ``course_completed``."""

        @hookspec(firstresult=True)
        def resolve_learner(self, source: str, learner_id: str) -> Learner | None:
            """Return the learner of an event that came without an e-mail; runs on a thread of badgerelay's.

            :param source: the source of the event, as the host gave it.
            :param learner_id: ``Learner.id`` of the event.
            :return: the learner, or None when unknown (badgerelay asks again later).
            """

        @hookspec
        def badge_issued(self, award: AwardNotice) -> None:
            """Handle an issued badge of the host's; called at least once, on a thread of badgerelay's.

            :param award: ``award.id`` tells a repeated call from a second badge. An exception asks for a repeat.
            """

        @hookspec
        def badge_rejected(self, award: AwardNotice, reason: str) -> None:
            """Handle a badge that the provider refused for good; called at least once. :param reason: a sentence."""

        @hookspec
        def badge_changed(self, award: AwardNotice) -> None:
            """Handle a change of an issued badge; called at least once.

            :param award: ``award.state`` says which: accepted, declined, revoked, replaced or expired.
            """

        @hookspec
        def badge_adapters(self) -> Sequence[type] | None:
            """Return badge adapters. badgerelay asks installed plugins alone, when it looks for providers.

            :return: subclasses of ``badgerelay.adapters.Adapter``. Called again each time: keep no state.
            """

    return Specifications
