"""The records and refusals of a sandbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

API_KEY = "SIMULATOR-KEY-0001"
ISSUER_ID, ISSUER_NAME = 4321, "Riverbank Academy"
FIRST_GROUP, FIRST_CREDENTIAL = 55021, 90210077
ID_TAKEN = "has already been taken"
TAKEN = f"{ID_TAKEN}. Your group settings do not allow duplicates of this credential to be sent to the same email."
_NAMES = ("Forklift Safety", "Crane Signals", "First Aid", "Working at Height", "Fire Warden", "Graph Databases")


class Refusal(Exception):  # noqa: N818 (it is an answer, not a failure)
    """A refused request. :param property: the wrong property, such as ``recipient.email``, or empty."""

    def __init__(self, status: int, message: str, property: str = "") -> None:  # noqa: A002 (Accredible's word)
        super().__init__(message)
        self.status = status
        self.message = message
        self.property = property


@dataclass(slots=True)
class Group:
    id: int
    name: str


@dataclass(slots=True)
class Credential:
    id: int
    own_id: str | None
    group: Group
    name: str
    email: str
    recipient_id: str | None
    issued_on: date
    expired_on: date | None
    approve: bool
    custom_attributes: dict[str, Any]
    meta_data: dict[str, Any]
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    deleted: bool = False


def groups(count: int) -> list[Group]:
    names = [*_NAMES, *(f"Course Badge {number:04d}" for number in range(len(_NAMES) + 1, count + 1))]
    return [Group(FIRST_GROUP + number, names[number]) for number in range(count)]
