"""The records of a sandbox: organizations, templates, badges."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

FIRST_ORGANIZATION = "0a6cbe4e-5c55-4f0c-8f0d-6e2b6f6c0001"
FIRST_TOKEN = "SIMULATOR-TOKEN-0001"  # noqa: S105 (the sandbox's own, published)
_FIRST_TEMPLATES = (
    ("7b0e1c52-3d0b-4d0a-9c3e-5f6a1c9d2e10", "Safe Lab Practice"),
    ("6f0a2c9e-8b1d-4e37-9a55-d2c4b8f01a63", "LOTO Basics"),
    ("c4d81f3a-62b7-4f09-8e1d-0b7a95c3d272", "First Aid at Work"),
    ("3c51e8d4-07b6-4a92-b1f3-58d0a94c7e21", "Safety Path"),
    ("91d2b6f7-4e80-4c3a-8d15-e7a06b3f92c8", "Certified Technician"),
    ("0d7e1b52-63ac-4c1f-8f0b-94a7e6d3c215", "Energy Isolation"),
)
_NAMES = ("Riverbank Academy", "Hillside Institute", "Harbour College", "Meadow School")


class Refusal(Exception):  # noqa: N818 (it is an answer of Credly's, not a mishap of ours)
    """An answer other than success.

    :param attribute: the field to blame in ``errors``.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        attribute: str | None = None,
        error_index: int | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.attribute = attribute
        self.error_index = error_index
        self.metadata = metadata


@dataclass(frozen=True, slots=True)
class Organization:
    id: str
    name: str
    token: str
    client_id: str
    client_secret: str

    @property
    def slug(self) -> str:
        return slug_of(self.name)


@dataclass(frozen=True, slots=True)
class Template:
    """A badge template.

    :param image: distinguishes its images: each has its own URL.
    :param refused: nothing is issued from it, in any state.
    """

    id: str
    organization_id: str
    name: str
    state: str
    image: int = 0
    refused: bool = False


@dataclass(slots=True)
class Badge:
    """A badge. :param order: counts badges, so that lists have one order."""

    id: str
    organization_id: str
    template: Template
    order: int
    recipient_email: str
    first_name: str
    last_name: str
    issued_at: datetime
    created_at: datetime
    state: str
    middle_name: str | None = None
    earner_id: str | None = None
    locale: str = "en"
    suppressed: bool = False
    expires_at: datetime | None = None
    country: str | None = None
    state_or_province: str | None = None
    evidence: list[Any] | None = None
    replaces_badge_id: str | None = None
    replacement_badge_id: str | None = None
    revocation_reason: str | None = None
    state_updated_at: datetime | None = None

    @property
    def live(self) -> bool:
        return self.state != "revoked" and self.replacement_badge_id is None


def organizations(count: int) -> list[Organization]:
    made = []
    for number in range(1, count + 1):
        known = number <= len(_NAMES)
        made.append(
            Organization(
                id=FIRST_ORGANIZATION if number == 1 else stable_id(f"organization {number}"),
                name=_NAMES[number - 1] if known else f"Academy {number:04d}",
                token=f"SIMULATOR-TOKEN-{number:04d}",
                client_id=f"simulator-client-{number:04d}",
                client_secret=f"SIMULATOR-SECRET-{number:04d}",
            )
        )
    return made


def templates(organization: Organization, active: int) -> list[Template]:
    """Return so many active templates, a draft and an archived one, with the same ids in every sandbox."""
    made = []
    for number in range(1, active + 1):
        template_id = stable_id(f"{organization.id} template {number}")
        name = f"Course Badge {number:04d}"
        if number <= len(_FIRST_TEMPLATES):
            first_id, name = _FIRST_TEMPLATES[number - 1]
            template_id = first_id if organization.id == FIRST_ORGANIZATION else template_id
        made.append(Template(template_id, organization.id, name, "active"))
    for state, name in (("draft", "Crane Signals (draft)"), ("archived", "Forklift 2019")):
        made.append(Template(stable_id(f"{organization.id} {state}"), organization.id, name, state))
    return made


def stable_id(name: str) -> str:
    return str(uuid.uuid5(uuid.UUID(FIRST_ORGANIZATION), name))


@lru_cache(maxsize=4096)
def slug_of(name: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())
