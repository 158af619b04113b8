"""Build credentials of Open Badges 3.0: https://www.imsglobal.org/spec/ob/v3p0"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from .contexts import CREDENTIALS, EXTENSIONS, OPEN_BADGES

SCHEMA = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"


def credential(
    profile: Mapping[str, Any], achievement: Mapping[str, Any], own: Mapping[str, str], *, subject_id: str = ""
) -> dict[str, Any]:
    """Build one badge, not signed yet.

    :param own: the values of this badge: ``id``, ``issued``, ``until`` if it expires, ``hash`` and ``salt`` of its
        recipient's address, ``entry``, ``position`` and ``list`` of its status.
    :param subject_id: for VC-JWT, which requires an id of the subject.
    """
    until = {"validUntil": own["until"]} if "until" in own else {}
    return {
        "@context": [CREDENTIALS, OPEN_BADGES, EXTENSIONS],
        "id": own["id"],
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": dict(profile),
        "validFrom": own["issued"],
        **until,
        "awardedDate": own["issued"],
        "name": achievement["name"],
        "credentialSubject": {
            **({"id": subject_id} if subject_id else {}),
            "type": ["AchievementSubject"],
            "identifier": [
                {
                    "type": "IdentityObject",
                    "hashed": True,
                    "identityType": "emailAddress",
                    "identityHash": own["hash"],
                    "salt": own["salt"],
                }
            ],
            "achievement": dict(achievement),
        },
        "credentialSchema": [{"id": SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}],
        "credentialStatus": {
            "id": own["entry"],
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": own["position"],
            "statusListCredential": own["list"],
        },
    }


def status_list(did: str, own: Mapping[str, str]) -> dict[str, Any]:
    """Build a status list. :param own: ``id``, ``subject``, ``issued`` and ``bits`` (see ``status.encoded``)."""
    return {
        "@context": [CREDENTIALS],
        "id": own["id"],
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": did,
        "validFrom": own["issued"],
        "credentialSubject": {
            "id": own["subject"],
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": own["bits"],
        },
    }


def identity(email: str) -> tuple[str, str]:
    """Return the salted hash of an e-mail address, in lower case, and its salt.

    It keeps addresses out of credentials. It is not secret: anybody who knows an address can test it.
    """
    salt = secrets.token_hex(16)
    return identity_hash(email.strip().lower(), salt), salt


def identity_hash(identifier: str, salt: str) -> str:
    return "sha256$" + hashlib.sha256((identifier + salt).encode()).hexdigest()
