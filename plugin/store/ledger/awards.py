"""Awards as they are planned, as the ledger keeps them, and what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..schema.awards import HeldReason

LOOKUP_SECONDS = 5.0
"""Seconds to wait after a timed-out call before asking the provider whether the badge exists."""

TAKEN_BACK = "its worker is gone; looking before sending again"

KEY = ("connection", "source", "learner_id", "template_id", "period")
"""Columns that make an award unique: a second award of the same key is the same award."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An award that a completion earns.

    :param recipient: ``email``, ``first_name``, ``last_name``, ``locale``.
    :param issued_at: when the learner completed, seconds since the epoch.
    :param period: empty for what is earned once.
    """

    connection: str
    template_id: str
    recipient: dict[str, str | None]
    issued_at: float
    period: str = ""


@dataclass(frozen=True, slots=True)
class LedgerAward:
    """An award of the ledger: the columns of the table ``awards``, in their order.

    :param id: its number. :param connection: the provider connection.
    :param source: where the completion came from. :param event_id: the number of the event that earned it.
    :param reason: why it is in its state, or None.
    :param recipient: JSON: ``email``, ``first_name``, ``last_name``, ``locale``.
    :param issued_at: when the learner completed; seconds since the epoch, as ``created_at`` and ``due_at``.
    :param lease_owner: who works on it now, or None.
    :param attempts: how often it was taken. :param surprises: attempts that ended in an unknown exception.
    :param in_doubt: an earlier attempt may have reached the provider: look before sending.
    :param held_for: the :class:`HeldReason`, where it is ``held``.
    :param revoke_reason: it is to be revoked, for this reason; None: it is to be issued.
    """

    id: int
    connection: str
    source: str
    learner_id: str
    template_id: str
    period: str
    event_id: int
    correlation_id: str
    state: str
    reason: str | None
    recipient: str = field(repr=False)
    issued_at: float
    badge_id: str | None
    badge_url: str | None
    created_at: float
    due_at: float
    lease_owner: str | None
    attempts: int
    surprises: int
    in_doubt: bool
    held_for: str | None
    revoke_reason: str | None


@dataclass(frozen=True, slots=True)
class Settled:
    """The outcome of one claimed award.

    :param due_at: when to try again; for ``waiting``.
    :param in_doubt: the provider may have made the badge: look before sending again.
    :param attempted: a call was made for it.
    :param notify: the hook that notifies the host, or None.
    :param revoke_reason: it is still to be revoked, for this reason.
    :param held_for: the reason, for ``held``.
    """

    award: LedgerAward
    state: str
    cause: str
    due_at: float = 0.0
    in_doubt: bool = False
    attempted: bool = True
    surprises: int = 0
    badge_id: str | None = None
    badge_url: str | None = None
    notify: str | None = None
    revoke_reason: str | None = None
    held_for: HeldReason | None = None
