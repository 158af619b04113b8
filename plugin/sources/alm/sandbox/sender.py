"""Sender of webhooks as ALM documents it: in order, the next after a 2xx, with retries for 7 days.

https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/webhooks/webhooks-usage-guide
"""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

import requests

from ..webhook.authentication import SignatureScheme

CONNECT_TIMEOUT_SECONDS = 10.0
READ_TIMEOUT_SECONDS = 5.0
FIRST_WAIT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 300.0
GIVE_UP_SECONDS = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class Target:
    """A registered webhook."""

    url: str
    username: str | None = None
    password: str = ""
    signature: SignatureScheme | None = None


@dataclass(slots=True)
class Sending:
    """A delivery and its attempts. :ivar answers: the status of each attempt, or the error's name."""

    id: int
    url: str
    event_ids: list[str]
    state: Literal["waiting", "delivered", "lost"] = "waiting"
    answers: list[int | str] = field(default_factory=list)


class Sender:
    """The queue of one webhook, sent by one thread."""

    def __init__(self, target: Target, *, account: str, per_delivery: int, retry_scale: float) -> None:
        self.target = target
        self._account = account
        self.sendings: list[Sending] = []
        self.disabled = False
        self._per_delivery = max(1, per_delivery)
        self._scale = retry_scale
        self._queue: deque[dict[str, Any]] = deque()
        self._changed = threading.Condition()
        self._stopped = False
        self._session = requests.Session()
        threading.Thread(target=self._run, name="alm-webhooks", daemon=True).start()

    def add(self, events: list[dict[str, Any]]) -> None:
        with self._changed:
            self._queue.extend(events)
            self._changed.notify()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify()

    @property
    def waiting(self) -> int:
        """The number of events that are not in a delivery yet."""
        return len(self._queue)

    def post(self, body: bytes) -> int | str:
        """Send a body once. Returns the status, or the name of the error."""
        headers = {"Content-Type": "application/json", **_credentials(self.target, body)}
        try:
            return self._session.post(
                self.target.url,
                data=body,
                headers=headers,
                timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS),
                allow_redirects=False,
            ).status_code
        except requests.RequestException as error:
            return type(error).__name__

    def _run(self) -> None:
        while events := self._take():
            sending = Sending(len(self.sendings) + 1, self.target.url, [event["eventId"] for event in events])
            self.sendings.append(sending)
            body = json.dumps({"accountId": int(self._account), "events": events}).encode()
            self._deliver(sending, body)
            if self.disabled:
                return

    def _take(self) -> list[dict[str, Any]]:
        """Return the next events; none after ``stop``."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._stopped)
            if self._stopped:
                return []
            return [self._queue.popleft() for _ in range(min(self._per_delivery, len(self._queue)))]

    def _deliver(self, sending: Sending, body: bytes) -> None:
        give_up = time.monotonic() + GIVE_UP_SECONDS * self._scale
        wait = FIRST_WAIT_SECONDS
        while True:
            answer = self.post(body)
            sending.answers.append(answer)
            if isinstance(answer, int) and 200 <= answer < 300:
                sending.state = "delivered"
                return
            if time.monotonic() + wait * self._scale > give_up:
                sending.state, self.disabled = "lost", True
                return
            with self._changed:
                if self._changed.wait_for(lambda: self._stopped, timeout=wait * self._scale):
                    return
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)


def _credentials(target: Target, body: bytes) -> dict[str, str]:
    if target.signature is not None:
        scheme = target.signature
        digest = hmac.digest(scheme.secret.encode(), body, scheme.algorithm)
        text = digest.hex() if scheme.encoding == "hex" else base64.b64encode(digest).decode()
        return {scheme.header: scheme.prefix + text}
    if target.username is not None:
        pair = f"{target.username}:{target.password}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return {}
