"""What a user waits for before anything happens, and what a host's process has to carry."""

from __future__ import annotations

import json
import sys
import time

from .processes import badgerelay, call, new_home
from .table import Figure

RUNS = 3
TIMES = 7
CALLS = 300
HEAVY = ("flask", "sqlalchemy", "requests")

_IMPORT = """
import sys, time
begin = time.perf_counter()
import badgerelay.hooks
print(1000 * (time.perf_counter() - begin), *(name for name in {heavy} if name in sys.modules))
"""

_HOOK = """
import json, sys, time, uuid
from datetime import UTC, datetime
import pluggy
from badgerelay import register
from badgerelay.hooks import CourseCompleted, Learner, LearningObject
manager = pluggy.PluginManager("badgerelay")
relay = register(manager, source="bench")
times = []
for number in range({calls}):
    event = CourseCompleted(
        id=uuid.uuid4().hex, source="bench", occurred_at=datetime.now(UTC),
        learner=Learner(id=str(number), email="learner@example.org", name="Lee Learner"),
        learning_object=LearningObject(kind="course", id="course-1"), passed=True,
    )
    begin = time.perf_counter()
    manager.hook.course_completed(event=event)
    times.append(1000 * (time.perf_counter() - begin))
print(json.dumps(times))
relay.close()
"""


def measure(*, quick: bool) -> list[Figure]:
    times = 3 if quick else TIMES
    return [_help(times), *_import(times), _hook()]


def _help(times: int) -> Figure:
    runs = []
    with new_home() as home:
        for _ in range(RUNS):
            seconds = []
            for _ in range(times):
                begin = time.perf_counter()
                call(badgerelay("--help"), home)
                seconds.append(time.perf_counter() - begin)
            runs.append(_median(seconds))
    return Figure("badgerelay --help", "s", tuple(runs), 0.3)


def _import(times: int) -> list[Figure]:
    runs: list[float] = []
    heavy: set[str] = set()
    with new_home() as home:
        for _ in range(RUNS):
            milliseconds = []
            for _ in range(times):
                spent, *loaded = call([sys.executable, "-c", _IMPORT.format(heavy=HEAVY)], home).split()
                milliseconds.append(float(spent))
                heavy.update(loaded)
            runs.append(_median(milliseconds))
    return [
        Figure("import badgerelay.hooks", "ms", tuple(runs)),
        Figure(f"  of {', '.join(HEAVY)} it loads", "", (float(len(heavy)),), 1.0),
    ]


def _hook() -> Figure:
    runs = []
    for _ in range(RUNS):
        with new_home() as home:
            milliseconds = json.loads(call([sys.executable, "-c", _HOOK.format(calls=CALLS)], home))
        runs.append(_median(milliseconds[1:]))  # the first one opens the store
    return Figure("hook call course_completed", "ms", tuple(runs), 5.0)


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
