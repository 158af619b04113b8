"""The endpoint of one ALM connection: it checks senders and turns deliveries into events. No network, no store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....store import NewEvent
from .authentication import Headers, SignatureScheme, verify_basic, verify_signature
from .decoder import DeliveredEvent, Delivery
from .triage import UNKNOWN_ACCOUNT, source_of, triage


class AlmEndpoint:
    """The webhook endpoint of one ALM connection.

    :param name: the connection's name.
    :param settings: its settings, as ``AlmSettings`` loads them.
    """

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        self.name = name
        self._account = settings["account_id"]
        self.source = f"alm:{self._account}"
        self._mode = settings["webhook_auth"]
        self._user = (settings["webhook_username"] or "", settings["webhook_password"] or "")
        self._scheme = _scheme(settings) if self._mode == "signature" else None

    def knows(self, authorization: str | None) -> bool:
        """Return whether the credentials are valid; a signature is checked with the body by :meth:`signed`."""
        return self._mode != "basic" or verify_basic(authorization, *self._user)

    def signed(self, headers: Headers, body: bytes) -> bool:
        """Return whether the signature of the body is valid, or True if the connection asks for none."""
        return self._scheme is None or verify_signature(headers, body, self._scheme)

    def take(self, delivery: Delivery) -> list[NewEvent]:
        """Return one inbox event for each event of the delivery, the invalid ones included."""
        account = self._account if delivery.account_id is None else delivery.account_id or UNKNOWN_ACCOUNT
        return [self._row(account, event) for event in delivery.events]

    def _row(self, account: str, event: DeliveredEvent) -> NewEvent:
        state, reason = triage(event, account, self._account)
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
