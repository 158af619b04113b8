"""Stores in the state that a benchmark begins with."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from badgerelay.adapters.credly.adapter import CredlyAdapter
from badgerelay.plugin.connections.schemas import secret_keys
from badgerelay.plugin.runtime.settings import read_settings
from badgerelay.plugin.sources.alm.api.documents import BadgeRecord, BadgeTie, LearnerRecord
from badgerelay.plugin.sources.alm.api.learning_objects import ObjectRecord
from badgerelay.plugin.sources.alm.settings import AlmSettings
from badgerelay.plugin.store import Store, open_store
from badgerelay.plugin.store.schema.tables import awards

from .deliveries import ACCOUNT, COURSE, INSTANCE, PASSWORD, USERNAME

TEMPLATE = "6f0a2c9e-8b1d-4e37-9a55-d2c4b8f01a63"
ROWS_AT_ONCE = 10_000
LIFTED = {"rate": "unlimited", "award_limit": "unlimited"}
"""For a connection that does in minutes what it would do in days."""

EVENT_ENDS = {"done", "ignored"}
AWARD_ENDS = {"issued"}


@contextmanager
def opened(home: Path, extra: Mapping[str, str] | None = None) -> Iterator[Store]:
    """:param extra: further variables of the environment."""
    store = open_store(read_settings({"BADGERELAY_HOME": str(home)} | dict(extra or {})))
    try:
        yield store
    finally:
        store.close()


def add_alm(store: Store) -> None:
    """An ALM connection ``acme`` of which only the door is used."""
    given = {
        "account_id": ACCOUNT,
        "host": "http://127.0.0.1:9",
        "client_id": "client",
        "client_secret": "secret",
        "refresh_token": "token",
        "provider": "academy",
        "webhook_username": USERNAME,
        "webhook_password": PASSWORD,
    }
    _save(store, "acme", "source", "alm", AlmSettings, given, {})


def add_credly(store: Store, url: str, policy: Mapping[str, str] | None = None) -> None:
    """A connection ``academy`` to Credly's sandbox at that address.

    :param policy: settings that every provider connection has, where the defaults would be in the way.
    """
    schema, given = CredlyAdapter.settings_schema, CredlyAdapter.sandbox_settings(url)
    _save(store, "academy", "provider", "credly", schema, given, policy or {})


def know(store: Store, user_ids: Sequence[str]) -> None:
    """Answers that ALM gave a moment ago: the course's badge, and who these learners are."""
    cache, now = store.cache("acme"), store.now()
    badge = BadgeRecord("4410", "LOTO Basics", TEMPLATE, "credly", "ACTIVE")
    cache.put("object", {COURSE: with_badge(COURSE, INSTANCE, badge)}, now)
    for start in range(0, len(user_ids), ROWS_AT_ONCE):
        some = user_ids[start : start + ROWS_AT_ONCE]
        cache.put("learner", {user_id: asdict(learner(user_id)) for user_id in some}, now)


def with_badge(lo_id: str, instance_id: str, badge: BadgeRecord) -> dict[str, Any]:
    """A learning object as the cache keeps it."""
    return asdict(ObjectRecord(lo_id, None, None, {instance_id: BadgeTie(badge.id, badge)}, ()))


def learner(user_id: str) -> LearnerRecord:
    return LearnerRecord(user_id, f"learner.{user_id}@example.org", f"Learner Number {user_id}", "en-US", "ACTIVE")


def plan_awards(store: Store, amount: int) -> None:
    """So many awards of ``academy``, all due."""
    now = time.time()
    for start in range(0, amount, ROWS_AT_ONCE):
        rows = [_award(number, now) for number in range(start, min(start + ROWS_AT_ONCE, amount))]
        with store.database.write() as connection:
            connection.execute(sa.insert(awards), rows)


def owed(store: Store) -> int:
    """Events and awards that are not at an end; those that wait for an administrator count too."""
    counts = store.views.counts()
    return sum(
        amount
        for table, ends in (("events", EVENT_ENDS), ("awards", AWARD_ENDS))
        for state, amount in counts[table].items()
        if state not in ends
    )


def _award(number: int, now: float) -> dict[str, Any]:
    recipient = {
        "email": f"learner.{number}@example.org",
        "first_name": "Learner",
        "last_name": f"Number {number}",
        "locale": "en-US",
    }
    return {
        "connection": "academy",
        "source": f"alm:{ACCOUNT}",
        "learner_id": str(number),
        "template_id": TEMPLATE,
        "period": "",
        "event_id": number + 1,
        "correlation_id": uuid.uuid4().hex,
        "state": "planned",
        "recipient": json.dumps(recipient),
        "issued_at": now - 3600,
        "created_at": now,
        "due_at": now,
    }


def _save(
    store: Store,
    name: str,
    role: str,
    type_: str,
    schema: Any,
    given: dict[str, str],
    policy: Mapping[str, str],
) -> None:
    settings, secret = {**schema().load(given), **policy}, secret_keys(schema)
    store.connections.save(
        name,
        role,
        type_,
        "benchmark",
        {key: value for key, value in settings.items() if key not in secret},
        {key: value for key, value in settings.items() if key in secret},
        store.now(),
    )
