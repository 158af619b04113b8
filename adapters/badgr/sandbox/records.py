"""The records and refusals of a sandbox."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

USERNAME = "issuer@academy.example.org"
PASSWORD = "SIMULATOR-PASSWORD"  # noqa: S105 (of the sandbox, for everybody)
CLIENT_ID = "simulator-client"
CLIENT_SECRET = "SIMULATOR-SECRET"  # noqa: S105
ISSUER_NAME = "Riverbank Academy"
_NAMES = ("Forklift Safety", "Crane Signals", "First Aid", "Working at Height", "Fire Warden", "Graph Databases")
_SPACE = uuid.UUID("0a6cbe4e-5c55-4f0c-8f0d-6e2b6f6c0001")


class Refusal(Exception):  # noqa: N818 (it is an answer, not a failure)
    """An answer that is an error, in Badgr's envelope."""

    def __init__(
        self, status: int, description: str = "bad request", *, fields: Any = None, validation: Any = None
    ) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.fields = {} if fields is None else fields
        self.validation = [] if validation is None else validation


def missing() -> Refusal:
    return Refusal(404, "entity not found or insufficient privileges")


@dataclass(slots=True)
class BadgeClass:
    id: str
    name: str


@dataclass(slots=True)
class Assertion:
    id: str
    badge_class: BadgeClass
    identity: str
    type: str
    hashed: bool
    salt: str
    created_at: datetime
    issued_at: datetime
    expires_at: datetime | None
    narrative: str | None
    evidence: list[dict[str, Any]]
    acceptance: str
    revocation_reason: str | None = None

    def live(self, now: datetime) -> bool:
        return self.revocation_reason is None and (self.expires_at is None or self.expires_at > now)


def stable_id(name: str) -> str:
    """Return 22 characters, as Badgr's ``entityId`` has; the same in every sandbox."""
    return base64.urlsafe_b64encode(uuid.uuid5(_SPACE, name).bytes).decode().rstrip("=")


FIRST_ISSUER = stable_id("issuer")


def badge_classes(count: int) -> list[BadgeClass]:
    names = [*_NAMES, *(f"Course Badge {number:04d}" for number in range(len(_NAMES) + 1, count + 1))]
    return [BadgeClass(stable_id(f"badge class {number}"), names[number - 1]) for number in range(1, count + 1)]
