"""An issuer of Open Badges over a real store, and its published documents."""

from __future__ import annotations

import copy
import json
import struct
import uuid
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from werkzeug.test import Client, TestResponse

from badgerelay.adapters import Adapter, Award, IssuedBadge, Recipient, TemplateDraft
from badgerelay.adapters.openbadges.adapter import OpenBadgesAdapter
from badgerelay.plugin.connections.connect import connect
from badgerelay.plugin.connections.declarations import Declared
from badgerelay.plugin.providers.pool import make_adapter
from badgerelay.plugin.store import Store
from badgerelay.plugin.web.app import create_app

PUBLIC = "https://badges.example.org"
NAME = "campus"
URL = f"{PUBLIC}/public/{NAME}"
COMPLETED = datetime(2026, 3, 2, 13, 5, tzinfo=UTC)
SVG = b'<?xml version="1.0"?>\n<!-- a <svg> --><svg viewBox="0 0 9 9" width="9"><circle r="4" cx="4" cy="4"/></svg>'


def png() -> bytes:
    """A picture of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0\x20\x60\xa0"))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + pixels + chunk(b"IEND", b"")


def draft(template_id: str = "graph-101", **changes: Any) -> TemplateDraft:
    return TemplateDraft(
        **{
            "id": template_id,
            "name": 'Intro to "Graph" Databases',
            "description": "Completed the six-week course.\nGrüße ☃ 𝄞 <b> & \\ tab\there.",
            "criteria": "Finish all modules and score at least 70%.",
            **changes,
        }
    )


def award(number: int = 1, *, template: str = "graph-101", period: str = "", **changes: Any) -> Award:
    person = {
        "email": f"learner{number}@learners.example.org",
        "first_name": "Ines",
        "last_name": "Moreau",
        "earner_id": f"alm:70412:{number}",
        **changes,
    }
    return Award(uuid.uuid4().hex, template, Recipient(**person), COMPLETED, period=period)


@dataclass(frozen=True, slots=True)
class Campus:
    """A connected issuer with the template ``graph-101``."""

    store: Store
    web: Client

    def adapter(self) -> Adapter:
        """A new one, as another process would have."""
        connection = self.store.connections.get(NAME)
        assert connection is not None
        return make_adapter(self.store, connection)

    def bare(self) -> OpenBadgesAdapter:
        """A new one whose inside can be looked at: nothing contains it."""
        contained = self.adapter()
        return OpenBadgesAdapter(contained.settings, contained.context)

    def issue(self, number: int = 1, **more: Any) -> IssuedBadge:
        (outcome,) = self.adapter().issue([award(number, **more)])
        assert isinstance(outcome, IssuedBadge), outcome
        return outcome

    def get(self, url: str, accept: str = "application/json", **headers: str) -> TestResponse:
        assert url.startswith(PUBLIC)
        return self.web.get(url.removeprefix(PUBLIC), headers={"Accept": accept, **headers})

    def document(self, url: str) -> Any:
        answer = self.get(url)
        assert answer.status_code == 200, url
        return json.loads(answer.data)

    def credential(self, badge: IssuedBadge) -> dict[str, Any]:
        assert badge.url is not None
        found: dict[str, Any] = self.document(f"{badge.url}.json")
        return found

    def list_of(self, credential: dict[str, Any]) -> dict[str, Any]:
        """The status list that a credential names."""
        found: dict[str, Any] = self.document(credential["credentialStatus"]["statusListCredential"])
        return found


def connect_campus(store: Store, *, name: str = NAME, **settings: Any) -> Campus:
    store.public_url = PUBLIC
    values = {"issuer_name": "Example Academy", "issuer_email": "badges@academy.example.org", **settings}
    connect(store, Declared("openbadges", name, values))
    campus = Campus(store, Client(create_app(store)))
    campus.adapter().make_template(draft(image=png()))
    return campus


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with another value at ``a/0/b``; None takes it out."""
    copied = copy.deepcopy(document)
    *folders, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    parent: Any = copied
    for folder in folders:
        parent = parent[folder]
    if value is None:
        del parent[last]
    else:
        parent[last] = value
    return copied
