"""An LMS with a Celery application of its own that includes badgerelay's tasks."""

from __future__ import annotations

import os
from pathlib import Path

from celery import Celery
from kombu import Queue

from badgerelay.plugin.engine.celery.tasks import QUEUE, SCHEDULE

app = Celery("my_lms", broker=os.environ["BADGERELAY_BROKER_URL"], include=["badgerelay.plugin.engine.celery.tasks"])
app.conf.task_queues = [Queue("celery"), QUEUE]
app.conf.beat_schedule = SCHEDULE
app.conf.broker_connection_retry_on_startup = True


@app.task(name="my_lms.grade")  # type: ignore[untyped-decorator]  # Celery has no types
def grade(path: str) -> None:
    Path(path).write_text("graded")
