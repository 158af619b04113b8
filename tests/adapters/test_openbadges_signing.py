"""The signed bytes: equal to the published vectors, and over the whole badge."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from badgerelay.adapters.openbadges import contexts, multibase
from badgerelay.adapters.openbadges.documents import credential, identity, identity_hash
from badgerelay.adapters.openbadges.proofs import Signer, verifies
from badgerelay.adapters.openbadges.rdf_canonical import SLOT, Mould, UndefinedTermError, canonical

from .issuers import changed

PAYLOADS = Path(__file__).parent.parent / "payloads" / "openbadges"
OWN = {
    "id": "https://badges.example.org/public/campus/credentials/1",
    "issued": "2026-03-02T13:05:00Z",
    "until": "2027-03-02T13:05:00Z",
    "hash": "sha256$5953939561a00d53d3efc789e1193c88157e1333c52294e26477a0688626b316",
    "salt": "00ff",
    "entry": "https://badges.example.org/public/campus/status/w-0#93",
    "position": "93",
    "list": "https://badges.example.org/public/campus/status/w-0",
}
PROFILE = {
    "id": "did:web:badges.example.org:public:campus",
    "type": ["Profile"],
    "name": "Academy",
    "email": "a@b.org",
}
ACHIEVEMENT = {
    "id": "https://badges.example.org/public/campus/achievements/graph-101",
    "type": ["Achievement"],
    "achievementType": "Course",
    "name": "Graphs",
    "description": "Completed the course.",
    "criteria": {"id": "https://academy.example.org/graphs", "narrative": "Finish."},
    "tag": ["graph", "sql"],
    "image": {"id": "https://badges.example.org/public/campus/achievements/graph-101/image", "type": "Image"},
}


def a_badge() -> dict[str, Any]:
    return credential(PROFILE, ACHIEVEMENT, OWN)


@pytest.mark.parametrize("name", ["w3c", "1edtech"])
def test_the_published_vectors_come_out_byte_for_byte(name: str) -> None:
    vector = json.loads((PAYLOADS / f"vector_{name}.json").read_text())
    seed = vector.get("seedHex")
    raw = bytes.fromhex(seed) if seed else multibase.decode(vector["privateKeyMultibase"])
    key = Ed25519PrivateKey.from_private_bytes(raw.removeprefix(multibase.ED25519_PRIVATE))
    proof = vector["signed"].pop("proof")
    config = {name: value for name, value in proof.items() if name != "proofValue"}
    quads = canonical(vector["signed"], vector["contexts"])
    proof_quads = canonical({**config, "@context": vector["signed"]["@context"]}, vector["contexts"])
    digests = [hashlib.sha256(each.encode()).digest() for each in (proof_quads, quads)]
    assert [each.hex() for each in digests] == [vector["proofHash"], vector["documentHash"]]
    assert multibase.encode(key.sign(b"".join(digests))) == proof["proofValue"]
    assert verifies({**vector["signed"], "proof": proof}, key.public_key(), vector["contexts"])


def test_the_signer_makes_the_published_signature() -> None:
    vector = json.loads((PAYLOADS / "vector_1edtech.json").read_text())
    signed = vector["signed"]
    unsigned = {name: value for name, value in signed.items() if name != "proof"}
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["seedHex"]))
    signer = Signer(key, signed["proof"]["verificationMethod"])
    assert signer.sign(unsigned, canonical(unsigned), signed["proof"]["created"]) == signed


def _paths(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if key != "@context":
                yield from _paths(item, f"{path}/{key}".lstrip("/"))
    else:
        yield path, value


def test_every_leaf_of_a_badge_is_in_the_signed_bytes() -> None:
    badge = a_badge()
    quads = canonical(badge)
    leaves = list(_paths(badge))
    assert len(leaves) > 30
    for path, value in leaves:
        try:
            other = canonical(changed(badge, path, not value if value is True else f"{value}x"))
        except UndefinedTermError:
            continue  # another type is refused as a whole
        assert other != quads, path


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("credentialSubject/madeUpField", "x", "madeUpField"),
        ("issuer/type", None, "email"),
        ("credentialSubject/achievement/type", ["Achievement", "Trophy"], "Trophy"),
        ("@context", [contexts.CREDENTIALS, contexts.OPEN_BADGES], "1EdTechJsonSchemaValidator2019"),
        ("@context", [contexts.CREDENTIALS, "https://example.org/mine.json"], "https://example.org/mine.json"),
        ("issuer/id", "not-absolute", "not-absolute"),
        ("credentialSubject/achievement/tag", [], "credentialSubject/achievement/tag"),
        ("credentialSubject/achievement/name", "bell\x07", "control character"),
        ("credentialSubject/achievement/name", "half \ud800", "control character"),
    ],
)
def test_a_term_that_would_not_be_signed_is_refused_by_name(path: str, value: Any, named: str) -> None:
    with pytest.raises(UndefinedTermError, match=named):
        canonical(changed(a_badge(), path, value))


def test_a_null_is_refused() -> None:
    badge = a_badge()
    badge["credentialSubject"]["achievement"]["description"] = None
    with pytest.raises(UndefinedTermError, match="description is empty"):
        canonical(badge)


def test_a_graph_within_a_badge_is_refused() -> None:
    badge = a_badge()
    badge["credentialSubject"]["@graph"] = [{"id": "https://example.org/x", "type": ["Profile"], "name": "y"}]
    with pytest.raises(UndefinedTermError):
        canonical(badge)


_text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


@settings(deadline=None, max_examples=50)
@given(
    salt=_text,
    hashed=_text,
    number=st.integers(0, 2**20),
    path=st.text("abcdefghijklmnopqrstuvwxyzABC0123456789-._~%", min_size=1),
)
def test_a_mould_equals_the_filled_document(salt: str, hashed: str, number: int, path: str) -> None:
    own = {
        **OWN,
        "salt": salt,
        "hash": hashed,
        "position": str(number),
        "id": f"https://badges.example.org/{path}",
        "entry": f"https://badges.example.org/status/{path}#{number}",
    }
    mould = Mould(credential(PROFILE, ACHIEVEMENT, {name: SLOT + name for name in own}))
    document, quads = mould.fill(own)
    assert document == credential(PROFILE, ACHIEVEMENT, own)
    assert quads == canonical(document)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"id": "relative"}, "id is not an absolute IRI"),
        ({"id": "https://example.org/a b"}, "id is not an absolute IRI"),
        ({"list": 'https://example.org/"'}, "list is not an absolute IRI"),
        ({"salt": "\x00"}, "salt contains a control character"),
        ({"more": "x"}, "not those of the document"),
    ],
)
def test_a_mould_takes_no_value_that_others_would_read_differently(values: dict[str, str], named: str) -> None:
    mould = Mould(credential(PROFILE, ACHIEVEMENT, {name: SLOT + name for name in OWN}))
    with pytest.raises(UndefinedTermError, match=named):
        mould.fill({**OWN, **values})


def test_a_value_that_changes_must_be_signed() -> None:
    with pytest.raises(UndefinedTermError):
        Mould({**a_badge(), "madeUp": SLOT + "lost"})


def test_a_context_file_that_was_changed_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "credentials-v2.json").write_text('{"@context": {}}')
    monkeypatch.setattr(contexts, "FOLDER", tmp_path)
    contexts.context.cache_clear()
    with pytest.raises(contexts.UnknownContextError, match="install badgerelay again"):
        contexts.context(contexts.CREDENTIALS)


def test_identities_are_hashed_as_the_specification_has_it() -> None:
    expected = "sha256$b5809d8a92f8858436d7e6b87c12ebc0ae1eac4baecc2c0b913aee2c922ef399"
    assert identity_hash("a@example.com", "Kosher") == expected
    hashed, salt = identity(" A@Example.com ")
    assert hashed == identity_hash("a@example.com", salt)
    assert identity("a@example.com")[1] != salt


@given(st.binary(max_size=70))
def test_base58_is_read_as_it_was_written(data: bytes) -> None:
    assert multibase.decode(multibase.encode(data)) == data


@pytest.mark.parametrize("text", ["", "abc", "z0", "zO", "zI", "zl", "u123"])
def test_text_that_is_not_base58_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base58"):
        multibase.decode(text)
