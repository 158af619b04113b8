"""The settings of one Accredible connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, validate

from ..http.settings_fields import Text, base_url_field, read_timeout_field, region_field, url_of

# https://github.com/accredible/api-documentation
REGIONS = {
    "us": "https://api.accredible.com",
    "eu": "https://eu.api.accredible.com",
    "sandbox": "https://sandbox.api.accredible.com",
}
EXPIRE, DELETE = "expire", "delete"


class AccredibleSettings(Schema):
    """Issue badges and certificates of an Accredible account."""

    class Meta:
        unknown = RAISE

    error_messages = {  # noqa: RUF012 (as marshmallow types it)
        "unknown": "Accredible connections have no such setting."
    }

    api_key = Text(
        required=True,
        validate=validate.Regexp(r"[!-~]{1,500}\Z", error="Printable, without blanks."),
        metadata={
            "label": "API key",
            "help": "Of the account, or of one department; a department's key sees only its groups and credentials.",
            "secret": True,
        },
    )
    region = region_field(REGIONS, "us")
    base_url = base_url_field("In place of a region, without the version.")
    revoke_by = Text(
        load_default=EXPIRE,
        validate=validate.OneOf([EXPIRE, DELETE], error="One of {choices}."),
        metadata={
            "label": "Revoke by",
            "help": "Accredible does not revoke: expire keeps the page and shows it as expired, delete removes it.",
        },
    )
    read_timeout = read_timeout_field("Accredible")


def api_url(settings: Mapping[str, Any]) -> str:
    """Return the base URL of the API, without version, which is a part of each path."""
    return url_of(settings, REGIONS)
