"""Completions, their deliveries in disorder, and senders that repeat each until it is acknowledged, as ALM does."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from badgerelay.plugin.sources.alm.sandbox.world import WEBHOOK_PASSWORD, WEBHOOK_USERNAME

from .outside import BADGELESS, COURSES, Account

TWICE, BOTH_NAMES, BUNDLED, BARREN = 0.10, 0.05, 0.10, 0.02
"""Shares: of events sent twice, under both names, in a delivery with others; of completions that earn nothing."""

MAX_BUNDLE = 8
SENDERS = 2
"""Of each account: ALM sends realtime and batch events by webhooks of their own."""

TIMEOUT_SECONDS = 5.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.2, 2.0
"""ALM waits 5 s to 5 min before it sends again; the suite's time runs faster."""

Key = tuple[str, str, str]
"""What a badge is for, at Credly: organization, template, learner (``issuer_earner_id``)."""


@dataclass(frozen=True, slots=True)
class Completion:
    """:param course: its number; 0 is a course without a badge."""

    account: Account
    user_id: str
    course: int
    passed: bool = True

    @property
    def key(self) -> Key | None:
        """The badge that it earns, or None."""
        if not (self.course and self.passed):
            return None
        template_id = self.account.template_ids[self.course - 1]
        return self.account.organization_id, template_id, f"alm:{self.account.account_id}:{self.user_id}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """:param at: seconds after the start. :param completions: one for each event; acknowledged together."""

    at: float
    account: Account
    body: bytes
    completions: tuple[Completion, ...]


def learners_needed(completions: int, accounts: int) -> int:
    """Learners of each account for so many completions in all, those that earn nothing included."""
    return int(completions * (1 + 2 * BARREN)) // (accounts * COURSES) + 2


class Learners:
    """Hands out who completes what, each pair once, over all phases."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self._pairs: Iterator[tuple[Account, int, int]] = (
            (account, number, course)
            for number in itertools.count()
            for course in range(1, COURSES + 1)
            for account in accounts
        )

    def completions(self, amount: int, chance: random.Random) -> list[Completion]:
        """So many that earn a badge, and a few that do not, in any order."""
        made = [Completion(a, a.user_id(n), course) for a, n, course in itertools.islice(self._pairs, amount)]
        barren = list(itertools.islice(self._pairs, int(amount * BARREN)))
        made += [
            Completion(a, a.user_id(n), course, passed=False) if index % 2 else Completion(a, a.user_id(n), 0)
            for index, (a, n, course) in enumerate(barren)
        ]
        chance.shuffle(made)
        return made


def plan(completions: Sequence[Completion], seconds: float, chance: random.Random) -> list[Delivery]:
    """Deliveries in the order of their sending, in which completions come in none."""
    sent: list[tuple[float, Completion, dict[str, Any]]] = []
    for completion in completions:
        at = chance.uniform(0, seconds)
        event = _event(completion, "COURSE_COMPLETED", chance)
        sent.append((at, completion, event))
        if chance.random() < TWICE:
            sent.append((chance.uniform(0, seconds), completion, event))
        if chance.random() < BOTH_NAMES:
            other = _event(completion, "COURSE_COMPLETED_BATCH", chance)
            sent.append((chance.uniform(0, seconds), completion, other))
    sent.sort(key=lambda item: item[0])
    deliveries: list[Delivery] = []
    for account in dict.fromkeys(completion.account for _, completion, _ in sent):
        remaining = [item for item in sent if item[1].account == account]
        while remaining:
            size = chance.randint(2, MAX_BUNDLE) if chance.random() < BUNDLED else 1
            some, remaining = remaining[:size], remaining[size:]
            body = {"accountId": int(account.account_id), "events": [event for _, _, event in some]}
            deliveries.append(
                Delivery(some[-1][0], account, json.dumps(body).encode(), tuple(item[1] for item in some))
            )
    return sorted(deliveries, key=lambda delivery: delivery.at)


class Senders:
    """Sends a plan to the receivers; each delivery until one of them answers 2xx.

    :ivar acknowledged: when each completion was first acknowledged, seconds since the epoch.
    :ivar answers: how many deliveries were answered how: a status, or the error's name.
    """

    def __init__(self, deliveries: Sequence[Delivery], receivers: Sequence[str]) -> None:
        self.acknowledged: dict[Completion, float] = {}
        self.answers: Counter[str] = Counter()
        self._receivers = receivers
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._start = time.monotonic()
        self._threads: list[threading.Thread] = []
        for account in dict.fromkeys(delivery.account for delivery in deliveries):
            queue = iter([delivery for delivery in deliveries if delivery.account == account])
            for number in range(SENDERS):
                thread = threading.Thread(
                    target=self._send_all, args=(queue, number), name=f"alm-{account.name}-{number}", daemon=True
                )
                self._threads.append(thread)

    def start(self) -> None:
        self._start = time.monotonic()
        for thread in self._threads:
            thread.start()

    def join(self, seconds: float) -> bool:
        """Whether everything is acknowledged within so many seconds from now; what is not, is given up."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        done = not any(thread.is_alive() for thread in self._threads)
        self._stop.set()
        return done

    def _send_all(self, queue: Iterator[Delivery], number: int) -> None:
        session = requests.Session()
        session.trust_env = False
        session.auth = (WEBHOOK_USERNAME, WEBHOOK_PASSWORD)
        session.headers["Content-Type"] = "application/json"
        turn = number
        while not self._stop.is_set():
            with self._guard:
                delivery = next(queue, None)
            if delivery is None:
                return
            self._stop.wait(max(0.0, self._start + delivery.at - time.monotonic()))
            wait = FIRST_WAIT_SECONDS
            while not self._stop.is_set():
                receiver = self._receivers[turn % len(self._receivers)]
                answer = _post(session, f"{receiver}/webhooks/alm/{delivery.account.name}", delivery.body)
                if self._note(delivery, answer):
                    break
                turn += 1
                self._stop.wait(wait)
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    def _note(self, delivery: Delivery, answer: str) -> bool:
        now = time.time()
        taken = answer.startswith("2")
        with self._guard:
            self.answers[answer] += 1
            if taken:
                for completion in delivery.completions:
                    self.acknowledged.setdefault(completion, now)
        return taken


def _post(session: requests.Session, url: str, body: bytes) -> str:
    try:
        return str(session.post(url, data=body, timeout=TIMEOUT_SECONDS).status_code)
    except requests.RequestException as error:
        return type(error).__name__


def _event(completion: Completion, name: str, chance: random.Random) -> dict[str, Any]:
    instance = completion.account.instance(completion.course) if completion.course else BADGELESS
    lo_id = instance.rpartition("_")[0]
    completed = datetime.now(UTC) - timedelta(minutes=chance.randint(0, 60))
    moment = completed.strftime("%Y-%m-%dT%H:%M:00.000Z")
    return {
        "eventId": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "eventName": name,
        "timestamp": moment,
        "data": {
            "userId": int(completion.user_id),
            "loId": lo_id,
            "loInstanceId": instance,
            "loType": "course",
            "dateCompleted": moment,
            "hasPassed": completion.passed,
        },
    }
