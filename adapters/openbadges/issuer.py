"""The issuer: its identities, as credentials name them, and its signatures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..context import Context, Records
from ..errors import ConfigurationError
from .keys import IssuerKey, KeyRing, key_signer, load_keys, web_did, web_signer
from .proofs import Signer
from .settings import JWT, WEB

WEB_SERIES, JWT_SERIES = "w", "j"
"""Series of status lists: did:web with an embedded proof, and VC-JWT.

A series of did:key is named by the number of its key, because the issuer of a list must be the issuer of its badges.
"""


@dataclass(frozen=True)
class Voice:
    """A present or former identity of the issuer, and the key with which it signs now.

    :param series: of its status lists.
    """

    series: str
    did: str
    key: IssuerKey

    @property
    def signer(self) -> Signer:
        return key_signer(self.key) if self.did == self.key.did else web_signer(self.key, self.did)

    @property
    def jwt(self) -> bool:
        return self.series == JWT_SERIES


class Issuer:
    """The issuer of a connection. :raises ConfigurationError: from each method, if the settings are not valid."""

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        self.settings = settings
        self.now: Callable[[], float] = context.now
        self._context = context

    @property
    def records(self) -> Records:
        if self._context.records is None:
            raise ConfigurationError("this installation has no records for adapters; Open Badges need them")
        return self._context.records

    @property
    def url(self) -> str:
        """Return the URL of the public pages."""
        url = self._context.public_url
        if not url:
            raise ConfigurationError(
                "BADGERELAY_PUBLIC_URL is not set: a badge contains the URL that verifies it, so everybody reaches "
                "`badgerelay serve` under an https:// URL",
                setting="BADGERELAY_PUBLIC_URL",
            )
        if self.settings["did"] == WEB and not url.startswith("https://"):
            raise ConfigurationError(
                "did:web is looked up over https, and BADGERELAY_PUBLIC_URL is no https:// URL: set it, or did=key",
                setting="did",
            )
        return url

    def keys(self) -> KeyRing:
        ring = load_keys(self.records)
        if ring is None:
            raise ConfigurationError("this issuer has no keys yet: connect it again")
        return ring

    def voice(self, ring: KeyRing) -> Voice:
        """Return the identity that issues badges now."""
        if self.settings["proof"] == JWT:
            return Voice(JWT_SERIES, web_did(self.url), ring.current)
        if self.settings["did"] == WEB:
            return Voice(WEB_SERIES, web_did(self.url), ring.current)
        return Voice(str(ring.current.number), ring.current.did, ring.current)

    def voice_of(self, ring: KeyRing, series: str) -> Voice | None:
        """Return the identity of a series of status lists."""
        if series in (WEB_SERIES, JWT_SERIES):
            return Voice(series, web_did(self.url), ring.current)
        key = next((key for key in ring.keys if str(key.number) == series), None)
        return None if key is None else Voice(series, key.did, key)

    def profile(self, did: str) -> dict[str, Any]:
        """Return the issuer's profile, as credentials contain it."""
        said = {
            "url": self.settings.get("issuer_url") or f"{self.url}/issuer",
            "email": self.settings.get("issuer_email"),
        }
        return {
            "id": did,
            "type": ["Profile"],
            "name": self.settings["issuer_name"],
            **{key: value for key, value in said.items() if value},
        }


def when(seconds: float) -> str:
    """Format seconds since the epoch as a date-time with its zone."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")
