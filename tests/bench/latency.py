"""From a webhook to the request that arrives at Credly: an idle system, a warm cache, one at a time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from badgerelay.plugin.sources.alm.sandbox.world import FIRST_LEARNER

from .credly import templates_of
from .declaring import declaration
from .deliveries import body, headers, new_id
from .processes import badgerelay, call, get_json, new_home, post, running
from .table import Figure, percentile

RUNS = 3
SAMPLES = 100
PAUSE_SECONDS = (0.15, 0.35)
"""Between two deliveries, at random, so that they do not keep step with a poll."""

WAIT_SECONDS = 60.0
WARMING = "course:8801234_17700456"
COURSE = "course:{}_{}"


def measure(*, quick: bool) -> list[Figure]:
    samples = 25 if quick else SAMPLES
    with new_home() as home, ExitStack() as stack:
        credly = stack.enter_context(running(badgerelay("sandbox", "credly"), home, "credly"))
        # One badge template per run: whoever has a badge does not get it again.
        templates = templates_of(credly)[:RUNS]
        knobs = [
            f"learners={samples + 1}",
            f"courses={RUNS + 1}",
            "provider=credly",
            f"templates={','.join(templates)}",
        ]
        alm = stack.enter_context(
            running(badgerelay("sandbox", "alm", *(part for knob in knobs for part in ("--knob", knob))), home, "alm")
        )
        file = home / "connections.toml"
        file.write_text(declaration(credly.url, alm.url))
        call(badgerelay("connect", "--from", str(file)), home)
        serve = stack.enter_context(running(badgerelay("serve", "--port", "0"), home, "serve"))
        serve.wait_until_it_answers()
        users = [str(FIRST_LEARNER + number) for number in range(samples + 1)]
        for user in users:
            _deliver(serve.url, user, WARMING)
        _wait_for(lambda: _badges(credly.url) == len(users), home)
        runs = []
        for number in range(1, RUNS + 1):
            instance = COURSE.format(8810000 + number, 17710000 + number)
            before = _badges(credly.url)
            _deliver(serve.url, users[0], instance)
            _wait_for(lambda: _badges(credly.url) == before + 1, home)  # noqa: B023 (called at once)
            runs.append(_run(serve.url, credly.url, users[1:], instance))
    return [
        Figure(
            f"webhook to request at Credly, p{percent} of {samples}",
            "ms",
            tuple(percentile(times, percent) for times in runs),
            wanted,
        )
        for percent, wanted in ((50, 30.0), (95, 100.0), (100, None))
    ]


def _run(serve: str, credly: str, users: list[str], instance: str) -> list[float]:
    """Milliseconds, one for each user. :raises RuntimeError: not every delivery became one request."""
    before = len(_arrivals(credly))
    sent: list[float] = []
    for user in users:
        time.sleep(random.uniform(*PAUSE_SECONDS))
        sent.append(time.time())
        _deliver(serve, user, instance)
    time.sleep(1.0)
    arrived = _arrivals(credly)[before:]
    if len(arrived) != len(sent):
        raise RuntimeError(f"{len(sent)} deliveries became {len(arrived)} requests at Credly")
    return [1000 * (arrival - moment) for moment, arrival in zip(sent, arrived, strict=True)]


def _deliver(serve: str, user_id: str, instance_id: str) -> None:
    post(f"{serve}/webhooks/alm/acme", body(new_id(), user_id=user_id, instance_id=instance_id), headers())


def _arrivals(credly: str) -> list[float]:
    return sorted(moment for moment, kind in get_json(f"{credly}/_sandbox/requests")["posts"] if "badges" in kind)


def _badges(credly: str) -> int:
    return int(get_json(f"{credly}/_sandbox/badges?format=count")["counts"]["total"])


def _wait_for(done: Callable[[], bool], home: Path) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"the cache did not get warm:\n{(home / 'serve.log').read_text()[-3000:]}")
        time.sleep(0.1)
