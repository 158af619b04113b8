"""The events by name, and their schemas, which are loaded on first use: marshmallow is slow to import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from .events import CourseCompleted, CsvImported, Event, SkillCreated

if TYPE_CHECKING:
    from marshmallow import Schema

_EVENTS: dict[str, type[Event]] = {
    "course_completed": CourseCompleted,
    "skill_created": SkillCreated,
    "csv_imported": CsvImported,
}


class _LazySchemas(Mapping[str, "type[Schema]"]):
    def __getitem__(self, name: str) -> type[Schema]:
        from .schemas import SCHEMAS as LOADED

        return LOADED[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_EVENTS)

    def __len__(self) -> int:
        return len(_EVENTS)


SCHEMAS: Mapping[str, type[Schema]] = _LazySchemas()
"""The schema class of each event, by the name of its hook."""


def name_of(event: Event) -> str:
    """Return the name of the hook that carries this event. :raises TypeError: it is not a badgerelay event."""
    for name, kind in _EVENTS.items():
        if type(event) is kind:
            return name
    raise TypeError(f"{type(event).__name__} is not a badgerelay event")
