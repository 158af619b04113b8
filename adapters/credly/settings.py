"""The settings of one Credly connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from ..hosts import base_url, is_loopback
from ..transport import READ_SECONDS

API_HOST = "api.credly.com"
WEB_HOST = "www.credly.com"
_WEB_HOSTS = {"sandbox-api.credly.com": "sandbox.credly.com"}

_ONE_OF = "give either token, or oauth_client_id and oauth_client_secret"


class _Text(fields.String):
    """Text without surrounding blanks: values come from files and prompts with a line break at their end."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        return str(super()._deserialize(value, attr, data, **kwargs)).strip()


def _host(value: str) -> None:
    try:
        base_url(value)
    except ValueError as error:
        raise ValidationError(str(error)) from error


class CredlySettings(Schema):
    """Which organization, where, and with what credentials: exactly one of a token or an OAuth client."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "Credly connections have no such setting."}  # noqa: RUF012 (as marshmallow types it)

    organization_id = _Text(
        required=True,
        validate=validate.Regexp(r"[A-Za-z0-9_-]{1,64}\Z", error="Letters, digits and hyphens only."),
        metadata={"label": "Organization id", "help": "The UUID in the address of your organization's pages."},
    )
    host = _Text(
        load_default=API_HOST,
        validate=_host,
        metadata={"label": "API host", "help": "api.credly.com, or sandbox-api.credly.com for Credly's sandbox."},
    )
    token = _Text(
        allow_none=True,
        metadata={
            "label": "Authorization token",
            "help": "Developers > Authorization Tokens, with read and write rights. Credly ends it after 180 days.",
            "secret": True,
        },
    )
    oauth_client_id = _Text(
        allow_none=True,
        metadata={"label": "OAuth client id", "help": "Instead of a token: the uid of an OAuth application."},
    )
    oauth_client_secret = _Text(
        allow_none=True,
        metadata={"label": "OAuth client secret", "help": "The secret of that application.", "secret": True},
    )
    oauth_host = _Text(
        allow_none=True,
        validate=_host,
        metadata={"label": "OAuth host", "help": "Only where it is not Credly's web host: www.credly.com."},
    )

    read_timeout = fields.Float(
        load_default=READ_SECONDS,
        validate=validate.Range(min=0.1, max=600, error="From 0.1 to 600 seconds."),
        metadata={
            "label": "Read time-out",
            "help": "Seconds that Credly may stay silent before its answer counts as lost.",
        },
    )

    @validates_schema
    def _credentials(self, data: Mapping[str, Any], **_: Any) -> None:
        client = [data.get("oauth_client_id"), data.get("oauth_client_secret")]
        if data.get("token"):
            if any(client):
                raise ValidationError(f"Two kinds of credentials: {_ONE_OF}.", "token")
        elif not any(client):
            raise ValidationError(f"No credentials: {_ONE_OF}.", "token")
        elif not all(client):
            missing = "oauth_client_secret" if client[0] else "oauth_client_id"
            raise ValidationError(f"Half an OAuth client: {_ONE_OF}.", missing)


def api_url(settings: Mapping[str, Any]) -> str:
    """The base URL of the API, without version."""
    return base_url(settings.get("host") or API_HOST)


def web_url(settings: Mapping[str, Any]) -> str:
    """The base URL of Credly's pages that belong to the API host; on loopback the same one."""
    api = api_url(settings)
    name = urlsplit(api).hostname or ""
    return api if is_loopback(name) else base_url(_WEB_HOSTS.get(name, WEB_HOST))


def oauth_url(settings: Mapping[str, Any]) -> str:
    """The base URL for access tokens: Credly serves them on its web host, not on its API host."""
    return base_url(settings["oauth_host"]) if settings.get("oauth_host") else web_url(settings)
