"""Decisions that follow from an evaluation and from ALM's answer on the learner. Pure."""

from __future__ import annotations

import random

from .....adapters.errors import OverBudgetError, TemporaryError
from ....providers.backoff import backoff
from ....providers.circuit import PROBE_SECONDS
from ....store import InboxEvent, NewEvent, Plan
from ...decisions import Decision, Dies, Earns, Ignores, Waits
from ...recipients import NamePolicy, split_name
from ..api.documents import LearnerRecord
from ..api.errors import FailedRequestError
from .evaluate import Earned
from .skill_checks import check_after

MAX_UNKNOWN = 8
"""Attempts after which an event whose learner or object ALM does not know is dead. A webhook may precede the API."""

FAILED_SECONDS = 10.0
"""Seconds that an event waits at first if ALM fails on its learner or its learning object alone."""

SHORT_WAIT_SECONDS = 10.0
LONG_WAIT_SECONDS = 900.0
"""Bounds of the seconds over which events that wait for the budget are spread."""

BUDGET_USED_UP = "the rate of ALM look-ups is used up; what is known already goes on"
NO_BADGE = "no badge hangs on it in ALM"
NO_RULE = "and no rule gives one"
NOT_PASSED = "completed without passing"


def conclude_without_badge(event: InboxEvent, earned: Earned) -> Decision:
    """Return the decision on an event that earns no badge, or none yet."""
    if earned.issuer_missing:
        return Waits("; ".join(earned.reasons), PROBE_SECONDS)
    if earned.levels:
        return Earns((), "; ".join(earned.reasons), _checks_after(event, earned))
    if earned.tied:
        return Ignores("; ".join(each for each in earned.reasons if each != NO_BADGE))
    return Ignores(", ".join([*earned.reasons, NO_RULE]), unmapped=True)


def conclude_award(
    event: InboxEvent,
    earned: Earned,
    learner: LearnerRecord | TemporaryError | None,
    *,
    how: str,
    name_policy: NamePolicy,
    now: float,
) -> Decision:
    """Return the decision on an event that earns badges.

    :param learner: ALM's answer: the learner, why there is no answer yet, or None if ALM knows no such learner.
    :param how: the explanation from ``explain``. :param name_policy: the setting of the connection.
    """
    if learner is None:
        return unknown_to_alm(event, "ALM does not know the learner yet")
    if isinstance(learner, FailedRequestError):
        return wait_after_failure(event, learner, now)
    if isinstance(learner, OverBudgetError):
        return Waits(BUDGET_USED_UP, seconds_until_budget(event, learner, now))
    if isinstance(learner, TemporaryError):
        return Waits(str(learner), learner.retry_after or FAILED_SECONDS)
    if not learner.email:
        return Dies("the learner has no e-mail address in ALM: add one there, then replay the event")
    first, last = split_name(learner.name or "", name_policy)
    recipient = {"email": learner.email, "first_name": first, "last_name": last, "locale": learner.locale}
    plans = tuple(
        Plan(target.connection, target.template_id, recipient, target.at, target.period) for target in earned.targets
    )
    return Earns(plans, how, _checks_after(event, earned))


def explain(earned: Earned, learner_id: str | None, *, origin: str, learner_origin: str) -> str:
    """Return in words which badges are earned, by what, and where that is known from."""
    badges = "; ".join(f"badge template {to.template_id} of {to.connection} {to.how}" for to in earned.targets)
    known = f" ({origin})" if origin else ""
    unearned = "".join(f"; none of it: {each}" for each in earned.reasons if each != NO_BADGE)
    return f"{badges}{known}; learner {learner_id} ({learner_origin}){unearned}"


def unknown_to_alm(event: InboxEvent, reason: str) -> Decision:
    """Return the decision on an event that names something ALM does not know: wait, and give up in the end."""
    if event.attempts >= MAX_UNKNOWN:
        return Dies(f"{reason} (after {event.attempts} attempts)")
    return Waits(reason, backoff(event.attempts, base=10.0, cap=3600.0), counts=True)


def wait_after_failure(event: InboxEvent, error: FailedRequestError, now: float) -> Waits:
    """Return a wait that grows with the event's age: each attempt costs budget, and the failure may never end."""
    waited = now - event.received_at
    return Waits(str(error), backoff(1, base=min(max(waited, FAILED_SECONDS), 60 * FAILED_SECONDS), cap=3600.0))


def seconds_until_budget(event: InboxEvent, error: OverBudgetError, now: float) -> float:
    """Return the seconds to wait for the account's budget, spread at random and growing with the event's age.

    Thousands of events may wait for a few look-ups; claiming them again and again must not become the work.
    """
    spread = min(max((now - event.received_at) / 4, SHORT_WAIT_SECONDS), LONG_WAIT_SECONDS)
    return (error.retry_after or 1.0) + random.uniform(0.0, spread)  # noqa: S311 (spreading load)


def _checks_after(event: InboxEvent, earned: Earned) -> tuple[NewEvent, ...]:
    """Return the events that check the skill levels which the completion may have reached."""
    return tuple(check_after(event, level) for level in earned.levels)
