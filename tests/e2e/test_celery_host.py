"""A host's own Celery does the work: its application includes our tasks, its workers and its beat run them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.e2e.running import TEMPLATE, Home, Running, badges, completion, deliver, eventually

pytestmark = pytest.mark.services
HERE = Path(__file__).parent


def start_celery(home: Home, *arguments: str, listens: str) -> Running:
    """``celery -A celery_host ...``, as the host's administrator would."""
    home.environ["PYTHONPATH"] = str(HERE)
    # Its log goes to stderr, which is where the line to wait for stands: both into one.
    code = "import os, sys; os.dup2(1, 2); from celery.__main__ import main; sys.argv[0] = 'celery'; sys.exit(main())"
    return home.start_command(
        sys.executable, "-c", code, "-A", "celery_host", *arguments, name=f"celery-{arguments[0]}", listens=listens
    )


@pytest.fixture
def workers(broker_home: Home) -> list[Running]:
    """Two processes of a prefork worker, and beat: neither knows anything of `badgerelay worker`."""
    schedule = str(broker_home.folder / "schedule")
    return [
        start_celery(broker_home, "worker", "--concurrency", "2", "--loglevel", "INFO", listens=r"ready\."),
        start_celery(broker_home, "beat", "--schedule", schedule, "--loglevel", "INFO", listens=r"beat: Starting"),
    ]


def test_the_hosts_workers_issue_what_a_receiver_takes(broker_home: Home, workers: list[Running]) -> None:
    provider, _ = broker_home.connect_sandboxes()
    relay = broker_home.start("serve", "--port", "0")
    for number in range(6):
        assert deliver(relay.url, completion(f"e-{number}", userId=15300721 + number)).status_code == 202
    eventually(lambda: len(badges(provider)) == 6, 30)
    for running in (*reversed(workers), relay):
        running.stop()


def test_its_beat_finds_what_was_committed_while_the_broker_got_no_message(
    broker_home: Home, workers: list[Running]
) -> None:
    provider, _ = broker_home.connect_sandboxes()
    broker_url = broker_home.environ.pop("BADGERELAY_BROKER_URL")
    relay = broker_home.start("serve", "--port", "0", "--no-worker")
    broker_home.environ["BADGERELAY_BROKER_URL"] = broker_url
    assert deliver(relay.url, completion()).status_code == 202
    eventually(lambda: badges(provider), 15)
    code = "from celery_host import grade; import sys; grade.delay(sys.argv[1])"
    path = broker_home.folder / "grade"
    broker_home.start_command(sys.executable, "-c", code + "; print('sent')", str(path), name="lms", listens="sent")
    eventually(path.exists)  # and its own tasks run as before
    for running in (*reversed(workers), relay):
        running.stop()


def test_a_registered_host_leaves_the_work_to_workers_and_gets_its_notices(broker_home: Home) -> None:
    provider = broker_home.start("sandbox", "credly").url
    broker_home.connect_to(provider, None)
    course = ("--learning-object", "forklift-1", "--template", TEMPLATE, "--connection", "academy")
    broker_home.run("rules", "add", *course)
    people, diary = broker_home.folder / "people.json", broker_home.folder / "diary.jsonl"
    people.write_text('{"ida": {"email": "ida.berg@example.org", "name": "Ida Berg"}}')
    worker = broker_home.start("worker", listens="badgerelay works")
    files = ("--people", str(people), "--diary", str(diary))
    broker_home.start(
        *files,
        *("--engine", "--listen", "300", "--complete", "e-1", "ida", "forklift-1"),
        module="example_lms",
        listens="^listening",
    )
    eventually(diary.exists)
    (badge,) = badges(provider)
    assert badge["recipient_email"] == "ida.berg@example.org"
    assert "is issued" in worker.log.read_text()
