"""A day in three minutes: at its end nothing is owed, nothing is missing or twice, and the process has not grown."""

from __future__ import annotations

import contextlib
import itertools
import random
import socket
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from badgerelay.plugin.sources.alm.sandbox.world import FIRST_LEARNER

from .credly import badges, credly_sandbox, templates_of, wait_until
from .day import QUIET_HOURS, Completion, Day
from .declaring import declaration
from .processes import Process, badgerelay, call, new_home, running
from .stores import LIFTED, opened, owed
from .table import Figure

HOUR_SECONDS, QUICK_HOUR_SECONDS = 7.5, 2.5
LEARNERS, QUICK_LEARNERS = 600, 150
COURSES = 16
FAULTS = "latency=0.05,lost=0.01,500=0.01,429=0.01:1"
STOPPED_AT, KILLED_AT = 3.2, 9.5
"""Hours: one restart as an administrator does it, in the night; one after a kill -9, in the morning's peak."""

SAMPLES = 5
SAMPLE_SECONDS = 0.2
LONGEST_SECONDS = 60.0
MEMORY_TOLERANCE = 1.05
HANDLES_TOLERANCE, THREADS_TOLERANCE = 5.0, 2.0
"""A quiet hour of the evening against one at noon, in the same process: below these."""


@dataclass(frozen=True, slots=True)
class _Weight:
    """Of ``serve`` with its children. :param memory: MB resident."""

    memory: float
    handles: float
    threads: float


class _Serve:
    """``badgerelay serve`` on one port, through its restarts."""

    def __init__(self, home: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = probe.getsockname()[1]
        self._home = home
        self._lives = itertools.count(1)
        self.weights: list[_Weight] = []
        self.process = self._start()

    def restart(self) -> None:
        self.process.stop()
        self.process = self._start()

    def kill(self) -> None:
        self.process.kill()
        self.process = self._start()

    def weigh(self) -> None:
        samples = []
        for _ in range(SAMPLES):
            samples.append(_Weight(self.process.memory(), self.process.handles(), self.process.threads()))
            time.sleep(SAMPLE_SECONDS)
        self.weights.append(
            _Weight(
                statistics.median(sample.memory for sample in samples),
                statistics.median(sample.handles for sample in samples),
                statistics.median(sample.threads for sample in samples),
            )
        )

    def _start(self) -> Process:
        command = badgerelay("serve", "--port", str(self._port))
        return Process(command, self._home, f"serve-{next(self._lives)}")


def measure(*, quick: bool) -> list[Figure]:
    learners, hour_seconds = (QUICK_LEARNERS, QUICK_HOUR_SECONDS) if quick else (LEARNERS, HOUR_SECONDS)
    with new_home() as home, ExitStack() as stack:
        credly = stack.enter_context(credly_sandbox(home, faults=FAULTS, templates=COURSES + 2))
        completions = _connect(stack, home, credly, learners)
        serve = _Serve(home)
        stack.callback(lambda: serve.process.stop())
        serve.process.wait_until_it_answers()
        quiet = hour_seconds - 2 * SAMPLES * SAMPLE_SECONDS
        weighing = {hour + quiet / hour_seconds: serve.weigh for hour in QUIET_HOURS}
        refused = Day(serve.process.url, completions, hour_seconds).run(
            {STOPPED_AT: serve.restart, KILLED_AT: serve.kill, **weighing}
        )
        store = stack.enter_context(opened(home))
        _let_it_end(lambda: owed(store) == 0)
        return _figures(len(completions), refused, owed(store), badges(credly), serve.weights)


def _connect(stack: ExitStack, home: Path, credly: Process, learners: int) -> list[Completion]:
    """Both sandboxes connected; who completes what, in any order."""
    templates = templates_of(credly)[:COURSES]
    knobs = {
        "learners": learners,
        "courses": COURSES + 1,
        "provider": "credly",
        "templates": ",".join(templates),
    }
    given = [part for name, value in knobs.items() for part in ("--knob", f"{name}={value}")]
    alm = stack.enter_context(running(badgerelay("sandbox", "alm", *given), home, "alm"))
    file = home / "connections.toml"
    file.write_text(declaration(credly.url, alm.url, LIFTED, {"rate": "unlimited"}))
    call(badgerelay("connect", "--from", str(file)), home)
    completions = [
        (str(FIRST_LEARNER + learner), f"course:{8810000 + course}_{17710000 + course}")
        for learner in range(learners)
        for course in range(1, COURSES + 1)
    ]
    random.shuffle(completions)
    return completions


def _let_it_end(done: Callable[[], bool]) -> None:
    """What is not done by then is the result."""
    with contextlib.suppress(RuntimeError):
        wait_until(done, LONGEST_SECONDS, "nothing owed")


def _figures(amount: int, refused: int, left: int, counts: dict[str, int], weights: list[_Weight]) -> list[Figure]:
    noon, *_, night = weights
    return [
        Figure(f"a day: owed of {amount:,} completions at its end", "", (float(left),), 1.0),
        Figure("  badges missing", "", (float(amount - counts["total"] + counts["duplicates"]),), 1.0),
        Figure("  badges twice", "", (float(counts["duplicates"]),), 1.0),
        Figure("  deliveries not acknowledged at once", "", (float(refused),)),
        Figure("  memory of serve at noon, at 17, at 23", "MB", tuple(weight.memory for weight in weights)),
        Figure("    23 against noon", "×", (night.memory / noon.memory,), MEMORY_TOLERANCE),
        Figure("  file handles at noon, at 17, at 23", "", tuple(weight.handles for weight in weights)),
        Figure("    more at 23 than at noon", "", (night.handles - noon.handles,), HANDLES_TOLERANCE),
        Figure("  threads at noon, at 17, at 23", "", tuple(weight.threads for weight in weights)),
        Figure("    more at 23 than at noon", "", (night.threads - noon.threads,), THREADS_TOLERANCE),
    ]
