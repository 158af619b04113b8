"""A host that forks after it has registered: no completion is lost, no child hangs, no handle is shared."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import pluggy
import pytest

from badgerelay import register
from badgerelay.plugin.runtime import forks
from badgerelay.plugin.runtime.forks import Gate
from badgerelay.plugin.runtime.settings import Settings
from badgerelay.plugin.store import Store, open_store

HOST = Path(__file__).with_name("forking_host.py")


@pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.services)], indirect=True
)
def test_forks_during_hook_calls_lose_no_event_and_each_child_has_an_engine(
    settings: Settings, environ: dict[str, str]
) -> None:
    children, events, threads = 6, 8, 3
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", str(HOST), *map(str, (children, events, threads))],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.stdout.split(), done.returncode) == (["0"] * children, 0), done.stderr
    store = open_store(settings)
    rows = store.views.events(limit=1000)
    store.close()
    assert len({row["event_id"] for row in rows}) == len(rows) == (children + threads) * events


def exit_code_of_child(condition: Callable[[], bool]) -> int:
    """Fork; the child exits with 0 if the condition holds there."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if condition() else 1)
        finally:
            os._exit(3)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_fork_waits_for_the_transaction_that_another_thread_has_open(store: Store) -> None:
    began = threading.Event()

    def write() -> None:
        with store.database.write() as transaction:
            transaction.exec_driver_sql("UPDATE heartbeats SET at = at")
            began.set()
            time.sleep(0.5)

    thread = threading.Thread(target=write)
    thread.start()
    assert began.wait(10)
    assert exit_code_of_child(lambda: open_files(store) == 0 and commits(store)) == 0
    thread.join()
    store.probe()


def commits(store: Store) -> bool:
    store.probe()
    return True


def open_files(store: Store) -> int:
    """Return how many handles this process has on the store's files."""
    name = str(store.database.url.database)
    return sum(os.path.realpath(f"/proc/self/fd/{number}").startswith(name) for number in os.listdir("/proc/self/fd"))


def test_a_gate_waits_no_longer_than_its_deadline() -> None:
    gate, inside, leave = Gate(), threading.Event(), threading.Event()

    def stay() -> None:
        with gate:
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=stay)
    thread.start()
    assert inside.wait(10)
    began = time.monotonic()
    assert not gate.shut(began + 0.2)
    assert 0.2 <= time.monotonic() - began < 5.0
    leave.set()
    thread.join()
    assert gate.shut(time.monotonic() + 5)


def test_a_shut_gate_lets_a_thread_finish_what_it_began_and_nobody_else_in() -> None:
    gate, entered = Gate(), threading.Event()
    with gate:
        gate.shut(time.monotonic())
        with gate:
            pass

    def enter() -> None:
        with gate:
            entered.set()

    thread = threading.Thread(target=enter)
    thread.start()
    assert not entered.wait(0.1)
    gate.open()
    assert entered.wait(10)
    thread.join()


def test_what_watches_forks_is_not_kept_alive_by_that(settings: Settings) -> None:
    relay = register(pluggy.PluginManager("lms"), source="lms", settings=settings)
    relay.close()
    reference = weakref.ref(relay)
    del relay
    gc.collect()
    assert reference() is None


def test_handlers_are_registered_once_however_many_stores_there_are(settings: Settings) -> None:
    before = len(forks._watching)
    stores = [open_store(settings) for _ in range(3)]
    for store in stores:
        store.close()
    del stores, store
    gc.collect()
    assert len(forks._watching) <= before
