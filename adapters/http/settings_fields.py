"""Settings fields that HTTP providers share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate

from .hosts import base_url
from .transport import READ_SECONDS

MAX_READ_SECONDS = 240.0
"""Maximum of the setting ``read_timeout``: badgerelay ends a call that takes longer."""


class Text(fields.String):
    """A text without surrounding blanks: values from files and prompts end with a line break."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        return str(super()._deserialize(value, attr, data, **kwargs)).strip()


def is_host(value: str) -> None:
    """Check a host. :raises ValidationError: says how to write it."""
    try:
        base_url(value)
    except ValueError as error:
        raise ValidationError(str(error)) from error


def is_base_url(value: str) -> None:
    """Check a host that a path may follow. Raises as :func:`is_host`."""
    try:
        base_url(value, path=True)
    except ValueError as error:
        raise ValidationError(str(error)) from error


def region_field(regions: Mapping[str, str], default: str) -> fields.String:
    return Text(
        load_default=default,
        validate=validate.OneOf(list(regions), error="One of {choices}."),
        metadata={"label": "Region", "help": f"The account's region: {', '.join(regions)}; default {default}."},
    )


def base_url_field(help_: str) -> fields.String:
    return Text(allow_none=True, validate=is_base_url, metadata={"label": "Base URL", "help": help_})


def read_timeout_field(provider: str) -> fields.Float:
    return fields.Float(
        load_default=READ_SECONDS,
        validate=validate.Range(min=0.1, max=MAX_READ_SECONDS, error="From 0.1 to {max:g} seconds."),
        metadata={
            "label": "Read time-out",
            "help": f"Seconds that {provider} may stay silent before its answer counts as lost.",
        },
    )


def url_of(settings: Mapping[str, Any], regions: Mapping[str, str]) -> str:
    """Return the base URL: the setting ``base_url``, or that of the setting ``region``."""
    return base_url(settings.get("base_url") or regions[settings["region"]], path=True)
