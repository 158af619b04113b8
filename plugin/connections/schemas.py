"""The settings of each type of connection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields

from ...adapters.registry import load_adapter
from ..sources.alm.settings import AlmSettings
from ..store.policy import KEYS, PolicySettings

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
ALM = "alm"


def schema_of(type_: str) -> type[Schema]:
    """The settings of a connection of that type, without what every provider connection can set.

    :raises ConfigurationError: nothing of that name is installed, or it does not work.
    """
    return AlmSettings if type_ == ALM else load_adapter(type_).settings_schema


def fields_of(type_: str) -> dict[str, fields.Field[Any]]:
    """All that can be set for a connection of that type. :raises ConfigurationError: as :func:`schema_of`."""
    own = schema_of(type_)().fields
    return dict(own) if type_ == ALM else {**own, **PolicySettings().fields}


def load_settings(type_: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Validated settings of a connection of that type.

    :raises ConfigurationError: as :func:`schema_of`.
    :raises ValidationError: names what is wrong, of the adapter's own and of ours.
    """
    ours = set() if type_ == ALM else KEYS
    parts = (
        (schema_of(type_), {key: value for key, value in values.items() if key not in ours}),
        (PolicySettings, {key: value for key, value in values.items() if key in ours}),
    )
    settings: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    for schema, given in parts:
        try:
            settings.update(schema().load(given))
        except ValidationError as error:
            wrong.update(error.messages if isinstance(error.messages, dict) else {"": error.messages})
    if not wrong and type_ != ALM:
        most = load_adapter(type_).capabilities.max_batch
        if settings.get("max_batch", 1) > most:
            wrong["max_batch"] = [f"Must be at most {most}: {type_} takes no more badges in one call."]
    if wrong:
        raise ValidationError(wrong)
    return settings


def secret_keys(schema: type[Schema]) -> set[str]:
    return {key for key, field in schema().fields.items() if field.metadata.get("secret")}
