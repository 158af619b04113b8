"""One run of the suite on one set-up: measure in the calm, then the storm, then wait until nothing is owed."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.running import Home

from .disturbing import Disturber, Happened, declare, plan
from .judging import Ledger, Verdict, drained, judge, latencies, p95
from .load import Completion, Learners, Senders, learners_needed
from .load import plan as plan_load
from .outside import ALM_FAULTS, BROKEN, DOWN, FAULTS, KINDS_OF_FAULT, Outside
from .setups import Kind, SetUp, standing
from .sizes import Size

WARM = 36
"""Completions before anything is measured."""

CALM_SECONDS = 60.0
"""In which everything of a calm phase has to be done."""


@dataclass
class Result:
    """:param calm: p95 in seconds from acknowledgement to badge, all organizations well.
    :param beside_broken: the same of the healthy ones while one is broken.
    :param drain: seconds from the last acknowledgement until nothing was owed; None where that did not happen.
    :param calls: to Credly for each badge, over all phases; those that a fault befell count too.
    """

    kind: str
    seed: int
    seconds: float = 0.0
    completions: int = 0
    deliveries: int = 0
    calm: float = 0.0
    beside_broken: float = 0.0
    drain: float | None = None
    calls: float = 0.0
    unacknowledged: bool = False
    answers: Counter[str] = field(default_factory=Counter)
    faults: dict[str, int] = field(default_factory=dict)
    happened: list[Happened] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)
    wanted_kills: int = 0

    @property
    def slowed(self) -> float:
        return self.beside_broken / self.calm if self.calm else float("inf")

    @property
    def undrawn(self) -> list[str]:
        """Faults of the provider that did not happen at all."""
        return [kind for kind in KINDS_OF_FAULT if not self.faults.get(kind)]

    def complaints(self, *, timed: bool) -> list[str]:
        """Why this run is no good; nothing where it is. :param timed: also how fast it was."""
        verdict = self.verdict
        counted = {
            "lost": verdict.lost,
            "duplicated": verdict.duplicated,
            "unearned": verdict.unearned,
            "without exactly one issued row in the ledger": verdict.mismatched,
        }
        found = [f"{count} {what}" for what, count in counted.items() if count]
        found += [f"stuck: {count} × {what}" for what, count in verdict.stuck.items()]
        found += [f"{item.kind}: {item.what}" for item in self.happened if item.what.startswith("FAILED")]
        kills = sum(item.kind == "kill -9" for item in self.happened)
        if kills < self.wanted_kills:
            found.append(f"only {kills} kills of {self.wanted_kills}")
        if self.unacknowledged:
            found.append("not every delivery was acknowledged")
        found += [f"the provider never answered so: {kind}" for kind in self.undrawn]
        if timed and not self.slowed <= 2:  # nor is it a number where something never came
            found.append(f"healthy organizations were slowed {self.slowed:.2f} × by the broken one")
        return found + verdict.examples


class Run:
    """:param say: prints a line as things happen."""

    def __init__(
        self, setup: SetUp, outside: Outside, size: Size, chance: random.Random, say: Callable[[str], None]
    ) -> None:
        self._setup, self._outside, self._size, self._chance, self._say = setup, outside, size, chance, say
        self._learners = Learners(outside.accounts)
        self._ledger = Ledger(setup.database_url)
        self._completed: list[Completion] = []

    def calm(self, amount: int, seconds: float, *, spare: int | None = None) -> float:
        """The p95 of one measurement. :param spare: the account whose organization is broken."""
        completions, senders, _ = self._load(amount, seconds)
        senders.start()
        senders.join(seconds + CALM_SECONDS)
        healthy = [a for number, a in enumerate(self._outside.accounts) if number != spare]
        ids = {account.organization_id for account in healthy}
        mine = [c for c in completions if c.account.organization_id in ids]
        deadline = time.monotonic() + CALM_SECONDS
        while True:
            found = latencies(mine, senders.acknowledged, self._outside)
            value = p95(found, ids)
            if value < float("inf") or time.monotonic() > deadline:
                return value
            time.sleep(1.0)

    def storm(self, result: Result) -> None:
        outside, size = self._outside, self._size
        completions, senders, deliveries = self._load(size.completions, size.seconds)
        disturber = Disturber(plan(self._setup, outside, size, self._chance), self._say)
        outside.faults(FAULTS)
        outside.faults(DOWN, outside.accounts[1])
        outside.alm_faults(ALM_FAULTS)
        senders.start()
        disturber.start()
        disturber.join()
        result.unacknowledged = not senders.join(size.drain_seconds)
        result.happened, result.answers = disturber.happened, senders.answers
        result.completions, result.deliveries = len(completions), deliveries
        expected = len({c.key for c in self._completed if c.key is not None})
        result.drain = drained(self._ledger, lambda: outside.badge_count() >= expected, size.drain_seconds)
        result.faults = outside.drawn()
        result.verdict = judge(self._completed, outside, self._ledger)
        result.calls = sum(outside.calls().values()) / max(1, result.verdict.badges)

    def _load(self, amount: int, seconds: float) -> tuple[list[Completion], Senders, int]:
        completions = self._learners.completions(amount, self._chance)
        self._completed += completions
        deliveries = plan_load(completions, seconds, self._chance)
        return completions, Senders(deliveries, self._setup.receivers), len(deliveries)


def run(kind: Kind, size: Size, seed: int, folder: Path, say: Callable[[str], None]) -> Result:
    """:param folder: for the logs of every process."""
    chance = random.Random(f"{seed} {kind.name}")
    started = time.monotonic()
    result = Result(kind.name, seed, wanted_kills=size.kills)
    world = Home(folder / "outside")
    try:
        learners = learners_needed(size.completions + 2 * size.calm + WARM, 3) + 10
        outside = Outside(world, learners=learners, seed=seed)
        with standing(kind, folder) as setup:
            _provision(setup, outside)
            ours = Run(setup, outside, size, chance, say)
            ours.calm(WARM, 2.0)
            result.calm = ours.calm(size.calm, size.calm_seconds)
            broken = outside.accounts[2]
            outside.faults(BROKEN, broken)
            result.beside_broken = ours.calm(size.calm, size.calm_seconds, spare=2)
            outside.no_own_faults(broken)
            say(f"  p95 to the badge {result.calm:.3f} s; beside a broken organization {result.beside_broken:.3f} s")
            ours.storm(result)
    finally:
        world.close()
    result.seconds = time.monotonic() - started
    return result


def _provision(setup: SetUp, outside: Outside) -> None:
    declare(setup, outside)
    setup.start()
