"""The settings of one issuer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, validate, validates_schema

from ..http.settings_fields import Text

EMBEDDED, JWT = "embedded", "jwt"
KEY, WEB = "key", "web"


class OpenBadgesSettings(Schema):
    """Issue Open Badges that badgerelay signs and publishes itself.

    Install badgerelay[openbadges], and set BADGERELAY_PUBLIC_URL to the public address of `badgerelay serve`.
    """

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "Open Badges connections have no such setting."}  # noqa: RUF012 (as marshmallow types it)

    issuer_name = Text(
        required=True,
        validate=[
            validate.Length(1, 200, error="1 to 200 characters."),
            validate.Predicate("isprintable", error="No control characters."),
        ],
        metadata={"label": "Issuer's name", "help": "The organization that issues the badges."},
    )
    issuer_url = Text(
        allow_none=True,
        validate=validate.URL(schemes={"https", "http"}, error="An https:// URL."),
        metadata={"label": "Issuer's web site", "help": "Where to read about it."},
    )
    issuer_email = Text(
        allow_none=True,
        validate=validate.Email(error="An e-mail address."),
        metadata={"label": "Issuer's e-mail", "help": "It is public: do not use a person's address."},
    )
    did = Text(
        load_default=KEY,
        validate=validate.OneOf([KEY, WEB], error="key or web."),
        metadata={
            "label": "Kind of identifier",
            "help": "web: did:web, which is verified at BADGERELAY_PUBLIC_URL and outlives its keys. key: "
            "the default, did:key, which is its key and needs no web site to be verified.",
        },
    )
    proof = Text(
        load_default=EMBEDDED,
        validate=validate.OneOf([EMBEDDED, JWT], error="embedded or jwt."),
        metadata={
            "label": "Kind of proof",
            "help": "embedded (the default): eddsa-rdfc-2022. jwt: VC-JWT with RS256, for those who ask for it.",
        },
    )

    @validates_schema
    def _jwt_needs_web(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("proof") == JWT and data.get("did") != WEB:
            raise ValidationError("VC-JWT is signed with RSA, which did:key does not support: set web.", "did")
