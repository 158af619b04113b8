"""The settings of one connection: each becomes an option of ``badgerelay connect`` and a key of its TOML table."""

from __future__ import annotations

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from ..http.hosts import base_url


def _is_host(value: str) -> None:
    try:
        base_url(value)
    except ValueError as error:
        raise ValidationError(str(error)) from error


class ExampleSettings(Schema):
    """The provider's host and the API key."""

    class Meta:
        unknown = RAISE

    host = fields.String(
        required=True,
        validate=_is_host,
        metadata={"label": "Host", "help": "The name of the provider's API host, such as api.example.org."},
    )
    api_key = fields.String(
        required=True,
        validate=validate.Length(min=1),
        metadata={"label": "API key", "help": "From the provider's page Settings > API.", "secret": True},
    )
    read_timeout = fields.Float(
        load_default=30.0,
        validate=validate.Range(min=0.1, max=240, error="From 0.1 to 240 seconds."),
        metadata={"label": "Read time-out", "help": "Seconds of silence after which an answer counts as lost."},
    )
