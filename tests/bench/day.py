"""A day of completions, pressed into minutes: peaks in the morning, the afternoon and the evening, quiet hours."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence

import requests

from .deliveries import body, headers, new_id

# Of each hour; the quiet hours at noon, at 17 and at 23 have nothing, so that what is measured there is alike.
WEIGHTS = (1, 1, 1, 1, 1, 1, 2, 6, 10, 12, 10, 6, 0, 6, 10, 8, 4, 0, 3, 6, 4, 2, 1, 0)
QUIET_HOURS = (12, 17, 23)
TWICE = 0.05
"""Which part is delivered twice."""

SENDERS = 4
RETRY_SECONDS = 0.25
TIMEOUT_SECONDS = 5.0
Completion = tuple[str, str]
"""A learner and an instance."""


class Day:
    """Sends each completion in its moment, as ALM does: again and again until it is acknowledged.

    :ivar plan: when each delivery is sent, in seconds from midnight, and what; earliest first.
    :param url: of the receiver.
    :param hour_seconds: how long an hour takes.
    """

    def __init__(self, url: str, completions: Sequence[Completion], hour_seconds: float) -> None:
        self._url = f"{url}/webhooks/alm/acme"
        self._hour_seconds = hour_seconds
        self.plan = _spread(completions, hour_seconds)
        self._begin = 0.0
        self._refused = 0
        self._guard = threading.Lock()

    def run(self, meanwhile: dict[float, Callable[[], None]]) -> int:
        """The whole day; how many attempts were not acknowledged.

        :param meanwhile: what else happens, by the hour at which it does.
        """
        self._begin = time.monotonic()
        threads = [
            threading.Thread(target=self._send, args=(self.plan[number::SENDERS],), name=f"sender-{number}")
            for number in range(SENDERS)
        ]
        for thread in threads:
            thread.start()
        for hour, action in sorted(meanwhile.items()):
            self._wait_for(hour * self._hour_seconds)
            action()
        for thread in threads:
            thread.join()
        self._wait_for(24 * self._hour_seconds)
        return self._refused

    def _wait_for(self, moment: float) -> None:
        time.sleep(max(0.0, self._begin + moment - time.monotonic()))

    def _send(self, plan: Sequence[tuple[float, bytes]]) -> None:
        with requests.Session() as session:
            for moment, content in plan:
                self._wait_for(moment)
                while not self._posted(session, content):
                    with self._guard:
                        self._refused += 1
                    time.sleep(RETRY_SECONDS)

    def _posted(self, session: requests.Session, content: bytes) -> bool:
        try:
            answer = session.post(self._url, content, headers=headers(), timeout=TIMEOUT_SECONDS)
        except requests.RequestException:
            return False
        return answer.status_code == 202


def _spread(completions: Sequence[Completion], hour_seconds: float) -> list[tuple[float, bytes]]:
    """See :class:`Day`."""
    deliveries: list[tuple[float, bytes]] = []
    hours = random.choices(range(24), WEIGHTS, k=len(completions))
    for (learner, instance), hour in zip(completions, hours, strict=True):
        content = body(new_id(), user_id=learner, instance_id=instance)
        for _ in range(2 if random.random() < TWICE else 1):
            deliveries.append(((hour + random.random()) * hour_seconds, content))
    return sorted(deliveries)
