"""Who issues, as credentials name it, and how what it issues is signed."""

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
"""Of status lists: those of did:web with an embedded proof, and those as VC-JWT. Those of did:key are called by the
number of their key, as the issuer of a list has to be the issuer of its badges."""


@dataclass(frozen=True)
class Voice:
    """One identity that the issuer has or had, and the key with which it signs now.

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
    """:raises ConfigurationError: from each method, where badges cannot be issued with these settings."""

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        self.settings = settings
        self.now: Callable[[], float] = context.now
        self._context = context

    @property
    def records(self) -> Records:
        if self._context.records is None:
            raise ConfigurationError("this installation keeps no records for adapters; Open Badges need them")
        return self._context.records

    @property
    def url(self) -> str:
        """Where its public pages are."""
        url = self._context.public_url
        if not url:
            raise ConfigurationError(
                "BADGERELAY_PUBLIC_URL is not set: badges say where they can be verified, so everybody has to reach "
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
        """The identity under which badges are issued now."""
        if self.settings["proof"] == JWT:
            return Voice(JWT_SERIES, web_did(self.url), ring.current)
        if self.settings["did"] == WEB:
            return Voice(WEB_SERIES, web_did(self.url), ring.current)
        return Voice(str(ring.current.number), ring.current.did, ring.current)

    def voice_of(self, ring: KeyRing, series: str) -> Voice | None:
        """The identity of a series of status lists."""
        if series in (WEB_SERIES, JWT_SERIES):
            return Voice(series, web_did(self.url), ring.current)
        key = next((key for key in ring.keys if str(key.number) == series), None)
        return None if key is None else Voice(series, key.did, key)

    def profile(self, did: str) -> dict[str, Any]:
        """As it stands in credentials."""
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
    """Seconds since the epoch as a date-time with its zone."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")
