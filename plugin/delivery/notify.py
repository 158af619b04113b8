"""Notifying a host of its awards, at least once."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import pluggy

from ...hooks import AwardNotice
from ..providers.backoff import backoff
from ..store import LedgerAward, Store

BATCH = 50
log = logging.getLogger("badgerelay.delivery")


def notify_batch(store: Store, manager: pluggy.PluginManager, source: str, owner: str) -> int:
    """Make one batch of due hook calls; return how many there were. A call that raises is repeated later."""
    claimed = store.notifications.claim(source, owner, BATCH, store.now())
    for notice, award, host_event_id in claimed:
        arguments: dict[str, Any] = {"award": notice_of(award, host_event_id)}
        if notice.hook == "badge_rejected":
            arguments["reason"] = notice.reason or ""
        try:
            getattr(manager.hook, notice.hook)(**arguments)
        except Exception as error:
            log.error("the host's %s raised %s; it is told again", notice.hook, type(error).__name__)
            store.notifications.postpone(notice, store.now() + backoff(notice.attempts, base=1.0, cap=600.0))
        else:
            store.notifications.done(notice, award, store.now())
    return len(claimed)


def notice_of(award: LedgerAward, host_event_id: str) -> AwardNotice:
    return AwardNotice(
        id=str(award.id),
        source=award.source,
        learner_id=award.learner_id,
        template_id=award.template_id,
        connection=award.connection,
        state=award.state,
        event_id=host_event_id,
        badge_id=award.badge_id,
        badge_url=award.badge_url,
        issued_at=datetime.fromtimestamp(award.issued_at, UTC),
    )
