"""An issuer's keys: created by ``connect``, sealed in its records, rotated. Old keys stay for verification."""

from __future__ import annotations

import base64
import hmac
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from ..context import Change, Records
from ..errors import TemporaryError
from . import multibase
from .proofs import Signer

KIND, KEY = "keys", "ring"
RSA_BITS = 2048
ROUNDS = 20
"""Maximum rounds; another round follows if another process changed the keys first."""


@dataclass(frozen=True)
class IssuerKey:
    """One key of an issuer.

    :param number: from 1. :param seed: of the Ed25519 key.
    :param pem: of the RSA key; empty if VC-JWT was never used.
    """

    number: int
    seed: bytes
    pem: str

    @cached_property
    def private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @cached_property
    def multibase(self) -> str:
        return multibase.encode(multibase.ED25519_PUBLIC + self.private.public_key().public_bytes_raw())

    @cached_property
    def did(self) -> str:
        return f"did:key:{self.multibase}"

    @cached_property
    def rsa(self) -> RSAPrivateKey:
        return _rsa(self.pem)

    def jwk(self) -> dict[str, str]:
        """Return the public RSA key."""
        numbers = self.rsa.public_key().public_numbers()
        return {"kty": "RSA", "alg": "RS256", "use": "sig", "n": _number(numbers.n), "e": _number(numbers.e)}

    def __repr__(self) -> str:
        return f"<IssuerKey {self.number}>"


@dataclass(frozen=True)
class KeyRing:
    """The keys of an issuer.

    :param secret: the ids of badges are derived from it.
    :param version: of the record.
    :param keys: the oldest first; the last key signs.
    """

    secret: bytes
    version: int
    keys: tuple[IssuerKey, ...]

    @property
    def current(self) -> IssuerKey:
        return self.keys[-1]

    def badge_id(self, *parts: str) -> str:
        """Return an id that is always the same for the same parts, and cannot be guessed."""
        digest = hmac.digest(self.secret, json.dumps(parts).encode(), "sha256")
        return str(uuid.UUID(bytes=digest[:16], version=4))

    def __repr__(self) -> str:
        return f"<KeyRing of {len(self.keys)}>"


def load_keys(records: Records) -> KeyRing | None:
    record = records.get(KIND, [KEY]).get(KEY)
    if record is None:
        return None
    kept = json.loads(record.value)
    keys = tuple(IssuerKey(each["number"], bytes.fromhex(each["seed"]), each["pem"]) for each in kept["keys"])
    return KeyRing(bytes.fromhex(kept["secret"]), record.version, keys)


def make_keys(records: Records, *, rsa: bool = False) -> KeyRing:
    """Return the issuer's keys; create them if there are none. Concurrent processes get the same keys.

    :param rsa: with a key for VC-JWT.
    """
    for _ in range(ROUNDS):
        ring = load_keys(records)
        if ring is None:
            _save(records, KeyRing(_random(), 0, (_new(1, rsa=rsa),)))
        elif rsa and not ring.current.pem:
            _save(records, replace(ring, keys=(*ring.keys[:-1], replace(ring.current, pem=_new_rsa()))))
        else:
            return ring
    raise _overtaken()


def rotate_keys(records: Records) -> KeyRing:
    """Add a key, which signs from now on."""
    for _ in range(ROUNDS):
        ring = make_keys(records)
        further = replace(ring, keys=(*ring.keys, _new(ring.current.number + 1, rsa=bool(ring.current.pem))))
        if _save(records, further):
            return further
    raise _overtaken()


def web_did(public_url: str) -> str:
    """Return the ``did:web`` of the folder that serves ``did.json``."""
    parts = urlsplit(public_url)
    return ":".join(["did:web", quote(parts.netloc, safe=""), *parts.path.strip("/").split("/")])


def did_document(ring: KeyRing, public_url: str) -> dict[str, Any]:
    did = web_did(public_url)
    methods: list[Mapping[str, Any]] = []
    for key in ring.keys:
        named = {"controller": did}
        methods.append(
            {"id": f"{did}#key-{key.number}", "type": "Multikey", **named, "publicKeyMultibase": key.multibase}
        )
        if key.pem:
            jwk = key.jwk()
            methods.append({"id": f"{did}#jwt-{key.number}", "type": "JsonWebKey", **named, "publicKeyJwk": jwk})
    return {
        "@context": [
            "https://www.w3.org/ns/did/v1",
            "https://w3id.org/security/multikey/v1",
            "https://w3id.org/security/jwk/v1",
        ],
        "id": did,
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }


def web_signer(key: IssuerKey, did: str) -> Signer:
    return Signer(key.private, f"{did}#key-{key.number}")


def key_signer(key: IssuerKey) -> Signer:
    return Signer(key.private, f"{key.did}#{key.multibase}")


def _new(number: int, *, rsa: bool) -> IssuerKey:
    return IssuerKey(number, Ed25519PrivateKey.generate().private_bytes_raw(), _new_rsa() if rsa else "")


def _new_rsa() -> str:
    private = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode()


def _overtaken() -> TemporaryError:
    return TemporaryError("other processes change the keys of this issuer at the same time; try again")


def _random() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes_raw()


def _save(records: Records, ring: KeyRing) -> bool:
    kept = {
        "secret": ring.secret.hex(),
        "keys": [{"number": key.number, "seed": key.seed.hex(), "pem": key.pem} for key in ring.keys],
    }
    return records.change([Change(KIND, KEY, json.dumps(kept), version=ring.version, sealed=True)])


@lru_cache(maxsize=64)
def _rsa(pem: str) -> RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


def _number(value: int) -> str:
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
