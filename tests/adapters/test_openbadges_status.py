"""Revocation: the badge, the bit, and the published list."""

from __future__ import annotations

import base64
import gzip
import threading
from typing import Any

import pytest

from badgerelay.adapters import IssuedBadge, RejectedError
from badgerelay.adapters.openbadges.status import BLOCK, LENGTH, Position, encoded
from badgerelay.plugin.store import Store

from .issuers import URL, Campus, award, connect_campus


@pytest.fixture
def campus(store: Store) -> Campus:
    return connect_campus(store, did="web")


def bits_of(status_list: dict[str, Any]) -> list[int]:
    """The indices that are set, read as the specification says."""
    text = status_list["credentialSubject"]["encodedList"]
    assert text.startswith("u")
    data = gzip.decompress(base64.urlsafe_b64decode(text[1:] + "=" * (-len(text[1:]) % 4)))
    assert len(data) * 8 == LENGTH >= 131_072
    return [8 * index + bit for index, byte in enumerate(data) for bit in range(8) if byte & (0x80 >> bit)]


def test_a_revoked_badge_has_its_bit_in_the_list(campus: Campus) -> None:
    first, second = campus.issue(1), campus.issue(2)
    before = campus.list_of(campus.credential(first))
    assert bits_of(before) == []
    assert campus.adapter().revoke(second.id, "cheated").state == "revoked"
    after = campus.list_of(campus.credential(first))
    entry = campus.credential(second)["credentialStatus"]
    assert bits_of(after) == [int(entry["statusListIndex"])]
    assert entry["id"] == f"{entry['statusListCredential']}#{entry['statusListIndex']}"
    assert after["issuer"] == campus.credential(first)["issuer"]["id"]


def test_to_revoke_again_changes_nothing(campus: Campus) -> None:
    badge = campus.issue(1)
    campus.adapter().revoke(badge.id, "cheated")
    again = campus.adapter().revoke(badge.id, "another reason")
    assert (again.state, again.existed) == ("revoked", True)


def test_a_revoked_badge_is_not_found_and_can_be_earned_again(campus: Campus) -> None:
    badge = campus.issue(1)
    campus.adapter().revoke(badge.id, "a mistake")
    assert campus.adapter().find(award(1)) is None
    again = campus.issue(1)
    assert (again.state, again.existed) == ("accepted", False)
    assert again.id != badge.id
    assert campus.issue(1).id == again.id
    assert {each.state for each in campus.adapter().badges()} == {"accepted", "revoked"}


@pytest.mark.parametrize("badge_id", ["", "nothing", "x" * 300])
def test_an_unknown_badge_cannot_be_revoked(campus: Campus, badge_id: str) -> None:
    with pytest.raises(RejectedError) as caught:
        campus.adapter().revoke(badge_id, "why not")
    assert caught.value.code == "not_found"


def test_many_revocations_at_once_all_count(campus: Campus) -> None:
    made = [each for each in campus.adapter().issue([award(n) for n in range(8)]) if isinstance(each, IssuedBadge)]
    threads = [threading.Thread(target=lambda each=each: campus.adapter().revoke(each.id, "x")) for each in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bits_of(campus.list_of(campus.credential(made[0]))) == list(range(8))


def test_a_list_is_signed_again_only_when_it_changes(campus: Campus) -> None:
    first, second = campus.issue(1), campus.issue(2)
    credential = campus.credential(first)
    url = credential["credentialStatus"]["statusListCredential"]
    one = campus.get(url)
    assert campus.get(url, **{"If-None-Match": one.headers["ETag"]}).status_code == 304
    campus.adapter().revoke(second.id, "x")
    assert campus.get(url, **{"If-None-Match": one.headers["ETag"]}).status_code == 200


def test_a_rotated_did_key_signs_a_list_of_its_own(store: Store) -> None:
    campus = connect_campus(store)
    before = campus.credential(campus.issue(1))
    campus.adapter().rotate_key()
    after = campus.credential(campus.issue(2))
    assert before["issuer"]["id"] != after["issuer"]["id"]
    for credential in (before, after):
        status_list = campus.list_of(credential)
        assert status_list["issuer"] == credential["issuer"]["id"]
        assert status_list["proof"]["verificationMethod"] == credential["proof"]["verificationMethod"]


def test_the_millionth_and_first_badge_begins_a_new_list(campus: Campus) -> None:
    records: Any = campus.adapter().context.records
    records.take("positions-w", LENGTH - 1)
    last, first = campus.credential(campus.issue(1)), campus.credential(campus.issue(2))
    assert last["credentialStatus"]["id"] == f"{URL}/status/w-0#{LENGTH - 1}"
    assert first["credentialStatus"]["id"] == f"{URL}/status/w-1#0"
    for badge in campus.adapter().badges():
        campus.adapter().revoke(badge.id, "x")
    assert bits_of(campus.list_of(last)) == [LENGTH - 1]
    assert bits_of(campus.list_of(first)) == [0]


def test_positions_are_read_as_they_were_written() -> None:
    position = Position.of("w", 3 * LENGTH + 7)
    assert (str(position), Position.read(str(position))) == ("w-3/7", position)


def test_the_same_bits_are_the_same_text() -> None:
    assert encoded(bytes(BLOCK)) == encoded(bytes(BLOCK))
