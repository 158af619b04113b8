"""Warning of an ALM account from which nothing comes, while ALM still keeps what it could not deliver.

ALM keeps undelivered events for 7 days and switches the webhook off after failing for so long.
https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/webhooks/webhooks-usage-guide
"""

from __future__ import annotations

import logging
import threading

from ..store import Store, StoreUnavailableError
from .overview import Overview, overview_of

WARN_SECONDS = 5 * 86400.0
"""Two of the seven days are left then to find out, repair and let ALM deliver."""

CHECK_SECONDS = 3600.0
FIRST_CHECK_SECONDS = 10.0
log = logging.getLogger("badgerelay.metrics")


def silent(overview: Overview) -> dict[str, float]:
    """Return the source connections that have been quiet for too long, with the seconds since their last event."""
    return {each.name: each.silence for each in overview.connections if (each.silence or 0.0) >= WARN_SECONDS}  # type: ignore[misc]


def warn_of_silence(store: Store) -> None:
    for name, seconds in silent(overview_of(store)).items():
        log.warning(
            "no event of the ALM account of connection %s for %.1f days: if it should have sent some, look at its "
            "webhook in ALM now, which drops undelivered events after 7 days and then switches the webhook off",
            name,
            seconds / 86400,
        )


def watch_silence(store: Store) -> None:
    """Warn in the log, once an hour, until the process ends."""
    threading.Thread(target=_watch, args=(store,), name="badgerelay-silence", daemon=True).start()


def _watch(store: Store) -> None:
    pause = threading.Event()
    seconds = FIRST_CHECK_SECONDS
    while not pause.wait(seconds):
        seconds = CHECK_SECONDS
        try:
            warn_of_silence(store)
        except StoreUnavailableError:
            seconds = FIRST_CHECK_SECONDS
        except Exception:
            log.exception("the silence of ALM accounts was not looked at")
