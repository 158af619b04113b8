"""``python -m example_lms``: complete courses, or stay and listen."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pluggy

import badgerelay
from badgerelay.hooks import CourseCompleted, Learner, LearningObject

from .plugins import people, register_book

SOURCE = "example-lms"


def main() -> None:
    parser = argparse.ArgumentParser(prog="example_lms")
    parser.add_argument("--project", default="example_lms")
    parser.add_argument("--people", type=Path, required=True)
    parser.add_argument("--diary", type=Path, required=True)
    parser.add_argument("--engine", action="store_true")
    parser.add_argument("--listen", type=float, default=0.0, help="seconds to stay")
    parser.add_argument("--complete", nargs=3, action="append", default=[], metavar=("EVENT", "LEARNER", "COURSE"))
    parser.add_argument("--email", help="carried by the events; otherwise badgerelay asks")
    parser.add_argument("--stumbles", type=int, default=0, help="so many notices of badges fail before one is taken")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")

    manager = pluggy.PluginManager(options.project)
    # Finds badgerelay's entry point under its own project name only; register() makes up for it under any other.
    manager.load_setuptools_entrypoints(options.project)
    relay = badgerelay.register(manager, source=SOURCE, engine=options.engine)
    manager.register(people(options.project, options.people, options.diary, options.stumbles))
    manager.register(register_book(options.project))
    manager.check_pending()
    for event_id, learner_id, course_id in options.complete:
        learner = Learner(learner_id, email=options.email, name="Ida Berg" if options.email else None)
        manager.hook.course_completed(
            event=CourseCompleted(
                id=event_id,
                source=SOURCE,
                occurred_at=datetime.now(UTC),
                learner=learner,
                learning_object=LearningObject("course", course_id),
                passed=True,
            )
        )
        print(f"completed {event_id}", flush=True)
    print("listening", flush=True)
    time.sleep(options.listen)
    relay.close()


if __name__ == "__main__":
    main()
