from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badgerelay.plugin.sources.alm.webhook.authentication import (
    Algorithm,
    Encoding,
    SignatureScheme,
    verify_basic,
    verify_signature,
)

BODY = b'{"accountId":70412}'


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_the_right_user_and_password_are_let_in() -> None:
    assert verify_basic(basic("alm:pässwörd:with:colons"), "alm", "pässwörd:with:colons")
    assert verify_basic(basic("alm:x").replace("Basic", "bAsIc "), "alm", "x")


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic ÿÿÿÿ",
        "Basic YQ",
        "Bearer YWxtOng=",
        basic("alm:y"),
        basic("ALM:x"),
        basic("alm"),
        basic("alm:x\x00"),
        "\udcff",
    ],
)
def test_anything_else_is_kept_out(value: str | None) -> None:
    assert not verify_basic(value, "alm", "x")


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "sha512"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
@pytest.mark.parametrize("prefix", ["", "sha256="])
def test_a_signature_of_each_kind_verifies_over_the_raw_body(
    algorithm: Algorithm, encoding: Encoding, prefix: str
) -> None:
    scheme = SignatureScheme("X-Signature", algorithm, encoding, prefix, "s3cret")
    digest = hmac.new(b"s3cret", BODY, getattr(hashlib, algorithm)).digest()
    text = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
    assert verify_signature({"x-signature": prefix + text}, BODY, scheme)
    assert not verify_signature({"x-signature": prefix + text}, BODY + b" ", scheme)
    assert not verify_signature({"x-other": prefix + text}, BODY, scheme)
    assert not verify_signature({"x-signature": "md5=" + text}, BODY, scheme)


def test_hex_may_be_in_capitals() -> None:
    scheme = SignatureScheme("X-Signature", "sha256", "hex", "", "s3cret")
    digest = hmac.digest(b"s3cret", BODY, "sha256").hex().upper()
    assert verify_signature({"X-SIGNATURE": digest}, BODY, scheme)


def test_an_empty_secret_verifies_nothing() -> None:
    scheme = SignatureScheme("X-Signature", "sha256", "hex", "", "")
    assert not verify_signature({"X-Signature": hmac.digest(b"", BODY, "sha256").hex()}, BODY, scheme)


@settings(deadline=None)
@given(st.text(st.characters()))
def test_no_header_value_raises(value: str) -> None:
    assert not verify_basic(value, "alm", "x")
    for encoding in ("hex", "base64"):
        scheme = SignatureScheme("X-Signature", "sha256", encoding, "", "s3cret")
        assert not verify_signature({"X-Signature": value}, BODY, scheme)
