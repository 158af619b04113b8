"""What completions cost in requests to ALM: from cold, when all is known, and whether ALM ever has to refuse one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from badgerelay.adapters.credly.adapter import CredlyAdapter
from badgerelay.plugin.sources.alm.sandbox.world import FIRST_LEARNER

from .credly import arrivals, badges, credly_sandbox, templates_of, wait_until
from .declaring import declaration
from .deliveries import Completion, deliver_completions
from .processes import Process, badgerelay, call, get_json, new_home, running
from .stores import LIFTED
from .table import Figure

COURSES_EACH = 5
"""That one learner completes, in either of the two rounds."""

LONGEST_SECONDS = 600.0
MOST, NONE = 301.0, 1.0
"""Of requests: fewer than these are 300 at most, and none."""


@dataclass(frozen=True, slots=True)
class _Size:
    """:param rates: what ALM enforces. A minute is pressed into six seconds where it is ten times as fast."""

    learners: int
    courses: int
    rates: dict[str, str]
    processes: int = 1


FULL = _Size(2_000, 50, {"rate": "600r/m", "rates": "learningObjects=150r/m"})
QUICK = _Size(400, 20, FULL.rates)
SLOW = _Size(200, 20, {"rate": "60r/m", "rates": "learningObjects=15r/m"}, processes=3)
"""At the rates that Adobe names, with several processes that ask."""

ACCOUNTS = {"several ids in a call": "id", "one id in a call": "400"}


@dataclass(frozen=True, slots=True)
class _Cost:
    """:param cold: requests by kind. :param first: when the first badge left, as a part of the whole; and of the time
    until the last request to ALM.
    """

    cold: dict[str, int]
    warm: int
    refused: int
    first: float
    first_of_asking: float


def measure(*, quick: bool) -> list[Figure]:
    figures: list[Figure] = []
    for size, title in ((QUICK if quick else FULL, ""), (SLOW, "at 15 and 60 a minute, ")):
        for account, bulk in ACCOUNTS.items():
            cost = _measure(size, bulk)
            completions = size.learners * COURSES_EACH
            amounts = f"{completions:,} completions, {size.learners:,} learners, {size.courses} courses"
            what = f"{title}{account}: {amounts}"
            key = f"requests_{'slow' if title else 'fast'}_{bulk}"
            figures += [
                Figure(f"{what}: requests to ALM", "", (float(sum(cost.cold.values())),), MOST, key=key),
                *(Figure(f"  {kind}", "", (float(number),)) for kind, number in sorted(cost.cold.items())),
                Figure("  as many more, all known", "", (float(cost.warm),), NONE),
                Figure("  answered 429", "", (float(cost.refused),), NONE),
                Figure("  first badge left, part of the whole", "", (cost.first,), 0.5),
                Figure("  first badge left, part of the time of asking", "", (cost.first_of_asking,), 1.0),
            ]
    return figures


def _measure(size: _Size, bulk: str) -> _Cost:
    with new_home() as home, ExitStack() as stack:
        credly = stack.enter_context(credly_sandbox(home, templates=size.courses + 1))
        knobs = {
            "learners": size.learners,
            "courses": size.courses + 1,  # one more, whose badge is always the same
            "templates": ",".join(templates_of(credly)[: size.courses]),
            "bulk": bulk,
            "provider": CredlyAdapter.name,
        }
        alm = stack.enter_context(_alm(home, knobs | size.rates))
        file = home / "connections.toml"
        file.write_text(declaration(credly.url, alm.url, LIFTED))
        call(badgerelay("connect", "--from", str(file)), home)
        serve = stack.enter_context(running(badgerelay("serve", "--port", "0"), home, "serve"))
        for number in range(1, size.processes):
            stack.enter_context(running(badgerelay("worker"), home, f"worker-{number}", listens=False))
        serve.wait_until_it_answers()
        before = _asked(alm)
        instances = _instances(alm)
        began = time.time()
        deliver_completions(serve.url, _completions(size, instances, 0))
        _wait_for(credly, size.learners * COURSES_EACH, home)
        after, ended = _asked(alm), time.time()
        first = arrivals(credly)[0]
        deliver_completions(serve.url, _completions(size, instances, COURSES_EACH))
        _wait_for(credly, 2 * size.learners * COURSES_EACH, home)
        warm = _asked(alm)
    return _Cost(
        cold={
            kind: number - before["requests"].get(kind, 0)
            for kind, number in after["requests"].items()
            if number > before["requests"].get(kind, 0)
        },
        warm=warm["total"] - after["total"],
        refused=warm["refused"],
        first=(first - began) / (ended - began),
        first_of_asking=(first - began) / (after["last"] - began),
    )


@contextmanager
def _alm(home: Path, knobs: dict[str, Any]) -> Iterator[Process]:
    given = [part for name, value in knobs.items() for part in ("--knob", f"{name}={value}")]
    with running(badgerelay("sandbox", "alm", *given), home, "alm") as process:
        yield process


def _asked(alm: Process) -> dict[str, Any]:
    return dict(get_json(f"{alm.url}/_sandbox/requests"))


def _instances(alm: Process) -> list[str]:
    """Of the courses that carry a badge."""
    objects = get_json(f"{alm.url}/_sandbox/world")["learningObjects"]
    return [each["instance_id"] for each in objects if each["name"].startswith("Course ") and each["badge_id"]]


def _completions(size: _Size, instances: Sequence[str], start: int) -> list[Completion]:
    """Each learner completes some of the courses; others in the second round."""
    return [
        (str(FIRST_LEARNER + learner), instances[(learner + start + number) % len(instances)])
        for number in range(COURSES_EACH)
        for learner in range(size.learners)
    ]


def _wait_for(credly: Process, amount: int, home: Path) -> None:
    wait_until(lambda: badges(credly)["total"] >= amount, LONGEST_SECONDS, f"{amount} badges; see {home}/serve.log")
    if badges(credly)["duplicates"]:
        raise RuntimeError("a badge was made twice")
