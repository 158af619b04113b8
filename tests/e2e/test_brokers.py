"""Beyond one machine: receivers and workers as real processes that share PostgreSQL and a broker."""

from __future__ import annotations

import signal
import sys
import time
from typing import Any

import pytest
from amqp.exceptions import NotFound
from kombu import Connection

from tests.brokers import Broker
from tests.e2e.running import Home, badges, completion, deliver, eventually
from tests.support import calls, set_faults

pytestmark = pytest.mark.services
WORKS = "badgerelay works"
FIRST = 15300721


def connected(home: Home, *knobs: str) -> str:
    """Sandboxes with many learners, connected; the provider's address."""
    provider = home.start("sandbox", "credly", *knobs).url
    home.connect_to(provider, home.start("sandbox", "alm", "--knob", "learners=400").url)
    return provider


def complete(url: str, first: int, number: int) -> None:
    for each in range(first, first + number):
        assert deliver(url, completion(f"e-{each}", userId=FIRST + each)).status_code == 202


def issued(home: Home, provider: str, number: int, seconds: float = 30.0) -> list[dict[str, Any]]:
    """Wait until so many awards are issued, none is anything else, and the provider has each once."""

    def done() -> bool:
        awards = home.json("awards", "list", "--limit", "1000")
        return len(awards) == number and {award["state"] for award in awards} == {"issued"}

    eventually(done, seconds)
    found = badges(provider)
    assert len(found) == len({badge["recipient_email"] for badge in found}) == number
    return found


def under_way(home: Home) -> None:
    """Wait until the provider has been called and has not answered."""
    eventually(lambda: "sending" in [award["state"] for award in home.json("awards", "list")])


def test_a_webhook_reaches_the_provider_through_the_broker(broker_home: Home) -> None:
    provider = connected(broker_home)
    relay = broker_home.start("serve", "--port", "0")
    broker_home.start("worker", listens=WORKS)
    complete(relay.url, 0, 1)
    issued(broker_home, provider, 1)
    for number in range(1, 4):
        complete(relay.url, number, 1)
        eventually(lambda number=number: len(badges(provider)) > number)  # type: ignore[misc]
    assert len(issued(broker_home, provider, 4)) == 4


def test_a_killed_worker_with_a_batch_under_way_loses_and_doubles_nothing(broker_home: Home) -> None:
    provider = connected(broker_home, "--faults", "latency=3")
    relays = [broker_home.start("serve", "--port", "0") for _ in range(2)]
    victim = broker_home.start("worker", listens=WORKS)
    complete(relays[0].url, 0, 10)
    under_way(broker_home)
    victim.kill()
    set_faults(provider, "latency=0.2")
    for _ in range(2):
        broker_home.start("worker", listens=WORKS)
    complete(relays[1].url, 10, 30)
    issued(broker_home, provider, 40, 45)


def test_a_broker_that_is_killed_and_emptied_while_events_arrive_costs_nothing(
    broker_home: Home, broker: Broker
) -> None:
    provider = connected(broker_home)
    relay = broker_home.start("serve", "--port", "0")
    workers = [broker_home.start("worker", listens=WORKS) for _ in range(2)]
    complete(relay.url, 0, 10)
    broker.kill()
    try:
        slowest = 0.0
        for number in range(10, 30):
            started = time.monotonic()
            complete(relay.url, number, 1)
            slowest = max(slowest, time.monotonic() - started)
            time.sleep(0.05)
        assert slowest < 1.0  # no request waits for a broker
        broker.wipe()
    finally:
        broker.start()
    complete(relay.url, 30, 10)
    issued(broker_home, provider, 40, 45)
    assert relay.log.read_text().count("does not take messages") == 1
    secret = broker.url.partition("://")[2].partition("@")[0]
    for running in (relay, *workers):
        assert running.stop() < 10
        assert running.process.returncode == 0
        log = running.log.read_text()
        assert "Traceback" not in log
        assert "@" not in secret or secret not in log


def test_a_busy_connection_holds_no_other_and_many_awards_leave_in_few_calls(broker_home: Home) -> None:
    provider = connected(broker_home)
    broker_home.run("pause", "academy")
    relay = broker_home.start("serve", "--port", "0")
    broker_home.start("worker", listens=WORKS)
    complete(relay.url, 0, 120)
    eventually(lambda: len(broker_home.json("awards", "list", "--limit", "1000")) == 120, 30)
    broker_home.run("resume", "academy")
    issued(broker_home, provider, 120)
    assert 3 <= calls(provider)["POST badges/batch"] <= 4


@pytest.mark.parametrize("broker", ["rabbitmq"], indirect=True)
def test_a_signal_lets_a_worker_finish_what_is_under_way(broker_home: Home) -> None:
    provider = connected(broker_home, "--faults", "latency=3")
    relay = broker_home.start("serve", "--port", "0")
    worker = broker_home.start("worker", "--concurrency", "2", listens=WORKS)
    complete(relay.url, 0, 1)
    under_way(broker_home)
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(10) == 0
    issued(broker_home, provider, 1, 1)
    set_faults(provider, "slow=1:60")
    worker = broker_home.start("worker", listens=WORKS)
    complete(relay.url, 1, 1)
    under_way(broker_home)
    assert worker.stop() < 10.5  # the call takes longer than anyone waits
    set_faults(provider, "")
    broker_home.start("worker", listens=WORKS)
    issued(broker_home, provider, 2, 60)


@pytest.mark.parametrize("broker", ["rabbitmq"], indirect=True)
def test_a_broker_that_refuses_us_is_said_once_and_neither_keeps_a_worker_from_ending(broker_home: Home) -> None:
    base = broker_home.environ["BADGERELAY_BROKER_URL"]
    for url in (
        base.replace("guest:guest", "guest:s3cret"),
        base + "no-such-host",
        "amqp://guest:s3cret@127.0.0.1:9//",
    ):
        broker_home.environ["BADGERELAY_BROKER_URL"] = url
        program = "print('starting', flush=True); from badgerelay.plugin.cli.main import main; main()"
        worker = broker_home.start_command(
            sys.executable, "-c", program, "worker", name="refused", listens="starting"
        )
        eventually(lambda worker=worker: "cannot be used" in worker.log.read_text())  # type: ignore[misc]
        time.sleep(2.5)
        assert worker.stop() < 5
        log = worker.log.read_text()
        assert worker.process.returncode == 0
        assert log.splitlines()[1:] == ["badgerelay worker has stopped"]
        assert log.count("cannot be used") == 1
        assert "s3cret" not in log


@pytest.mark.parametrize("broker", ["rabbitmq"], indirect=True)
def test_a_queue_of_another_kind_ends_the_worker_with_the_reason(broker_home: Home, broker: Broker) -> None:
    with Connection(broker.url) as connection:
        channel = connection.default_channel
        channel.queue_delete("badgerelay")
        channel.queue_declare("badgerelay", durable=True, auto_delete=False)
        try:
            ran = broker_home.run("worker", ok=False)
        finally:
            channel.queue_delete("badgerelay")
    assert ran.returncode == 1
    assert "PRECONDITION_FAILED" in ran.stderr
    assert "gave up" in ran.stderr


@pytest.mark.parametrize("broker", ["rabbitmq"], indirect=True)
def test_the_queue_is_a_quorum_queue_of_bounded_length(broker_home: Home, broker: Broker) -> None:
    worker = broker_home.start("worker", listens=WORKS)
    with Connection(broker.url) as connection:
        same = {"x-queue-type": "quorum", "x-max-length": 10_000}
        connection.default_channel.queue_declare("badgerelay", durable=True, auto_delete=False, arguments=same)
        names = [name for name in ("celery_delayed_0", "celery_delayed_27") if _exists(connection, name)]
    assert names == []  # nothing of ours is delayed
    worker.stop()


@pytest.mark.parametrize("broker", ["redis"], indirect=True)
def test_where_no_worker_takes_messages_redis_does_not_fill_with_them(broker_home: Home, broker: Broker) -> None:
    provider = connected(broker_home)
    relay = broker_home.start("serve", "--port", "0")
    with Connection(broker.url) as connection:
        redis = connection.default_channel.client
        redis.rpush("badgerelay", *["nobody's"] * 10_000)
        for number in range(2):
            polled = _polls(redis)
            complete(relay.url, number, 1)
            eventually(lambda polled=polled: _polls(redis) > polled)  # type: ignore[misc]
        assert redis.llen("badgerelay") == 10_000
        redis.delete("badgerelay")
        complete(relay.url, 2, 1)
        eventually(lambda: redis.llen("badgerelay") > 0)
    broker_home.start("worker", listens=WORKS)
    issued(broker_home, provider, 3)


def _polls(redis: Any) -> int:
    """How often a queue's length was asked for."""
    return int(redis.info("commandstats").get("cmdstat_llen", {"calls": 0})["calls"])


def _exists(connection: Any, queue: str) -> bool:
    with connection.channel() as channel:
        try:
            channel.queue_declare(queue, passive=True)
        except NotFound:
            return False
        return True
