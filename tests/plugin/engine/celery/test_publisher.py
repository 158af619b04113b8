from __future__ import annotations

import threading
import time

import pytest

from badgerelay.plugin.engine.celery.publisher import Publisher
from badgerelay.plugin.engine.lanes import Lane

from ....support import until

ACME, ACADEMY = Lane("decide", "acme"), Lane("send", "academy")


class Recorder:
    """Takes messages in place of a broker. :ivar away: it takes none."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, Lane]] = []
        self.tried = 0
        self.away = False
        self.closed = threading.Event()

    def send(self, lane: Lane) -> None:
        self.tried += 1
        if self.away:
            raise OSError("amqp://guest:s3cret@nowhere")
        self.sent.append((time.monotonic(), lane))

    def close(self) -> None:
        self.closed.set()

    def of(self, lane: Lane) -> list[float]:
        return [at for at, each in self.sent if each == lane]


def test_a_burst_of_news_is_a_message_now_and_one_a_moment_later() -> None:
    recorder = Recorder()
    publisher = Publisher(recorder, spacing=0.2)
    started = time.monotonic()
    for _ in range(500):
        publisher.offer(ACME)
    publisher.offer(ACADEMY)
    until(lambda: recorder.of(ACME))
    publisher.offer(ACME)
    until(lambda: len(recorder.of(ACME)) == 2)
    time.sleep(0.3)
    first, second = recorder.of(ACME)
    assert first - started < 0.15
    assert second - first >= 0.19
    assert len(recorder.of(ACADEMY)) == 1
    publisher.close()
    assert recorder.closed.is_set()


def test_news_while_the_last_message_is_young_is_told_when_it_is_not_rather_than_forgotten() -> None:
    recorder = Recorder()
    publisher = Publisher(recorder, spacing=0.1)
    publisher.offer(ACME)
    until(lambda: recorder.sent)
    publisher.offer(ACME)
    assert len(recorder.sent) == 1
    until(lambda: len(recorder.sent) == 2, 2)


def test_closing_says_what_is_still_to_be_said_at_once() -> None:
    recorder = Recorder()
    publisher = Publisher(recorder, spacing=60.0)
    publisher.offer(ACME)
    until(lambda: recorder.sent)
    publisher.offer(ACME)
    publisher.close()
    assert len(recorder.sent) == 2
    publisher.offer(ACME)
    assert len(recorder.sent) == 2


def test_a_broker_that_is_away_is_logged_once_and_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    recorder = Recorder()
    recorder.away = True
    publisher = Publisher(recorder, spacing=0.01)

    def tried_again() -> bool:
        publisher.offer(ACME)
        return recorder.tried >= 2

    until(tried_again)
    recorder.away = False

    def taken() -> bool:
        publisher.offer(ACME)
        return bool(recorder.sent)

    until(taken)
    until(lambda: "answers again" in caplog.text)
    assert caplog.text.count("does not take messages") == 1
    assert "s3cret" not in caplog.text
    publisher.close()


def test_no_thread_runs_before_there_is_news() -> None:
    before = threading.active_count()
    Publisher(Recorder())
    assert threading.active_count() == before
