"""Data Integrity proofs of the cryptosuite ``eddsa-rdfc-2022`` (https://www.w3.org/TR/vc-di-eddsa/)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from . import multibase
from .rdf_canonical import SLOT, Mould, UndefinedTermError, canonical

SUITE = "eddsa-rdfc-2022"


class Signer:
    """Signer of documents. :param method: the id of the key, by which verifiers find it."""

    def __init__(self, key: Ed25519PrivateKey, method: str) -> None:
        self._key = key
        self._method = method

    def sign(self, document: dict[str, Any], quads: str, created: str) -> dict[str, Any]:
        """Return the document with its proof.

        :param quads: of the document, as :func:`canonical` or a :class:`Mould` gives them.
        :param created: a date-time with its zone.
        """
        proof, proof_quads = _mould(tuple(document["@context"])).fill({"created": created, "method": self._method})
        del proof["@context"]
        value = multibase.encode(self._key.sign(_hash(proof_quads) + _hash(quads)))
        return {**document, "proof": {**proof, "proofValue": value}}


def verifies(document: Mapping[str, Any], key: Ed25519PublicKey, contexts: Mapping[str, Any] | None = None) -> bool:
    """Return whether the key made the embedded proof, over the whole document."""
    unsigned = {name: value for name, value in document.items() if name != "proof"}
    proof = document.get("proof")
    if not isinstance(proof, Mapping) or proof.get("cryptosuite") != SUITE:
        return False
    config = {name: value for name, value in proof.items() if name != "proofValue"}
    config["@context"] = document.get("@context")
    try:
        data = _hash(canonical(config, contexts)) + _hash(canonical(unsigned, contexts))
        key.verify(multibase.decode(str(proof.get("proofValue"))), data)
    except (InvalidSignature, UndefinedTermError, ValueError):
        return False
    return True


@lru_cache(maxsize=16)
def _mould(contexts: tuple[str, ...]) -> Mould:
    return Mould(
        {
            "@context": list(contexts),
            "type": "DataIntegrityProof",
            "cryptosuite": SUITE,
            "created": SLOT + "created",
            "verificationMethod": SLOT + "method",
            "proofPurpose": "assertionMethod",
        }
    )


def _hash(quads: str) -> bytes:
    return hashlib.sha256(quads.encode()).digest()
