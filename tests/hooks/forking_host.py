"""A host that forks while its threads call hooks: python forking_host.py CHILDREN EVENTS THREADS.

Each thread of the parent and each child calls so many hooks as EVENTS; the parent's begin before the first fork and
end after the last. Exits with 1 if a child does not end in time.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from datetime import UTC, datetime

import pluggy

from badgerelay import register
from badgerelay.hooks import CourseCompleted, Learner, LearningObject

children, events, threads = map(int, sys.argv[1:])
manager = pluggy.PluginManager("lms")
relay = register(manager, source="lms", engine=True)


def complete(who: str, pause: float) -> None:
    for number in range(events):
        learner, course = Learner(who, f"{who}@example.org"), LearningObject("course", "c-1")
        event = CourseCompleted(f"{who}-{number}", "lms", datetime.now(UTC), learner, course)
        manager.hook.course_completed(event=event)
        time.sleep(pause)


started = [threading.Thread(target=complete, args=(f"parent{each}", 0.001)) for each in range(threads)]
for thread in started:
    thread.start()
born = []
for number in range(children):
    child = os.fork()
    if child == 0:
        complete(f"child{number}", 0.0)
        # The child's own engine works: it is informed by the child's own thread.
        alive = {thread.name for thread in threading.enumerate()}
        os._exit(0 if "badgerelay-dispatcher" in alive else 2)
    born.append(child)
    time.sleep(0.02)
for thread in started:
    thread.join()
deadline = time.monotonic() + 60
codes = []
for child in born:
    while (ended := os.waitpid(child, os.WNOHANG))[0] == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    if ended[0] == 0:
        os.kill(child, 9)
        os.waitpid(child, 0)
    codes.append("stuck" if ended[0] == 0 else os.waitstatus_to_exitcode(ended[1]))
relay.close()
print(*codes, flush=True)
sys.exit(any(codes))
