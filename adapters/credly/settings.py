"""The settings of one Credly connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from marshmallow import RAISE, Schema, ValidationError, validate, validates_schema

from ..http.hosts import base_url, is_loopback
from ..http.settings_fields import Text, is_host, read_timeout_field

API_HOST = "api.credly.com"
WEB_HOST = "www.credly.com"
_WEB_HOSTS = {"sandbox-api.credly.com": "sandbox.credly.com"}

_ONE_OF = "give either token, or oauth_client_id and oauth_client_secret"


class CredlySettings(Schema):
    """Issue badges of a Credly organization. Give either a token or an OAuth client."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "Credly connections have no such setting."}  # noqa: RUF012 (as marshmallow types it)

    organization_id = Text(
        required=True,
        validate=validate.Regexp(r"[A-Za-z0-9_-]{1,64}\Z", error="Letters, digits and hyphens only."),
        metadata={"label": "Organization id", "help": "The UUID in the address of your organization's pages."},
    )
    host = Text(
        load_default=API_HOST,
        validate=is_host,
        metadata={"label": "API host", "help": "api.credly.com, or sandbox-api.credly.com for Credly's sandbox."},
    )
    token = Text(
        allow_none=True,
        metadata={
            "label": "Authorization token",
            "help": "Developers > Authorization Tokens, with read and write rights. Credly ends it after 180 days.",
            "secret": True,
        },
    )
    oauth_client_id = Text(
        allow_none=True,
        metadata={"label": "OAuth client id", "help": "Instead of a token: the uid of an OAuth application."},
    )
    oauth_client_secret = Text(
        allow_none=True,
        metadata={"label": "OAuth client secret", "help": "The secret of that application.", "secret": True},
    )
    oauth_host = Text(
        allow_none=True,
        validate=is_host,
        metadata={"label": "OAuth host", "help": "Only where it is not Credly's web host: www.credly.com."},
    )

    read_timeout = read_timeout_field("Credly")

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
    """Return the base URL of the API, without version."""
    return base_url(settings.get("host") or API_HOST)


def web_url(settings: Mapping[str, Any]) -> str:
    """Return the base URL of Credly's pages for the API host; on loopback it is the same."""
    api = api_url(settings)
    name = urlsplit(api).hostname or ""
    return api if is_loopback(name) else base_url(_WEB_HOSTS.get(name, WEB_HOST))


def oauth_url(settings: Mapping[str, Any]) -> str:
    """Return the base URL for access tokens: Credly serves them on its web host, not on its API host."""
    return base_url(settings["oauth_host"]) if settings.get("oauth_host") else web_url(settings)
