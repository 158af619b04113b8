"""Verify our own badges, for their public pages."""

from __future__ import annotations

from .badges import Badge
from .issuer import Voice
from .keys import IssuerKey, KeyRing
from .proofs import verifies
from .rdf_canonical import require_pyld
from .vc_jwt import jwt_verifies, read_jwt, require_jwt


def document_of(badge: Badge) -> dict[str, object]:
    """Return the credential, embedded proof or VC-JWT."""
    return read_jwt(badge.credential) if isinstance(badge.credential, str) else badge.credential


def is_signed(badge: Badge, ring: KeyRing) -> bool:
    """Return whether one of the issuer's keys, present or old, signed exactly this credential."""
    if isinstance(badge.credential, str):
        kid = require_jwt().get_unverified_header(badge.credential).get("kid", "")
        key = _numbered(ring, kid.rpartition("/")[2])
        return key is not None and jwt_verifies(badge.credential, Voice("", "", key))
    require_pyld()
    method = str(badge.credential["proof"]["verificationMethod"]).rpartition("#")[2]
    key = _numbered(ring, method.removeprefix("key-"))
    key = key or next((each for each in ring.keys if each.multibase == method), None)
    return key is not None and verifies(badge.credential, key.private.public_key())


def _numbered(ring: KeyRing, number: str) -> IssuerKey | None:
    return next((key for key in ring.keys if str(key.number) == number), None)
