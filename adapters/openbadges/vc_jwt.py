"""Sign credentials as VC-JWT: a compact JWS, RS256, with the credential as its payload."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..errors import ConfigurationError
from .issuer import Voice


def sign_jwt(document: Mapping[str, Any], voice: Voice, url: str) -> str:
    """Sign a credential as VC-JWT.

    :param url: of the public pages, where ``keys/<number>`` is the key as a JWK.
    :raises ConfigurationError: the extra is not installed.
    """
    jwt = require_jwt()
    issuer = document["issuer"]
    claims = {
        **document,
        "iss": issuer if isinstance(issuer, str) else issuer["id"],
        "jti": document["id"],
        "nbf": _seconds(document["validFrom"]),
        "sub": document["credentialSubject"]["id"],
    }
    if "validUntil" in document:
        claims["exp"] = _seconds(document["validUntil"])
    headers = {"kid": f"{url}/keys/{voice.key.number}"}
    token: str = jwt.encode(claims, voice.key.rsa, algorithm="RS256", headers=headers)
    return token


def read_jwt(token: str) -> dict[str, Any]:
    """Return the credential in a token of our own; the signature is not checked."""
    claims: dict[str, Any] = require_jwt().decode(token, options={"verify_signature": False})
    return {name: value for name, value in claims.items() if name not in ("iss", "jti", "nbf", "sub", "exp")}


def jwt_verifies(token: str, voice: Voice) -> bool:
    jwt = require_jwt()
    options = {"verify_exp": False, "verify_nbf": False}
    if not voice.key.pem:
        return False
    try:
        jwt.decode(token, voice.key.rsa.public_key(), algorithms=["RS256"], options=options)
    except jwt.PyJWTError:
        return False
    return True


def require_jwt() -> Any:
    try:
        import jwt
    except ImportError:
        raise ConfigurationError(
            "VC-JWT needs an extra: pip install 'badgerelay[openbadges]'", setting="proof"
        ) from None
    return jwt


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())
