"""The task: one badge, one request, tried again as Celery's documentation recommends.

https://docs.celeryq.dev/en/stable/userguide/tasks.html#automatic-retry-for-known-exceptions
Everything else is as Celery comes: tasks are acknowledged when they begin, prefork has a process per core.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import requests
from celery import Celery
from requests.adapters import HTTPAdapter

from ..stores import TEMPLATE

CONNECTIONS = 16
TIMEOUT_SECONDS = 30

app = Celery("rival", broker=os.environ.get("RIVAL_BROKER_URL"))
session = requests.Session()  # kept alive from badge to badge
session.mount("http://", HTTPAdapter(pool_maxsize=CONNECTIONS))


@app.task(  # type: ignore[untyped-decorator]  # Celery has no types
    autoretry_for=(requests.RequestException,),
    retry_backoff=True,
    retry_kwargs={"max_retries": 5},
    ignore_result=True,
)
def issue_badge(event: dict[str, Any]) -> None:
    data = event["data"]
    completed = datetime.fromtimestamp(data["dateCompleted"] / 1000, UTC)
    answer = session.post(
        os.environ["RIVAL_BADGES_URL"],
        auth=(os.environ["RIVAL_TOKEN"], ""),
        json={
            "recipient_email": f"learner.{data['userId']}@example.org",
            "issued_to_first_name": "Learner",
            "issued_to_last_name": f"Number {data['userId']}",
            "issuer_earner_id": str(data["userId"]),
            "badge_template_id": TEMPLATE,
            "issued_at": completed.strftime("%Y-%m-%d %H:%M:%S +0000"),
        },
        timeout=TIMEOUT_SECONDS,
    )
    answer.raise_for_status()
