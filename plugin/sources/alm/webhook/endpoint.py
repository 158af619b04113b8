"""ALM's door: who may knock, and what a delivery puts into the inbox. No network, no store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....store import NewEvent
from .authentication import SignatureScheme, verify_basic, verify_signature
from .decoder import DeliveredEvent, Delivery
from .triage import UNKNOWN_ACCOUNT, fate_of, source_of


class AlmDoor:
    """The door of one ALM connection.

    :param name: the connection's.
    :param settings: as ``AlmSettings`` loads them.
    """

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        self.name = name
        self._account = settings["account_id"]
        self.source = f"alm:{self._account}"
        self._mode = settings["webhook_auth"]
        self._user = (settings["webhook_username"] or "", settings["webhook_password"] or "")
        self._scheme = _scheme(settings) if self._mode == "signature" else None

    def knows(self, authorization: str | None) -> bool:
        """Whether the headers alone let the sender in; a signature is checked with the body."""
        return self._mode != "basic" or verify_basic(authorization, *self._user)

    @property
    def reads_signature(self) -> bool:
        """Whether :meth:`signed` looks at the delivery at all."""
        return self._scheme is not None

    def signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the body carries the right signature, where one is asked for."""
        return self._scheme is None or verify_signature(headers, body, self._scheme)

    def take(self, delivery: Delivery) -> list[NewEvent]:
        """The inbox rows of a delivery: one for each event, whatever is wrong with it."""
        account = self._account if delivery.account_id is None else delivery.account_id or UNKNOWN_ACCOUNT
        return [self._row(account, event) for event in delivery.events]

    def _row(self, account: str, event: DeliveredEvent) -> NewEvent:
        state, reason = fate_of(event, account, self._account)
        return NewEvent(
            connection=self.name,
            source=source_of(account),
            event_id=event.event_id,
            lane=self.name,
            kind=event.name or "unreadable",
            payload=event.raw,
            state=state,
            reason=reason,
            learner_id=event.user_id,
            learning_object_id=event.lo_instance_id or event.lo_id,
            occurred_at=event.occurred_at.timestamp() if event.occurred_at else None,
        )


def _scheme(settings: Mapping[str, Any]) -> SignatureScheme:
    return SignatureScheme(
        header=settings["signature_header"],
        algorithm=settings["signature_algorithm"],
        encoding=settings["signature_encoding"],
        prefix=settings["signature_prefix"],
        secret=settings["signature_secret"],
    )
