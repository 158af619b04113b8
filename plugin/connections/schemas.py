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
    """Return the settings schema of a connection type, without the settings of every provider connection.

    :raises ConfigurationError: no adapter of this name is installed, or it does not work.
    """
    return AlmSettings if type_ == ALM else load_adapter(type_).settings_schema


def fields_of(type_: str) -> dict[str, fields.Field[Any]]:
    """Return all settings of a connection type.

    :raises ConfigurationError: as :func:`schema_of`.
    """
    own = schema_of(type_)().fields
    return dict(own) if type_ == ALM else {**own, **PolicySettings().fields}


def load_settings(type_: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the validated settings of a connection type.

    :raises ConfigurationError: as :func:`schema_of`.
    :raises ValidationError: names every setting that is not valid, the adapter's and ours.
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
    """Return the names of the secret settings."""
    return {key for key, field in schema().fields.items() if field.metadata.get("secret")}
