"""The values of backfills that leave the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

LoType = Literal["course", "learningProgram", "certification"]


@dataclass(frozen=True, slots=True)
class Backfill:
    """One backfill and its progress.

    :param connection: the source connection; empty for an LMS host.
    :param source: the inbox's name of the source.
    :param origin: the file or report that the completions come from, in words.
    :param state: ``reading``, ``planning``, ``planned``, ``issuing`` or ``done``.
    :param options: the administrator's options, as JSON has them.
    :param left_out: the number of lines that were left out, by reason.
    :param created_at: seconds since the epoch, as ``updated_at``.
    """

    id: int
    connection: str
    source: str
    origin: str
    state: str
    options: Mapping[str, Any]
    left_out: Mapping[str, int]
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCompletion:
    """A past completion as a file or report names it.

    :param key: a digest; lines of one key are one completion.
    :param line: the first line that names it; ``lines`` counts all of them.
    :param learner_id: the learner's id in the LMS; None until it is known.
    :param address: a digest of the e-mail address.
    :param email: with ``name`` for learners of LMS hosts only, since their events carry both.
    :param occurred_at: seconds since the epoch.
    :param passed: None if the line does not say.
    :param score: 0.0 to 1.0.
    :param state: ``read``, ``earns`` or ``cannot``.
    :param reason: why the completion earns nothing.
    """

    backfill: int
    connection: str
    key: str
    line: int
    lines: int = 1
    learner_id: str | None
    address: str | None
    email: str | None = field(repr=False)
    name: str | None = field(repr=False)
    lo_type: LoType
    lo_id: str
    instance_id: str | None
    occurred_at: float | None
    completed: bool
    passed: bool | None
    score: float | None
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCompletion(NewCompletion):
    """A past completion as the store keeps it."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBadge:
    """A badge that a past completion would earn.

    :param connection: the provider connection that would issue it.
    :param completion: the id of the past completion.
    :param address: a digest of the recipient's e-mail address.
    :param state: ``unasked``, ``would``, ``sent``, ``has``, ``cannot``, ``beyond`` or the state of its award.
    :param award_id: the award in the ledger, if there is one.
    """

    backfill: int
    connection: str
    completion: int
    learner_id: str
    template_id: str
    period: str
    address: str
    state: str
    reason: str | None = None
    award_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBadge(NewBadge):
    """A badge of a plan as the store keeps it."""

    id: int


@dataclass(frozen=True, slots=True)
class StateChange:
    """The new state of a past completion or of a planned badge.

    :param id: the completion's or the badge's.
    :param award_id: the badge's award in the ledger; None leaves it as it is.
    """

    id: int
    state: str
    reason: str | None = None
    award_id: int | None = None
