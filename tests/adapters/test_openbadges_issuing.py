"""Issuing Open Badges: once, also with concurrent processes, and the stored records."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from badgerelay.adapters import (
    INVALID_TEMPLATE,
    ConfigurationError,
    Context,
    IssuedBadge,
    Outcome,
    RejectedError,
    TemporaryError,
)
from badgerelay.adapters.openbadges.adapter import OpenBadgesAdapter
from badgerelay.adapters.openbadges.documents import identity_hash
from badgerelay.adapters.openbadges.settings import OpenBadgesSettings
from badgerelay.plugin.connections.connect import connect
from badgerelay.plugin.connections.declarations import Declared, RefusedError
from badgerelay.plugin.store import Store

from .issuers import COMPLETED, NAME, PUBLIC, URL, award, connect_campus, draft, png


def test_an_award_becomes_a_badge_with_its_achievement(store: Store) -> None:
    campus = connect_campus(store, issuer_url="https://academy.example.org")
    badge = campus.issue(7)
    assert (badge.state, badge.existed, badge.issued_at) == ("accepted", False, COMPLETED)
    assert badge.url == f"{URL}/credentials/{badge.id}"
    credential = campus.credential(badge)
    assert credential["id"] == badge.url
    assert credential["issuer"]["name"] == "Example Academy"
    assert credential["issuer"]["id"].startswith("did:key:z6Mk")
    assert credential["validFrom"] == credential["awardedDate"] == "2026-03-02T13:05:00Z"
    subject = credential["credentialSubject"]
    (identity,) = subject["identifier"]
    assert identity["identityHash"] == identity_hash("learner7@learners.example.org", identity["salt"])
    assert subject["achievement"]["id"] == f"{URL}/achievements/graph-101"
    assert "learner7" not in json.dumps(credential)


def test_the_same_award_again_is_the_same_badge(store: Store) -> None:
    campus = connect_campus(store)
    first, again = campus.issue(1), campus.issue(1)
    assert (again.id, again.existed) == (first.id, True)
    other_address = campus.issue(1, email="married@learners.example.org")
    assert (other_address.id, other_address.existed) == (first.id, True)
    assert campus.issue(2).id != first.id
    assert campus.issue(1, period="2027").id != first.id


def test_two_alike_in_one_call_are_one_badge(store: Store) -> None:
    campus = connect_campus(store)
    outcomes = campus.adapter().issue([award(1), award(2), award(1)])
    ids = [outcome.id for outcome in outcomes if isinstance(outcome, IssuedBadge)]
    assert ids[0] == ids[2] != ids[1]
    assert [outcome.existed for outcome in outcomes if isinstance(outcome, IssuedBadge)] == [False, False, True]
    assert len(list(campus.adapter().badges())) == 2


def test_find_returns_the_existing_badge(store: Store) -> None:
    campus = connect_campus(store)
    assert campus.adapter().find(award(1)) is None
    badge = campus.issue(1)
    found = campus.adapter().find(award(1))
    assert found is not None
    assert (found.id, found.existed) == (badge.id, True)
    assert campus.adapter().find(award(1, period="2027")) is None


def test_many_at_once_make_each_badge_once(store: Store) -> None:
    campus = connect_campus(store)
    awards = [award(number) for number in range(12)]
    results: list[list[Outcome]] = []
    start = threading.Barrier(6)

    def issue() -> None:
        adapter = campus.adapter()
        start.wait()
        results.append(adapter.issue(awards))

    threads = [threading.Thread(target=issue) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [[outcome.id for outcome in each if isinstance(outcome, IssuedBadge)] for each in results]
    assert len(ids) == 6
    assert all(each == ids[0] for each in ids)
    assert len(set(ids[0])) == 12
    assert sum(not outcome.existed for each in results for outcome in each if isinstance(outcome, IssuedBadge)) == 12
    assert len(list(campus.adapter().badges())) == 12
    positions = [campus.credential(outcome)["credentialStatus"]["id"] for outcome in results[0]]  # type: ignore[arg-type]
    assert len(set(positions)) == 12


def test_a_process_overtaken_while_signing_returns_the_other_badge(store: Store) -> None:
    campus = connect_campus(store)
    slow = campus.adapter()
    records: Any = slow.context.records
    overtaking: list[IssuedBadge] = []

    class Overtaken:
        def __getattr__(self, name: str) -> Any:
            return getattr(records, name)

        def take(self, counter: str, many: int = 1) -> int:
            if not overtaking:
                overtaking.append(campus.issue(1))
            return int(records.take(counter, many))

    context = Context(NAME, slow.context.storage, store.now, lambda _: None, public_url=URL, records=Overtaken())
    adapter = OpenBadgesAdapter(OpenBadgesSettings().load({"issuer_name": "Example Academy"}), context)
    outcomes = adapter.issue([award(1), award(2)])
    first, second = [outcome for outcome in outcomes if isinstance(outcome, IssuedBadge)]
    assert (first.id, first.existed, second.existed) == (overtaking[0].id, True, False)


def test_a_bad_award_does_not_hold_up_the_others(store: Store) -> None:
    campus = connect_campus(store)
    campus.adapter().make_template(draft("old", state="archived"))
    outcomes = campus.adapter().issue(
        [award(1, template="nothing"), award(2), award(3, email=""), award(4, template="old")]
    )
    codes = [outcome.code if isinstance(outcome, RejectedError) else "issued" for outcome in outcomes]
    assert codes == [INVALID_TEMPLATE, "issued", "invalid_recipient", INVALID_TEMPLATE]


def test_a_badge_can_expire(store: Store) -> None:
    campus = connect_campus(store)
    campus.adapter().make_template(draft("yearly", valid_days=1))
    badge = campus.issue(1, template="yearly")
    assert badge.state == "expired"
    assert campus.credential(badge)["validUntil"] == "2026-03-03T13:05:00Z"
    assert campus.issue(1, template="yearly").id == badge.id


def test_badges_are_listed_without_addresses(store: Store) -> None:
    campus = connect_campus(store)
    campus.adapter().make_template(draft("other"))
    made = {campus.issue(number).id for number in range(3)}
    campus.issue(9, template="other")
    listed = list(campus.adapter().badges("graph-101"))
    assert {each.id for each in listed} == made
    assert {each.earner_id for each in listed} == {f"alm:70412:{number}" for number in range(3)}
    assert {each.email for each in listed} == {""}
    assert len(list(campus.adapter().badges())) == 4


def test_templates_name_the_field_that_is_not_valid(store: Store) -> None:
    adapter = connect_campus(store).adapter()
    for wrong in (
        {"name": ""},
        {"name": "bell\x07"},
        {"description": "x" * 5_001},
        {"kind": "Trophy"},
        {"image": b"GIF89a"},
        {"image": png()[:-3]},
        {"image": b"<svg" + b" " * 1024 * 1024 + b"/>"},
        {"valid_days": 0},
        {"criteria_url": "javascript:alert(1)"},
        {"criteria_url": "https://example.org/a b"},
        {"tags": ("",)},
    ):
        with pytest.raises(ConfigurationError):
            adapter.make_template(draft(**wrong))
    for template_id in ("", "a/b", "x" * 65, "-a"):
        with pytest.raises(ConfigurationError, match="id"):
            adapter.make_template(draft(template_id))
    assert [template.id for template in adapter.templates()] == ["graph-101"]


def test_a_changed_template_changes_no_badge(store: Store) -> None:
    campus = connect_campus(store)
    before = campus.issue(1)
    signed = campus.credential(before)
    campus.adapter().make_template(draft(name="Graphs, second edition"))
    assert campus.credential(before) == signed
    after = campus.credential(campus.issue(2))
    assert after["name"] == "Graphs, second edition"
    assert after["credentialSubject"]["achievement"]["image"]["id"].endswith("/graph-101/image")


def test_connecting_needs_a_public_url(store: Store) -> None:
    declared = Declared("openbadges", NAME, {"issuer_name": "Example Academy"})
    with pytest.raises(ConfigurationError, match="BADGERELAY_PUBLIC_URL is not set"):
        connect(store, declared)
    assert store.connections.all() == []
    store.public_url = "http://127.0.0.1:8080"
    with pytest.raises(ConfigurationError, match="https"):
        connect(store, Declared("openbadges", NAME, {"issuer_name": "Example Academy", "did": "web"}))
    assert connect(store, declared) == "connected"


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({}, "issuer_name"),
        ({"issuer_name": " "}, "issuer_name"),
        ({"issuer_name": "bell\x07 tower"}, "issuer_name"),
        ({"issuer_name": "A", "did": "ion"}, "did"),
        ({"issuer_name": "A", "proof": "jcs"}, "proof"),
        ({"issuer_name": "A", "proof": "jwt"}, "did"),
        ({"issuer_name": "A", "issuer_email": "x"}, "issuer_email"),
        ({"issuer_name": "A", "issuer_url": "ftp://x.org"}, "issuer_url"),
        ({"issuer_name": "A", "token": "x"}, "token"),
    ],
)
def test_wrong_settings_are_named(store: Store, values: dict[str, str], named: str) -> None:
    store.public_url = PUBLIC
    with pytest.raises(RefusedError, match=named):
        connect(store, Declared("openbadges", NAME, values))


def test_keys_outlive_new_settings_and_a_removal(store: Store) -> None:
    campus = connect_campus(store)
    badge = campus.issue(1)
    issuer = campus.credential(badge)["issuer"]["id"]
    connect_campus(store, issuer_email="other@academy.example.org")
    assert campus.credential(campus.issue(2))["issuer"]["id"] == issuer
    store.connections.remove(NAME)
    connect_campus(store)
    again = campus.issue(1)
    assert (again.id, again.existed) == (badge.id, True)


def test_private_keys_are_sealed_and_in_no_repr(store: Store) -> None:
    campus = connect_campus(store)
    campus.issue(1)
    adapter = campus.bare()
    records: Any = adapter.context.records
    ring = json.loads(records.get("keys", ["ring"])["ring"].value)
    key = ring["keys"][0]["seed"]
    assert ring["secret"] not in repr(adapter._issuer.keys()) + repr(adapter.context) + repr(adapter)
    assert key not in repr(adapter._issuer.keys().keys)
    if store.database.embedded:
        with sqlite3.connect(str(store.database.url.database)) as raw:
            dump = "\n".join(raw.iterdump())
        assert key not in dump
        assert "PRIVATE KEY" not in dump
        assert "learners.example.org" not in dump


def test_trouble_with_the_database_is_temporary(store: Store) -> None:
    campus = connect_campus(store)
    adapter = campus.bare()

    class Broken:
        def __getattr__(self, name: str) -> Any:
            def fail(*_: Any, **__: Any) -> Any:
                raise OSError("a secret detail")

            return fail

    object.__setattr__(adapter._issuer._context, "records", Broken())
    with pytest.raises(TemporaryError) as caught:
        adapter.issue([award(1)])
    assert caught.value.may_have_acted
    assert "secret" not in str(caught.value)
    for call in (lambda: adapter.find(award(1)), lambda: list(adapter.templates()), lambda: adapter.revoke("x", "y")):
        with pytest.raises(TemporaryError):
            call()


def test_rotated_keys_leave_old_badges_good(store: Store) -> None:
    campus = connect_campus(store, did="web")
    before = campus.issue(1)
    assert "key 2 signs" in campus.adapter().rotate_key()
    after = campus.issue(2)
    methods = [campus.credential(badge)["proof"]["verificationMethod"] for badge in (before, after)]
    did = "did:web:badges.example.org:public:campus"
    assert methods == [f"{did}#key-1", f"{did}#key-2"]
    document = campus.document(f"{URL}/did.json")
    assert set(methods) <= set(document["assertionMethod"])
    for badge in (before, after):
        assert b"Valid: signed" in campus.get(str(badge.url), "text/html").data


def test_without_pyld_the_message_names_the_extra(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyld", None)
    store.public_url = PUBLIC
    with pytest.raises(ConfigurationError, match=r"badgerelay\[openbadges\]"):
        connect(store, Declared("openbadges", NAME, {"issuer_name": "Example Academy"}))


def test_it_ships_its_contexts_and_pages() -> None:
    from badgerelay.adapters import openbadges

    folder = Path(openbadges.__file__).parent
    assert {file.name for file in (folder / "contexts").glob("*.json")} == {
        "credentials-v2.json",
        "open-badges-3.0.3.json",
        "open-badges-extensions.json",
    }
    assert (folder / "pages" / "badge.html").is_file()
