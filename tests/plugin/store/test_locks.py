"""One process does something at a time: it waits for one who was killed, and for none that is alive."""

from __future__ import annotations

import pytest

from badgerelay.plugin.store import Store
from badgerelay.plugin.store.leases import LEASE_SECONDS
from badgerelay.plugin.store.locks import ExclusiveLock, LockedError

from .conftest import Clock


def test_who_was_killed_holds_nobody_up_for_longer_than_a_lease(store: Store, clock: Clock) -> None:
    began = clock()
    store.locks.claim("it", "process 7 on host x", seconds=LEASE_SECONDS, now=began)

    def sleep(seconds: float) -> None:
        clock.seconds += seconds

    with ExclusiveLock(store.locks, "it", clock, sleep) as lock:
        lock.check()
        assert LEASE_SECONDS <= clock() - began < 2 * LEASE_SECONDS
    assert store.locks.take("it", seconds=1.0, now=clock())


def test_who_is_alive_keeps_it(store: Store, clock: Clock) -> None:
    def claim() -> None:
        clock.seconds += 1.0
        store.locks.claim("it", "process 7 on host x", seconds=LEASE_SECONDS, now=clock())

    claim()
    lock = ExclusiveLock(store.locks, "it", clock, lambda _: claim())
    with pytest.raises(LockedError, match=r"^process 7 on host works on it$"):
        lock.__enter__()


def test_who_stood_still_for_long_learns_that_another_has_it(store: Store, clock: Clock) -> None:
    with ExclusiveLock(store.locks, "it", clock) as stood_still:
        clock.seconds += LEASE_SECONDS
        with ExclusiveLock(store.locks, "it", clock) as other:
            stood_still._claim()  # as it does from time to time
            with pytest.raises(LockedError, match="works on it"):
                stood_still.check()
            other.check()
