"""Other verifiers accept our badges and refuse tampered ones."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from openbadgeslib.ob3.ldp import OB3LdpVerifier
from openbadgeslib.ob3.verifier import OB3VerificationError, OB3Verifier

from badgerelay.adapters.openbadges.proofs import Signer
from badgerelay.adapters.openbadges.rdf_canonical import canonical
from badgerelay.adapters.openbadges.vc_jwt import read_jwt
from badgerelay.plugin.store import Store

from .issuers import URL, Campus, changed, connect_campus, draft

ROOT = Path(__file__).parents[2]
NODE = "BADGERELAY_TEST_VERIFIER"
SCHEMA = "ob_v3p0_achievementcredential_schema.json"

TAMPERINGS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "value": lambda badge: changed(badge, "credentialSubject/achievement/name", "Doctor"),
    "identity": lambda badge: changed(badge, "credentialSubject/identifier/0/identityHash", "sha256$" + "0" * 64),
    "proof date": lambda badge: changed(badge, "proof/created", "2026-11-21T10:00:00Z"),
    "criteria": lambda badge: changed(badge, "credentialSubject/achievement/criteria/narrative", "Nothing."),
    "status": lambda badge: changed(badge, "credentialStatus/statusListIndex", "77"),
    "no status": lambda badge: changed(badge, "credentialStatus", None),
    "undefined term": lambda badge: changed(badge, "credentialSubject/madeUpField", "x"),
    "typeless issuer": lambda badge: changed(badge, "issuer/type", None),
    "no extensions context": lambda badge: changed(badge, "@context/2", None),
    "later": lambda badge: changed(badge, "validFrom", "2026-03-03T13:05:00Z"),
    "signature": lambda badge: changed(badge, "proof/proofValue", "z" + "2" * 87),
    "purpose": lambda badge: changed(badge, "proof/proofPurpose", "authentication"),
}


def resigned(campus: Campus, badge: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A badge of our issuer, with its own key, that our code would not make."""
    unsigned = {name: value for name, value in {**badge, **changes}.items() if name != "proof" and value is not None}
    issuer = campus.bare()._issuer
    return issuer.voice(issuer.keys()).signer.sign(unsigned, canonical(unsigned), "2026-11-20T10:00:00Z")


def with_another_key(badge: dict[str, Any]) -> dict[str, Any]:
    """Signed by somebody else in the issuer's name."""
    unsigned = {name: value for name, value in badge.items() if name != "proof"}
    other = Signer(Ed25519PrivateKey.generate(), badge["proof"]["verificationMethod"])
    return other.sign(unsigned, canonical(unsigned), badge["proof"]["created"])


def moment(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def bad_ones(campus: Campus, badge: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What no verifier of signatures may accept, by what is wrong with it."""
    return {
        **{name: tamper(badge) for name, tamper in TAMPERINGS.items()},
        "key": with_another_key(badge),
        "expired": resigned(campus, badge, validUntil="2026-03-05T00:00:00Z"),
        "future": resigned(campus, badge, validFrom=moment(300)),
    }


@pytest.fixture(params=["key", "web"])
def campus(request: pytest.FixtureRequest, store: Store) -> Campus:
    return connect_campus(store, did=request.param)


def schema() -> Any:
    """The published JSON Schema, from the source distribution of the verifier that captured it."""
    found = list((ROOT / ".cache" / "peers").glob("openbadgeslib-*.tar.gz"))
    assert found, "no source distribution of openbadgeslib in .cache/peers: run `make setup`"
    with tarfile.open(found[0]) as archive:
        (name,) = [name for name in archive.getnames() if name.endswith(f"/tests/fixtures/ob_schemas/{SCHEMA}")]
        member = archive.extractfile(name)
        assert member is not None
        return json.load(member)


def fetch(campus: Campus) -> Callable[[str], bytes]:
    return lambda url: campus.get(url.replace("/.well-known", "")).data


# openbadgeslib, in Python


def test_openbadgeslib_accepts_our_badges(campus: Campus) -> None:
    credential = campus.credential(campus.issue(1))
    verified = OB3LdpVerifier.for_issuer_did(credential["issuer"]["id"]).verify(
        json.dumps(credential), check_status=True, download=fetch(campus), verify_status_list=False
    )
    assert verified.id == credential["id"]


def test_openbadgeslib_refuses_a_tampered_badge(campus: Campus) -> None:
    credential = campus.credential(campus.issue(1))
    accepted = []
    for name, bad in bad_ones(campus, credential).items():
        try:
            OB3LdpVerifier.for_issuer_did(credential["issuer"]["id"]).verify(json.dumps(bad), download=fetch(campus))
        except OB3VerificationError:
            continue
        accepted.append(name)
    assert accepted == []


def test_openbadgeslib_refuses_a_revoked_badge(campus: Campus) -> None:
    badge, other = campus.issue(1), campus.issue(2)
    campus.adapter().revoke(badge.id, "cheated")
    verifier = OB3LdpVerifier()
    for each, good in ((badge, False), (other, True)):
        given: Any = {"check_status": True, "download": fetch(campus), "verify_status_list": False}
        if good:
            verifier.verify(json.dumps(campus.credential(each)), **given)
        else:
            with pytest.raises(OB3VerificationError, match="is set at index 0"):
                verifier.verify(json.dumps(campus.credential(each)), **given)


def test_openbadgeslib_accepts_our_tokens_and_their_status_list(store: Store) -> None:
    campus = connect_campus(store, did="web", proof="jwt")
    badge = campus.issue(1)
    token = campus.get(f"{badge.url}.jwt").get_data(as_text=True)
    verifier = OB3Verifier(
        campus.bare()
        ._issuer.keys()
        .current.rsa.public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    found = verifier.verify(token, check_status=True, download=fetch(campus))
    assert found.id == badge.url
    header, payload, signature = token.split(".")
    for bad in (f"{header}.{payload}.{signature[:-8]}AAAAAAAA", f"{header}.{payload[:-4]}AAAA.{signature}"):
        with pytest.raises(OB3VerificationError):
            verifier.verify(bad)
    campus.adapter().revoke(badge.id, "cheated")
    with pytest.raises(OB3VerificationError, match="is set at index 0"):
        verifier.verify(token, check_status=True, download=fetch(campus))


def test_a_token_has_the_claims_that_conformance_requires(store: Store) -> None:
    import jwt

    campus = connect_campus(store, did="web", proof="jwt")
    campus.adapter().make_template(draft("yearly", valid_days=3650))
    badge = campus.issue(1, template="yearly")
    answer = campus.get(f"{badge.url}.jwt")
    assert answer.content_type.startswith("text/plain")
    token = answer.get_data(as_text=True)
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT", "kid": f"{URL}/keys/1"}
    jwk = campus.document(f"{URL}/keys/1")
    claims = jwt.decode(token, jwt.PyJWK(jwk).key, algorithms=["RS256"])
    assert set(jwk) & {"d", "p", "q"} == set()
    assert claims["iss"] == claims["issuer"]["id"] == "did:web:badges.example.org:public:campus"
    assert claims["jti"] == claims["id"] == badge.url
    assert claims["sub"] == claims["credentialSubject"]["id"]
    assert claims["sub"].startswith("urn:uuid:")
    assert datetime.fromtimestamp(claims["nbf"], UTC) == datetime.fromisoformat(claims["validFrom"])
    assert datetime.fromtimestamp(claims["exp"], UTC) == datetime.fromisoformat(claims["validUntil"])
    assert "vc" not in claims
    assert "Valid: signed" in campus.get(str(badge.url), "text/html").get_data(as_text=True)
    jsonschema.Draft201909Validator(schema()).validate(read_jwt(token))


# The published JSON Schema


def test_our_badges_match_the_published_schema(campus: Campus) -> None:
    validator = jsonschema.Draft201909Validator(schema())
    validator.validate(campus.credential(campus.issue(1)))
    campus.adapter().make_template(
        draft("full", criteria_url="https://example.org/x", tags=("a", "b"), valid_days=9, kind="Certification")
    )
    validator.validate(campus.credential(campus.issue(1, template="full")))


@pytest.mark.parametrize("path", ["credentialSubject/achievement/criteria", "issuer/type", "validFrom", "@context/1"])
def test_the_published_schema_would_notice(store: Store, path: str) -> None:
    campus = connect_campus(store)
    bad = changed(campus.credential(campus.issue(1)), path, None)
    assert list(jsonschema.Draft201909Validator(schema()).iter_errors(bad))


# @digitalbazaar/vc and jose, in Node


@pytest.fixture(scope="module")
def node() -> Callable[[dict[str, Any]], dict[str, dict[str, Any]]]:
    """Verdicts by name of ``{"documents": ..., "cases": ...}``."""
    folder = os.environ.get(NODE)
    if not folder:
        message = f"{NODE} is not set: run `make test-services`"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)

    def verify(given: dict[str, Any]) -> dict[str, dict[str, Any]]:
        done = subprocess.run(
            ["node", "verify.mjs"], cwd=folder, input=json.dumps(given), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return {each.pop("name"): each for each in json.loads(done.stdout)}

    return verify


def published(campus: Campus, credential: dict[str, Any]) -> dict[str, Any]:
    """What a verifier would fetch, by its address."""
    documents = {credential["credentialStatus"]["statusListCredential"]: campus.list_of(credential)}
    if credential["issuer"]["id"].startswith("did:web:"):
        documents[credential["issuer"]["id"]] = campus.document(f"{URL}/did.json")
    return documents


@pytest.mark.services
def test_digitalbazaar_accepts_our_badges_and_refuses_tampered_ones(campus: Campus, node: Any) -> None:
    credential = campus.credential(campus.issue(1))
    campus.adapter().rotate_key()
    second = campus.credential(campus.issue(2))
    cases = {"good": credential, **bad_ones(campus, credential), "after rotation": second}
    verdicts = node(
        {
            "documents": {**published(campus, credential), **published(campus, second)},
            "cases": [{"name": name, "credential": each} for name, each in cases.items()],
        }
    )
    accepted = [name for name, verdict in verdicts.items() if verdict["verified"]]
    assert accepted == ["good", "after rotation"], verdicts
    assert "Invalid signature" in verdicts["value"]["error"]


@pytest.mark.services
def test_digitalbazaar_refuses_a_revoked_badge(campus: Campus, node: Any) -> None:
    badge, other = campus.issue(1), campus.issue(2)
    campus.adapter().revoke(badge.id, "cheated")
    credentials = {"revoked": campus.credential(badge), "other": campus.credential(other)}
    documents = published(campus, credentials["other"])
    verdicts = node(
        {
            "documents": documents,
            "cases": [{"name": name, "credential": each} for name, each in credentials.items()],
        }
    )
    assert [verdicts[name]["verified"] for name in credentials] == [False, True], verdicts
    assert "revoked" in verdicts["revoked"]["error"]


@pytest.mark.services
def test_digitalbazaar_refuses_a_list_of_another_signer(campus: Campus, node: Any) -> None:
    credential = campus.credential(campus.issue(1))
    documents = published(campus, credential)
    url = credential["credentialStatus"]["statusListCredential"]
    documents[url] = with_another_key(documents[url])
    verdicts = node({"documents": documents, "cases": [{"name": "x", "credential": credential}]})
    assert not verdicts["x"]["verified"]


@pytest.mark.services
@pytest.mark.parametrize("text", ['"quotes" and \\', "two\nlines\tand\rmore", "Grüße ☃ 𝄞 \u2028 \u00a0", "<b>&amp;"])
def test_digitalbazaar_reads_every_text_as_we_do(store: Store, node: Any, text: str) -> None:
    campus = connect_campus(store)
    campus.adapter().make_template(draft("odd", name=text.strip(), description=text, criteria=text, tags=(text,)))
    credential = campus.credential(campus.issue(1, template="odd"))
    verdicts = node({"documents": published(campus, credential), "cases": [{"name": "x", "credential": credential}]})
    assert verdicts["x"]["verified"], verdicts


@pytest.mark.services
def test_jose_accepts_our_tokens_and_refuses_tampered_ones(store: Store, node: Any) -> None:
    campus = connect_campus(store, did="web", proof="jwt")
    token = campus.get(f"{campus.issue(1).url}.jwt").get_data(as_text=True)
    header, payload, signature = token.split(".")
    jwk = campus.document(f"{URL}/keys/1")
    verdicts = node(
        {
            "cases": [
                {"name": "good", "jwt": token, "jwk": jwk},
                {"name": "tampered", "jwt": f"{header}.{payload[:-4]}AAAA.{signature}", "jwk": jwk},
            ]
        }
    )
    assert [verdicts[name]["verified"] for name in ("good", "tampered")] == [True, False]
