"""Inbox events of an ALM account as the cases that a decision is about."""

from __future__ import annotations

from dataclasses import dataclass

from .....hooks import SkillCreated
from ....store import Connection, InboxEvent
from ...decisions import Decision, Dies, Ignores
from ..webhook.decoder import DeliveredEvent, decode
from ..webhook.event_names import SKILL_CREATED
from ..webhook.synthetic_events import read_skill
from ..webhook.triage import account_of, triage
from .learning_objects import InstanceKey
from .skill_checks import KIND, SkillCheck, read_check


@dataclass(frozen=True, slots=True)
class CompletionCase:
    """A completion.

    :param event: the event in the inbox.
    :param delivered: the decoded payload of the event.
    """

    event: InboxEvent
    delivered: DeliveredEvent

    @property
    def instance(self) -> InstanceKey:
        """The learning object and its instance."""
        return self.delivered.lo_id or "", self.delivered.lo_instance_id or ""


@dataclass(frozen=True, slots=True)
class SkillCheckCase:
    """A check whether a learner has achieved a skill level."""

    event: InboxEvent
    check: SkillCheck


Case = CompletionCase | SkillCheckCase | SkillCreated


def read_event(event: InboxEvent, connection: Connection) -> Case | Decision:
    """Return the case to decide, or the decision if it needs no look-up.

    The receiver's checks run again here: a replayed event may have been refused on arrival.
    """
    account, own = account_of(event.source), connection.settings["account_id"]
    if event.kind == KIND and account == own and (check := read_check(event.payload)) is not None:
        return SkillCheckCase(event, check)
    if event.kind == SKILL_CREATED and account == own and (skill := read_skill(event)) is not None:
        return skill
    delivered = decode_payload(event.payload)
    state, reason = triage(delivered, account, own)
    if state == "received":
        return CompletionCase(event, delivered)
    return (Dies if state == "dead" else Ignores)(reason or "")


def decode_payload(payload: str) -> DeliveredEvent:
    """Return the event that the payload of an inbox event holds."""
    return decode(f'{{"events":[{payload}]}}'.encode()).events[0]
