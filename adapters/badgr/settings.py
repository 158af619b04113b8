"""The settings of one Badgr connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from ..http.settings_fields import Text, base_url_field, read_timeout_field, region_field, url_of

# https://developerdocs.instructure.com/services/parchment-digital-badges
REGIONS = {
    "us": "https://api.badges.parchment.com",
    "eu": "https://api.badges.parchment.eu",
    "au": "https://api.badges.parchment.au",
    "ca": "https://api.badges.parchment.ca",
    "sg": "https://api.badges.parchment.sg",
    "demo": "https://api.demo.badges.parchment.com",
    "test": "https://api.test.badges.parchment.com",
}
SCOPE = "rw:issuer"

_ONE_OF = "give either username and password, or client_id and client_secret"
_PAIRS = (("username", "password"), ("client_id", "client_secret"))


class BadgrSettings(Schema):
    """Issue badges of an issuer at Canvas Credentials (Badgr). Give either a user's login or an OAuth application."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "Badgr connections have no such setting."}  # noqa: RUF012 (as marshmallow types it)

    issuer_id = Text(
        required=True,
        validate=validate.Regexp(r"[A-Za-z0-9_-]{1,64}\Z", error="Letters, digits, hyphens and underscores only."),
        metadata={"label": "Issuer id", "help": "The entityId in the address of your issuer's page."},
    )
    region = region_field(REGIONS, "us")
    base_url = base_url_field("In place of a region: of your own server, or an older name such as api.eu.badgr.io.")
    username = Text(
        allow_none=True, metadata={"label": "User name", "help": "The e-mail address of a user who may issue."}
    )
    password = Text(
        allow_none=True, metadata={"label": "Password", "help": "The password of that user.", "secret": True}
    )
    client_id = Text(
        allow_none=True,
        metadata={"label": "OAuth client id", "help": "Instead of a user: of an application with an owner."},
    )
    client_secret = Text(
        allow_none=True,
        metadata={"label": "OAuth client secret", "help": "The secret of that application.", "secret": True},
    )
    scope = Text(
        load_default=SCOPE,
        validate=validate.Regexp(r"[A-Za-z0-9:_ -]{1,200}\Z", error="OAuth scopes, with blanks between them."),
        metadata={"label": "OAuth scope", "help": f"Of the application; {SCOPE}, or {SCOPE}:<entityId>."},
    )
    notify = fields.Boolean(
        load_default=False, metadata={"label": "E-mail", "help": "Let Badgr write to learners about their badges."}
    )
    skip_look = fields.Boolean(
        load_default=False,
        metadata={
            "label": "Skip the look",
            "help": "Only for a server that is known to refuse a second badge: "
            "do not search for each learner's badge before it is issued.",
        },
    )
    read_timeout = read_timeout_field("Badgr")

    @validates_schema
    def _credentials(self, data: Mapping[str, Any], **_: Any) -> None:
        given = [[key for key in pair if data.get(key)] for pair in _PAIRS]
        if all(given):
            raise ValidationError(f"Two kinds of credentials: {_ONE_OF}.", given[0][-1])
        if not any(given):
            raise ValidationError(f"No credentials: {_ONE_OF}.", "password")
        for pair, keys in zip(_PAIRS, given, strict=True):
            if len(keys) == 1:
                raise ValidationError(f"Half of the credentials: {_ONE_OF}.", next(k for k in pair if k not in keys))


def api_url(settings: Mapping[str, Any]) -> str:
    """Return the base URL of the server, without version."""
    return url_of(settings, REGIONS)
