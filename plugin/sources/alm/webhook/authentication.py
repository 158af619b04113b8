"""Authentication of deliveries: on bytes, in constant time, before anything is parsed."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

Algorithm = Literal["sha256", "sha1", "sha512"]
Encoding = Literal["hex", "base64"]


class Headers(Protocol):
    """The headers of a request. The letter case of a name does not matter, as in werkzeug's ``Headers``."""

    def get(self, key: str, /) -> str | None: ...

    def items(self) -> Iterable[tuple[str, str]]: ...


@dataclass(frozen=True, slots=True)
class SignatureScheme:
    """The signature of deliveries: an HMAC over the raw body.

    Adobe does not publish the scheme, so nothing has a default: the JSON that ALM offers for download or a captured
    test delivery shows it.

    :param header: name of the header with the signature, in any case.
    :param prefix: the text before the signature in the header (``sha256=``); may be empty.
    """

    header: str
    algorithm: Algorithm
    encoding: Encoding
    prefix: str
    secret: str


def verify_basic(header_value: str | None, username: str, password: str) -> bool:
    """Return whether the ``Authorization`` header names this user and password (RFC 7617)."""
    scheme, _, encoded = (header_value or "").strip().partition(" ")
    if scheme.lower() != "basic":
        return False
    given = _from_base64(encoded.strip())
    expected = f"{username}:{password}".encode()
    return given is not None and hmac.compare_digest(given, expected)


def verify_signature(headers: Headers, body: bytes, scheme: SignatureScheme) -> bool:
    """Return whether the body is signed with the secret. An empty secret verifies nothing."""
    wanted = scheme.header.lower()
    value = next((value for name, value in headers.items() if name.lower() == wanted), None)
    if value is None or not scheme.secret:
        return False
    value = value.strip()
    if not value.startswith(scheme.prefix):
        return False
    encoded = value[len(scheme.prefix) :].strip()
    given = _from_hex(encoded) if scheme.encoding == "hex" else _from_base64(encoded)
    expected = hmac.digest(scheme.secret.encode(), body, scheme.algorithm)
    return given is not None and hmac.compare_digest(given, expected)


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None


def _from_hex(text: str) -> bytes | None:
    try:
        return binascii.unhexlify(text.encode("ascii"))
    except (binascii.Error, ValueError):
        return None
