"""Webhook deliveries of about 1 KB, each with an event of its own."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import requests

ACCOUNT = "70412"
USERNAME = "alm"
PASSWORD = "a long enough password"
COURSE, INSTANCE = "course:8801234", "course:8801234_17700456"
BODY_BYTES = 1024
SENDERS = 8
_MARK = "e" * 32

Completion = tuple[str, str]
"""A learner and an instance."""


def body(event_id: str, *, user_id: str = "15300721", instance_id: str = INSTANCE) -> bytes:
    """A delivery of exactly ``BODY_BYTES`` with one completion that happened now."""
    event = {
        "eventId": event_id,
        "eventName": "COURSE_COMPLETED",
        "timestamp": int(time.time() * 1000),
        "eventInfo": f"{int(time.time() * 1000)}-051207-88213-0",
        "data": {
            "userId": int(user_id),
            "loId": instance_id.rpartition("_")[0],
            "loInstanceId": instance_id,
            "loType": "course",
            "enrollmentSource": "SELF_ENROLL",
            "dateCompleted": int(time.time() * 1000),
            "hasPassed": True,
            "note": "",
        },
    }
    delivery = {"accountId": ACCOUNT, "events": [event]}
    event["data"]["note"] = "n" * (BODY_BYTES - len(json.dumps(delivery)))  # type: ignore[index]
    return json.dumps(delivery).encode()


def headers() -> dict[str, str]:
    token = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
    return {"Authorization": f"Basic {token}", "Content-Type": "application/json"}


def frame() -> tuple[bytes, bytes]:
    """What stands before and after the 32 characters of the event's id in a request to ``/webhooks/alm/acme``."""
    content = body(_MARK)
    lines = [
        "POST /webhooks/alm/acme HTTP/1.1",
        "Host: localhost",
        *(f"{name}: {value}" for name, value in headers().items()),
        f"Content-Length: {len(content)}",
        "",
        "",
    ]
    first, last = ("\r\n".join(lines).encode() + content).split(_MARK.encode())
    return first, last


def new_id() -> str:
    return uuid.uuid4().hex


def deliver(url: str, user_ids: Sequence[str], *, instance_id: str = INSTANCE) -> None:
    """One completion of each learner, as :func:`deliver_completions`."""
    deliver_completions(url, [(user_id, instance_id) for user_id in user_ids])


def deliver_completions(url: str, completions: Sequence[Completion]) -> None:
    """One delivery each, over a few kept-alive connections.

    :raises RuntimeError: one was not acknowledged.
    """

    def send(some: Sequence[Completion]) -> None:
        with requests.Session() as session:
            for user_id, instance_id in some:
                content = body(new_id(), user_id=user_id, instance_id=instance_id)
                answer = session.post(f"{url}/webhooks/alm/acme", content, headers=headers(), timeout=30)
                if answer.status_code != 202:
                    raise RuntimeError(f"a delivery was answered {answer.status_code}")

    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(send, [completions[start::SENDERS] for start in range(SENDERS)]))
