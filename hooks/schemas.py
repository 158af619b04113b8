"""The same values as JSON: one marshmallow schema per event.

``SCHEMAS["course_completed"]().load(data)`` gives the value or raises ``marshmallow.ValidationError``
that names every wrong field; ``dump`` is its inverse.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import cache
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from .events import CourseCompleted, CsvImported, Learner, LearningObject, SkillCreated, SkillLevel

MAX_ID = 255
"""Characters in an id; longer ones are refused because a database index could not hold them."""


def _storable(text: str) -> None:
    """Check that every database can keep the text: no NUL, no lone surrogate."""
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ValidationError("Holds a NUL or a lone surrogate, which no database can keep.")


def _finite(number: float) -> None:
    if not math.isfinite(number):
        raise ValidationError("Not a finite number.")


def _believable(moment: datetime) -> None:
    try:
        year = moment.astimezone(UTC).year
    except OverflowError:
        year = 0
    if not 1970 <= year <= 2100:
        raise ValidationError("Not between 1970 and 2100.")


class _AsGiven:
    """A field that dumps what it cannot read as it is: ``load`` then says which field is wrong."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **options: Any) -> Any:
        try:
            return super()._serialize(value, attr, obj, **options)  # type: ignore[misc]  # of the field beside us
        except (AttributeError, TypeError, ValueError, OverflowError):
            return value


class _Moment(_AsGiven, fields.AwareDateTime):
    pass


class _Float(_AsGiven, fields.Float):
    pass


class _Boolean(fields.Boolean):
    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return value  # marshmallow 3 dumps any text as true


class _Integer(_AsGiven, fields.Integer):
    pass


class _Object(_AsGiven, fields.Dict):
    pass


def _id(**options: Any) -> fields.String:
    return fields.String(required=True, validate=[validate.Length(min=1, max=MAX_ID), _storable], **options)


def _text(limit: int = 1000, **options: Any) -> fields.String:
    options.setdefault("load_default", None)
    return fields.String(allow_none=True, validate=[validate.Length(max=limit), _storable], **options)


class _ValueSchema(Schema):
    """Schema that loads into the dataclass named by ``value``."""

    value: type[Any]

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Any:
        return self.value(**data)


class LearnerSchema(_ValueSchema):
    value = Learner
    id = _id()
    email = _text(320)
    name = _text()
    first_name = _text()
    last_name = _text()
    locale = _text(35)


class LearningObjectSchema(_ValueSchema):
    value = LearningObject
    kind = fields.String(required=True, validate=validate.OneOf(["course", "learning_path", "certification"]))
    id = _id()
    instance_id = _text(MAX_ID)
    name = _text()


class _EventSchema(_ValueSchema):
    id = _id()
    source = fields.String(
        required=True,
        validate=validate.Regexp(
            r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z", error="1 to 64 of letters, digits, '.', '_', '-'."
        ),
    )
    occurred_at = _Moment(required=True, format="iso", validate=_believable)


class CourseCompletedSchema(_EventSchema):
    value = CourseCompleted
    learner = fields.Nested(LearnerSchema, required=True)
    learning_object = fields.Nested(LearningObjectSchema, required=True)
    passed = _Boolean(allow_none=True, load_default=None)
    score = _Float(allow_none=True, load_default=None, validate=_finite)
    extra = _Object(keys=fields.String(), load_default=dict)


class SkillLevelSchema(_ValueSchema):
    value = SkillLevel
    level = _Integer(required=True)
    name = _text()
    badge = _text(MAX_ID)


class SkillCreatedSchema(_EventSchema):
    value = SkillCreated
    skill_id = _id()
    name = fields.String(required=True, validate=[validate.Length(min=1, max=1000), _storable])
    levels = fields.List(fields.Nested(SkillLevelSchema), load_default=list)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> SkillCreated:
        return SkillCreated(**{**data, "levels": tuple(data["levels"])})


class CsvImportedSchema(_EventSchema):
    value = CsvImported
    kind = fields.String(required=True, validate=[validate.Length(min=1, max=64), _storable])
    path = _text(4096)
    content = fields.String(allow_none=True, load_default=None)

    @validates_schema
    def one_of_path_and_content(self, data: dict[str, Any], **_: Any) -> None:
        if (data.get("path") is None) == (data.get("content") is None):
            raise ValidationError("Give either a path or the content.", "path")


SCHEMAS: dict[str, type[_EventSchema]] = {
    "course_completed": CourseCompletedSchema,
    "skill_created": SkillCreatedSchema,
    "csv_imported": CsvImportedSchema,
}


@cache
def schema_of(name: str) -> _EventSchema:
    """Return the schema of the event of that hook, made once: to make one takes far longer than to use it.

    May be used by several threads.
    """
    return SCHEMAS[name]()
