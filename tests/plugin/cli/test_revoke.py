from __future__ import annotations

from collections.abc import Callable

import pytest

from badgerelay.plugin.store import Store

from ...support import Ran, badges, completion, counts, set_faults
from .test_records import arrive, work

Run = Callable[..., Ran]

pytestmark = pytest.mark.usefixtures("connected")
BECAUSE = ("--because", "issued by mistake")


def test_an_issued_badge_is_revoked_and_says_so_everywhere(run: Run, store: Store, credly: str) -> None:
    arrive(store, completion())
    work(store, {"awards": {"issued": 1}})
    assert run("awards", "revoke", "1", *BECAUSE, "--dry-run").out == "1 award would be revoked\n"
    assert "--yes" in run("awards", "revoke", "1", *BECAUSE).err
    assert badges(credly)[0]["state"] == "pending"
    assert "1 of 1 award is being revoked" in run("awards", "revoke", "1", *BECAUSE, "--yes").out
    work(store, {"awards": {"revoked": 1}})
    (badge,) = badges(credly)
    assert badge["state"] == "revoked"
    (award,) = run("awards", "list", "--json").json
    assert (award["state"], award["badge_id"]) == ("revoked", badge["id"])
    why = run("awards", "why", "1").out
    assert "attempt 1 to revoke it" in why
    assert f"revoked: badge {badge['id']} (issued by mistake)" in why
    again = run("awards", "revoke", "1", *BECAUSE, "--yes")
    assert (again.code, "0 of 1" in again.err) == (1, True)


def test_a_revoked_badge_is_not_issued_again(run: Run, store: Store, credly: str) -> None:
    arrive(store, completion(eventId="e-1"))
    work(store, {"awards": {"issued": 1}})
    run("awards", "revoke", "1", *BECAUSE, "--yes")
    work(store, {"awards": {"revoked": 1}})
    arrive(store, completion(eventId="e-2"))
    run("events", "replay", "--all", "--yes")
    work(store, {"events": {"done": 2}, "awards": {"revoked": 1}})
    assert counts(credly)["total"] == 1


@pytest.mark.parametrize("faults", ["lost=1", "500=1", "429=1", "html502=1"])
def test_a_revocation_that_fails_is_made_again(run: Run, store: Store, credly: str, faults: str) -> None:
    arrive(store, completion())
    work(store, {"awards": {"issued": 1}})
    run("awards", "revoke", "1", *BECAUSE, "--yes")
    set_faults(credly, faults)
    work(store, {"awards": {"waiting": 1}})
    set_faults(credly, "")
    assert run("awards", "retry", "1").code == 0
    work(store, {"awards": {"revoked": 1}})
    assert [badge["state"] for badge in badges(credly)] == ["revoked"]
    (award,) = run("awards", "list", "--json").json
    assert award["badge_id"] == badges(credly)[0]["id"]


def test_what_was_not_issued_yet_is_not_issued_any_more(run: Run, store: Store, credly: str) -> None:
    run("pause", "academy")
    arrive(store, completion())
    work(store, {"awards": {"held": 1}})
    assert run("awards", "revoke", "--state", "held", *BECAUSE, "--yes").code == 0
    run("resume", "academy")
    work(store, {"awards": {"revoked": 1}})
    assert counts(credly)["total"] == 0
    assert "never issued, and it will not be: issued by mistake" in run("awards", "why", "1").out


def test_what_may_be_issued_is_looked_for_before_it_is_revoked(run: Run, store: Store, credly: str) -> None:
    set_faults(credly, "lost=1")
    arrive(store, completion())
    work(store, {"awards": {"waiting": 1}})
    assert counts(credly)["total"] == 1
    assert run("awards", "revoke", "1", *BECAUSE, "--yes").code == 0
    set_faults(credly, "")
    work(store, {"awards": {"revoked": 1}})
    assert [badge["state"] for badge in badges(credly)] == ["revoked"]


@pytest.mark.parametrize("because", ["", "  ", "x" * 201, "a\x00b"])
def test_a_reason_has_to_be_one(run: Run, because: str) -> None:
    refused = run("awards", "revoke", "1", "--because", because, "--yes")
    assert (refused.code, "--because" in refused.err) == (2, True)
