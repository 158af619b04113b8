"""Tables of the ledger and of the hosts' notifications."""

from enum import StrEnum

from sqlalchemy import Boolean, Column, Double, Index, Integer, String, Table, Text, UniqueConstraint, text

from .base import Number, metadata

AWARD_STATES = (
    *("planned", "sending", "issued", "waiting", "held", "rejected", "dead"),
    *("accepted", "declined", "revoked", "replaced", "expired"),
)


class HeldReason(StrEnum):
    """Why an award is ``held``; each reason has its own end."""

    AGE = "age"
    """The completion was older than ``max_age`` when it arrived; a release ends it."""
    LIMIT = "limit"
    """The connection had its awards of this hour; a release ends it."""
    TEMPLATE = "template"
    """The badge template is not active; ends by itself once it is."""
    PAUSE = "pause"
    """The connection is paused; ``resume`` ends it."""
    DOUBT = "doubt"
    """The badge may exist and the provider cannot be asked; an administrator's release or revocation ends it."""


# Literal text, not a parameter: a database uses a partial index only for a condition that it can read.
AWARD_OPEN = text("state IN ('planned', 'sending', 'waiting')")

AWARD_ENDED = text("state NOT IN ('planned', 'sending', 'waiting', 'issued')")
"""Awards that are neither open nor issued: they are few, and an index of them costs the others nothing."""

awards = Table(
    "awards",
    metadata,
    Column("id", Number, primary_key=True),
    Column("connection", String(64), nullable=False),
    Column("source", String(300), nullable=False),
    Column("learner_id", String(255), nullable=False),
    Column("template_id", String(255), nullable=False),
    Column("period", String(64), nullable=False),
    Column("event_id", Number, nullable=False),
    Column("correlation_id", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    Column("recipient", Text, nullable=False),  # JSON: e-mail, names, locale
    Column("issued_at", Double, nullable=False),
    Column("badge_id", String(255)),
    Column("badge_url", Text),
    Column("created_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("lease_owner", String(64)),
    Column("attempts", Integer, nullable=False, default=0),
    Column("surprises", Integer, nullable=False, default=0),  # exceptions that no adapter may raise
    Column("in_doubt", Boolean, nullable=False, default=False),  # look at the provider before sending
    Column("held_for", String(16)),  # HeldReason
    Column("revoke_reason", Text),  # set: what is to be done is to revoke it, and for this reason
    UniqueConstraint("connection", "source", "learner_id", "template_id", "period", name="awards_once"),
)

AWARD_TO_SEND = (AWARD_OPEN, awards.c.state != "sending")
"""Conditions for open awards that nobody is sending; the first is the index's own."""

Index(
    "awards_due",
    awards.c.connection,
    awards.c.due_at,
    sqlite_where=AWARD_OPEN,
    postgresql_where=AWARD_OPEN,
)
Index(
    "awards_leased",
    awards.c.lease_owner,
    sqlite_where=awards.c.lease_owner.is_not(None),
    postgresql_where=awards.c.lease_owner.is_not(None),
)
Index(
    "awards_held",
    awards.c.connection,
    awards.c.held_for,
    sqlite_where=awards.c.held_for.is_not(None),
    postgresql_where=awards.c.held_for.is_not(None),
)
Index(
    "awards_badge",
    awards.c.connection,
    awards.c.badge_id,
    sqlite_where=awards.c.badge_id.is_not(None),
    postgresql_where=awards.c.badge_id.is_not(None),
)
Index(
    "awards_ended",
    awards.c.connection,
    awards.c.state,
    sqlite_where=AWARD_ENDED,
    postgresql_where=AWARD_ENDED,
)
Index("awards_event", awards.c.event_id)
Index("awards_learner", awards.c.learner_id)

notifications = Table(
    "notifications",
    metadata,
    Column("id", Number, primary_key=True),
    Column("connection", String(64), nullable=False),
    Column("source", String(300), nullable=False),
    Column("award_id", Number, nullable=False),
    Column("hook", String(32), nullable=False),
    Column("reason", Text),
    Column("due_at", Double, nullable=False),
    Column("lease_owner", String(64)),
    Column("attempts", Integer, nullable=False, default=0),
)
Index("notifications_due", notifications.c.source, notifications.c.due_at)
