"""The registered webhooks of the account."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, get_args

from ..webhook.authentication import Algorithm, Encoding, SignatureScheme
from .knobs import AlmKnobs
from .sender import Sender, Target

MAX_WEBHOOKS = 5
_SIGNATURE_KEYS = tuple(f"signature_{name}" for name in ("header", "algorithm", "encoding", "prefix", "secret"))


class Webhooks:
    """The webhooks of an account: at most five, as in ALM."""

    def __init__(self, knobs: AlmKnobs) -> None:
        self._knobs = knobs
        self._lock = threading.Lock()
        self.senders: list[Sender] = []
        if knobs.webhook_url:
            self.register(
                {
                    "url": knobs.webhook_url,
                    "auth": "basic" if knobs.webhook_username else "none",
                    "username": knobs.webhook_username,
                    "password": knobs.webhook_password,
                }
            )

    def register(self, body: Mapping[str, Any]) -> int:
        """Register a webhook. Returns its number, from 1.

        :raises ValueError: a field is missing or wrong, or five webhooks exist already; the message says which.
        """
        target = _target(body)
        with self._lock:
            if len(self.senders) >= MAX_WEBHOOKS:
                raise ValueError(f"an account has at most {MAX_WEBHOOKS} webhooks")
            self.senders.append(
                Sender(
                    target,
                    account=self._knobs.account,
                    per_delivery=self._knobs.events_per_delivery,
                    retry_scale=self._knobs.retry_scale,
                )
            )
            return len(self.senders)

    def emit(self, events: list[dict[str, Any]]) -> None:
        for sender in list(self.senders):
            sender.add(events)

    def stop(self) -> None:
        for sender in self.senders:
            sender.stop()


def _target(body: Mapping[str, Any]) -> Target:
    url = body.get("url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise ValueError("url: an http:// or https:// address is needed")
    mode = body.get("auth", "none")
    if mode == "none":
        return Target(url)
    if mode == "basic":
        _need(body, ("username", "password"))
        return Target(url, body["username"], body["password"])
    if mode != "signature":
        raise ValueError("auth: one of basic, signature, none")
    _need(body, _SIGNATURE_KEYS)
    if body["signature_algorithm"] not in get_args(Algorithm) or body["signature_encoding"] not in get_args(Encoding):
        raise ValueError("signature_algorithm is sha256, sha1 or sha512; signature_encoding is hex or base64")
    return Target(url, signature=SignatureScheme(*(body[key] for key in _SIGNATURE_KEYS)))


def _need(body: Mapping[str, Any], keys: tuple[str, ...]) -> None:
    missing = [key for key in keys if not isinstance(body.get(key), str)]
    if missing:
        raise ValueError(f"missing: {', '.join(missing)}")
