"""The contract with an LMS: event values, their JSON schemas, and the hooks."""

from .events import (
    AwardNotice,
    CourseCompleted,
    CsvImported,
    Event,
    Learner,
    LearningObject,
    SkillCreated,
    SkillLevel,
)
from .implementations import implementations
from .lazy_schemas import SCHEMAS, name_of
from .specs import PROJECT, hookimpl, specifications

__all__ = [
    "PROJECT",
    "SCHEMAS",
    "AwardNotice",
    "CourseCompleted",
    "CsvImported",
    "Event",
    "Learner",
    "LearningObject",
    "SkillCreated",
    "SkillLevel",
    "hookimpl",
    "implementations",
    "name_of",
    "specifications",
]
