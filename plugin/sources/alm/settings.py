"""The settings of one ALM connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validate, validates_schema

from ....adapters.http.hosts import base_url
from ...store.policy import ALM_RATE, DEFAULT_SKILLS_EVERY, every_field, max_age_field, rate_field
from ..recipients import POLICIES

BASIC_KEYS = ("webhook_username", "webhook_password")
SIGNATURE_KEYS = (
    "signature_header",
    "signature_algorithm",
    "signature_encoding",
    "signature_prefix",
    "signature_secret",
)

_filled = validate.Length(min=1, error="Must not be empty.")


def _about(label: str, help: str, *, secret: bool = False) -> dict[str, Any]:  # noqa: A002 (the key's name)
    return {"label": label, "help": help, "secret": secret}


class AlmSettings(Schema):
    """Receive completions from Adobe Learning Manager (ALM), and issue their badges.

    Connect the badge provider first. ALM's API credentials come from an application of an integration administrator;
    the webhook options repeat what is set for the webhook in ALM.
    """

    class Meta:
        unknown = RAISE

    account_id = fields.String(
        required=True, validate=_filled, metadata=_about("Account ID", "As webhook deliveries state it (accountId).")
    )
    host = fields.String(
        required=True,
        metadata=_about("Host", "learningmanager.adobe.com, learningmanagereu.adobe.com or your own domain."),
    )
    client_id = fields.String(
        required=True, validate=_filled, metadata=_about("Client ID", "Integration Admin > Applications.")
    )
    client_secret = fields.String(
        required=True, validate=_filled, metadata=_about("Client secret", "Of the same application.", secret=True)
    )
    refresh_token = fields.String(
        required=True,
        validate=_filled,
        metadata=_about("Refresh token", "From the consent of an administrator, scope admin:read.", secret=True),
    )
    provider = fields.List(
        fields.String(validate=_filled),
        required=True,
        validate=_filled,
        metadata=_about("Provider", "Name of the connection that issues its badges; one of each provider."),
    )
    webhook_auth = fields.String(
        load_default="basic",
        validate=validate.OneOf(("basic", "signature", "none")),
        metadata=_about("Webhook authentication", "As chosen in ALM: basic, signature or none."),
    )
    webhook_username = fields.String(
        load_default=None, allow_none=True, metadata=_about("Webhook user name", "For basic authentication.")
    )
    webhook_password = fields.String(
        load_default=None,
        allow_none=True,
        metadata=_about("Webhook password", "For basic authentication.", secret=True),
    )
    allow_unauthenticated = fields.Boolean(
        load_default=False,
        metadata=_about("Allow unauthenticated", "Anyone who knows the address may then send events."),
    )
    signature_header = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"[A-Za-z0-9_-]+\Z", error="Must be the name of a header."),
        metadata=_about("Signature header", "The header that carries the signature."),
    )
    signature_algorithm = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(("sha256", "sha1", "sha512")),
        metadata=_about("Signature algorithm", "sha256, sha1 or sha512."),
    )
    signature_encoding = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(("hex", "base64")),
        metadata=_about("Signature encoding", "hex or base64."),
    )
    signature_prefix = fields.String(
        load_default=None,
        allow_none=True,
        metadata=_about("Signature prefix", 'What stands before the signature, such as "sha256="; may be "".'),
    )
    signature_secret = fields.String(
        load_default=None,
        allow_none=True,
        metadata=_about("Signature secret", "From the JSON that ALM offers for download.", secret=True),
    )
    name_policy = fields.String(
        load_default="last_word_is_last_name",
        validate=validate.OneOf(POLICIES),
        metadata=_about("Name policy", f"How a name becomes first and last name: {', '.join(POLICIES)}."),
    )
    bulk_parameter = fields.String(
        load_default="id",
        validate=validate.Regexp(r"[A-Za-z][A-Za-z0-9_.\[\]-]{0,63}\Z", error="Must be the name of a parameter."),
        metadata=_about("Bulk parameter", "The parameter of GET /users that takes several ids."),
    )

    rate = rate_field(ALM_RATE)
    max_age = max_age_field("Completions")
    skills_every = every_field("New skills are looked for", DEFAULT_SKILLS_EVERY)

    @pre_load
    def normalise(self, data: Any, **_: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        unknown = [str(key) for key in data if key not in self.fields]
        if unknown:
            known = ", ".join(self.fields)
            raise ValidationError({key: [f"Unknown setting (known: {known})."] for key in unknown})
        loaded = {key: value.strip() if _trimmed(key, value) else value for key, value in data.items()}
        if type(loaded.get("account_id")) is int:
            loaded["account_id"] = str(loaded["account_id"])
        if isinstance(loaded.get("provider"), str):
            loaded["provider"] = [loaded["provider"]]
        return loaded

    @validates_schema
    def check_host(self, data: dict[str, Any], **_: Any) -> None:
        try:
            base_url(data["host"])
        except ValueError as error:
            raise ValidationError({"host": [str(error)]}) from None

    @validates_schema
    def check_authentication(self, data: dict[str, Any], **_: Any) -> None:
        mode = data["webhook_auth"]
        if mode == "none":
            if not data["allow_unauthenticated"]:
                raise ValidationError(
                    {"webhook_auth": ["none accepts events from anyone; it needs allow_unauthenticated = true."]}
                )
            return
        keys = BASIC_KEYS if mode == "basic" else SIGNATURE_KEYS
        may_be_empty = {"signature_prefix"}
        missing = [key for key in keys if data[key] is None or (data[key] == "" and key not in may_be_empty)]
        if missing:
            raise ValidationError({key: [f"Missing: webhook_auth = {mode} needs it."] for key in missing})
        if mode == "basic" and ":" in data["webhook_username"]:
            raise ValidationError({"webhook_username": ["Must not contain a colon (RFC 7617)."]})


def _trimmed(key: str, value: Any) -> bool:
    return isinstance(value, str) and key not in {"webhook_password", "signature_prefix", "signature_secret"}
