from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badgerelay.plugin.sources.alm.webhook.decoder import (
    COMPLETED,
    KNOWN,
    DeliveredEvent,
    Delivery,
    NotJsonError,
    decode,
)
from badgerelay.plugin.sources.alm.webhook.lenient_json import UNSTORABLE

GOOD: dict[str, Any] = {
    "eventId": "4b0f6c1e-2a57-4d0e-9d2b-0c7a9f1e5d31",
    "eventName": "COURSE_COMPLETED",
    "timestamp": "2026-08-24T09:17:42.000Z",
    "eventInfo": "1787563061000-051207-88213-0",
    "data": {
        "userId": 15300721,
        "loId": "course:8801234",
        "loInstanceId": "course:8801234_17700456",
        "loType": "course",
        "enrollmentSource": "SELF_ENROLL",
        "dateCompleted": "2026-08-24T09:17:00.000Z",
        "hasPassed": True,
    },
}


def envelope(*events: str) -> bytes:
    return f'{{"accountId":70412,"events":[{",".join(events)}]}}'.encode("utf-8", "surrogateescape")


def event(**changes: Any) -> dict[str, Any]:
    return {**GOOD, **changes}


def with_data(**changes: Any) -> dict[str, Any]:
    return event(data={**GOOD["data"], **changes})


def one(value: Any) -> DeliveredEvent:
    (found,) = decode(envelope(json.dumps(value))).events
    return found


def test_a_completion_is_read_in_full() -> None:
    delivery = decode(envelope(json.dumps(GOOD)))
    assert delivery.account_id == "70412"
    (found,) = delivery.events
    assert json.loads(found.raw) == GOOD
    assert (found.event_id, found.name, found.problem) == (GOOD["eventId"], "COURSE_COMPLETED", None)
    assert found.occurred_at == datetime(2026, 8, 24, 9, 17, 42, tzinfo=UTC)
    assert found.completed_at == datetime(2026, 8, 24, 9, 17, tzinfo=UTC)
    assert (found.user_id, found.lo_id) == ("15300721", "course:8801234")
    assert (found.lo_instance_id, found.lo_type, found.passed) == ("course:8801234_17700456", "course", True)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_each_published_event_is_read_without_a_problem(name: str, payloads: Path) -> None:
    body = (payloads / f"{name.lower().replace(':', '_')}.json").read_bytes()
    (found,) = decode(body).events
    assert (found.name, found.problem) == (name, None)
    if name in COMPLETED:
        assert found.user_id
        assert found.lo_id
        assert found.lo_type
        assert found.completed_at


def test_there_are_31_published_names() -> None:
    assert len(KNOWN) == 15 + 12 + 4
    assert COMPLETED < KNOWN


@pytest.mark.parametrize(
    "body",
    [b"", b" \r\n\t ", b"{}", b'{"accountId":70412}', b'{"test":true}', b"[]", b"null", b'"ping"', b"\xef\xbb\xbf{}"],
)
def test_a_body_without_events_is_an_empty_delivery(body: bytes) -> None:
    assert decode(body).events == ()


@pytest.mark.parametrize(
    "body", [b"{", b"accountId=1", b'{"a":1}}', b"\xff\xfe{}", b"\x00", b"<html>", b'{"events":[}', b"nul"]
)
def test_what_is_no_json_is_refused_with_a_sentence(body: bytes) -> None:
    with pytest.raises(NotJsonError, match="not JSON"):
        decode(body)


@pytest.mark.parametrize("opening", [b"[", b'{"events":[', b'{"a":'])
def test_bottomless_nesting_is_refused_with_a_sentence(opening: bytes) -> None:
    with pytest.raises(NotJsonError, match="nested too deep"):
        decode(opening * 200_000)


def test_an_event_nested_deeper_than_100_levels_has_a_problem_of_its_own() -> None:
    deep = json.dumps(event(eventId="deep")).replace('"SELF_ENROLL"', "[" * 150 + "]" * 150)
    bad, good = decode(envelope(deep, json.dumps(GOOD))).events
    assert bad.problem is not None
    assert "deeper than 100" in bad.problem
    assert (bad.event_id, bad.user_id) == ("deep", "15300721")
    assert good.problem is None


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        ("2026-08-24T10:02:10.000Z", datetime(2026, 8, 24, 10, 2, 10, tzinfo=UTC)),
        ("2026-08-24T10:02:10Z", datetime(2026, 8, 24, 10, 2, 10, tzinfo=UTC)),
        ("2026-08-24T12:02:10+02:00", datetime(2026, 8, 24, 10, 2, 10, tzinfo=UTC)),
        ("2026-08-24T15:32:10.500+0530", datetime(2026, 8, 24, 10, 2, 10, 500000, tzinfo=UTC)),
        ("2026-08-24T10:02:10", datetime(2026, 8, 24, 10, 2, 10, tzinfo=UTC)),
        (1787565730000, datetime(2026, 8, 24, 10, 2, 10, tzinfo=UTC)),
        (1787565730, datetime(2026, 8, 24, 10, 2, 10, tzinfo=UTC)),
        (1787565730.5, datetime(2026, 8, 24, 10, 2, 10, 500000, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_each_published_shape_of_a_moment_is_read(timestamp: Any, expected: datetime) -> None:
    found = one(event(timestamp=timestamp, data={**GOOD["data"], "dateCompleted": timestamp}))
    assert (found.occurred_at, found.completed_at, found.problem) == (expected, expected, None)
    assert found.occurred_at is not None
    assert found.occurred_at.tzinfo is UTC


@pytest.mark.parametrize(
    "moment",
    [
        "0000-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "2101-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "2026-02-30T00:00:00Z",
        "yesterday at ten",
        "2026-08-24",
        "",
        -1,
        1e20,
        10**60,
        True,
        [],
        {},
    ],
)
def test_an_impossible_moment_is_a_problem_of_its_event_alone(moment: Any) -> None:
    found = one(with_data(dateCompleted=moment))
    assert found.completed_at is None
    assert found.problem is not None
    assert '"data.dateCompleted"' in found.problem
    assert (found.user_id, found.occurred_at is not None) == ("15300721", True)
    undated = with_data(dateCompleted=None) | {"timestamp": moment}
    assert '"timestamp"' in (one(undated).problem or "")
    dated = one(event(timestamp=moment))
    assert (dated.problem, dated.occurred_at) == (None, None)
    assert dated.completed_at is not None


def test_the_legacy_shape_mixes_milliseconds_and_seconds(payloads: Path) -> None:
    (found,) = decode((payloads / "legacy_timestamps.json").read_bytes()).events
    assert found.problem is None
    assert found.occurred_at == datetime(2026, 8, 24, 10, 2, 10, tzinfo=UTC)
    assert found.completed_at == datetime(2026, 8, 24, 10, 2, tzinfo=UTC)


@pytest.mark.parametrize("spelling", ["learningProgram", "learning_program"])
def test_both_spellings_of_a_learning_path_are_one(spelling: str) -> None:
    found = one(with_data(loType=spelling, loId=f"{spelling}:164501", loInstanceId=f"{spelling}:164501_152277"))
    assert (found.lo_type, found.lo_id) == ("learning_path", "learningProgram:164501")
    assert found.lo_instance_id == "learningProgram:164501_152277"


def test_a_missing_type_is_read_from_the_id_and_a_missing_id_from_the_instance() -> None:
    data = {"userId": "15300721", "loInstanceId": "certification:171020_190311"}
    found = one({"eventId": "1", "eventName": "CERTIFICATION_COMPLETED", "data": data})
    assert (found.lo_id, found.lo_type, found.passed) == ("certification:171020", "certification", None)
    assert (found.problem, found.occurred_at, found.completed_at) == (None, None, None)


def test_numbers_and_texts_are_the_same_id() -> None:
    assert one(with_data(userId=15300721)).user_id == one(with_data(userId=" 15300721 ")).user_id == "15300721"
    assert decode(b'{"accountId":"70412"}') == decode(b'{"accountId":70412}') == Delivery("70412", ())


def test_an_unknown_name_and_unknown_fields_are_no_problem() -> None:
    found = one(event(eventName="BADGE_POLISHED", novel={"a": [1, None]}))
    assert (found.name, found.problem) == ("BADGE_POLISHED", None)


def test_an_event_without_id_gets_one_that_is_the_same_next_time() -> None:
    bare = {key: value for key, value in GOOD.items() if key != "eventId"}
    found = one(bare)
    assert found.event_id.startswith("sha256:")
    assert found.problem is None
    assert one(dict(reversed(bare.items()))).event_id == found.event_id
    assert one({**bare, "timestamp": 1}).event_id != found.event_id


def test_a_long_event_id_is_kept_as_its_digest() -> None:
    found = one(event(eventId="x" * 256))
    assert found.event_id.startswith("sha256:")
    assert found.problem == '"eventId" is longer than 255 characters'
    assert one(event(eventId="x" * 255)).event_id == "x" * 255


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (event(eventId=True), '"eventId"'),
        (event(eventId=[1]), '"eventId"'),
        (event(eventId=1.5), '"eventId"'),
        (event(eventName=5), '"eventName"'),
        (event(eventName="N" * 300), '"eventName"'),
        (event(data=[1]), '"data" is not an object'),
        (with_data(userId=True), '"data.userId"'),
        (with_data(userId=[15300721]), '"data.userId"'),
        (with_data(userId=15300721.0), '"data.userId"'),
        (with_data(userId="9" * 256), "longer than 255"),
        (with_data(userId=None), '"data.userId" is missing'),
        (with_data(loId=None, loInstanceId=None), '"data.loId" is missing'),
        (with_data(loId={}), '"data.loId"'),
        (with_data(loInstanceId=False), '"data.loInstanceId"'),
        (with_data(loType=3), '"data.loType"'),
        (with_data(hasPassed="yes"), '"data.hasPassed"'),
        (with_data(userId="1\x002"), "NUL"),
        (with_data(note="\ud800"), '"data.note" has a NUL character or is not valid Unicode'),
        (event(eventId="a\x00"), "NUL"),
        (event(extra={"a\x00": 1}), "NUL"),
        (7, "not an object"),
        (None, "not an object"),
        ([], "not an object"),
    ],
)
def test_an_invalid_event_names_its_problem_and_its_neighbours_are_intact(value: Any, words: str) -> None:
    before, bad, after = decode(envelope(json.dumps(GOOD), json.dumps(value), json.dumps(GOOD))).events
    assert bad.problem is not None
    assert words in bad.problem
    assert before == after == one(GOOD)
    assert_storable(bad)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('"score": NaN', "NaN"),
        ('"score": Infinity', '"data.score"'),
        ('"score": -Infinity', '"data.score"'),
        ('"score": 1e999', '"data.score"'),
        (f'"score": {"9" * 5000}', '"data.score"'),
        ('"userId": 15300722', '"data.userId" is repeated'),
        ('"more": {"a": 1, "a": 1}', '"data.more.a" is repeated'),
        ('"note": "\udcff\udc80"', '"data.note"'),
        ('"note": "\\u0000"', "NUL"),
        ('"note": "a\x00b"', "NUL"),
    ],
)
def test_what_json_dumps_cannot_write_is_a_problem_of_its_event_alone(written: str, words: str) -> None:
    bad_text = json.dumps(event(eventId="bad"))[:-2] + f", {written}}}}}"
    bad, good = decode(envelope(bad_text, json.dumps(GOOD))).events
    assert bad.problem is not None
    assert words in bad.problem
    assert bad.event_id == "bad"
    assert good == one(GOOD)
    assert_storable(bad)


def test_an_escaped_backslash_before_u_is_no_problem() -> None:
    assert one(with_data(note="\\ud800 and \\u0000 as text, 😀 and é")).problem is None


def test_events_that_are_no_list_become_one_event_with_a_problem() -> None:
    (found,) = decode(b'{"accountId":70412,"events":{"eventId":"1"}}').events
    assert found.problem == '"events" is not a list'
    assert found.event_id.startswith("sha256:")
    assert json.loads(found.raw)["events"] == {"eventId": "1"}


def test_events_that_are_there_twice_are_all_read_and_reported() -> None:
    text = json.dumps(GOOD)
    delivery = decode(f'{{"accountId":70412,"events":[{text}],"events":[{text}]}}'.encode())
    assert [found.problem for found in delivery.events] == [
        None,
        None,
        '"events" of the delivery is repeated',
    ]


def test_an_invalid_account_id_is_reported_beside_the_events() -> None:
    delivery = decode(b'{"accountId":true,"events":[' + json.dumps(GOOD).encode() + b"]}")
    assert delivery.account_id == ""
    assert [found.problem for found in delivery.events] == [None, '"accountId" is neither a text nor a whole number']


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_delivery_or_not_json(body: bytes) -> None:
    with contextlib.suppress(NotJsonError):
        assert_storable(*decode(body).events)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4)
)
FIELDS = ("eventId", "eventName", "timestamp", "data", "eventInfo")
DATA_FIELDS = ("userId", "loId", "loInstanceId", "loType", "dateCompleted", "hasPassed")
HOSTILE = VALUES | st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(FIELDS, VALUES),
        "data": VALUES | st.fixed_dictionaries({}, optional=dict.fromkeys(DATA_FIELDS, VALUES)),
    },
)


@settings(deadline=None)
@given(st.lists(st.just(GOOD), max_size=4), HOSTILE, st.integers(0, 4), st.booleans())
def test_no_neighbour_takes_good_events_down(good: list[Any], hostile: Any, position: int, ascii_only: bool) -> None:
    texts = [json.dumps(item) for item in good]
    texts.insert(position, json.dumps(hostile, ensure_ascii=ascii_only))
    body = f'{{"accountId":70412,"events":[{",".join(texts)}]}}'.encode("utf-8", "surrogatepass")
    events = list(decode(body).events)
    assert len(events) == len(texts)
    bad = events.pop(min(position, len(good)))
    assert events == [one(GOOD)] * len(good)
    assert_storable(bad)


def assert_storable(*events: DeliveredEvent) -> None:
    for found in events:
        for text in (found.event_id, found.name, found.user_id, found.lo_id, found.lo_instance_id, found.problem):
            assert text is None or not UNSTORABLE.search(text)
        assert found.raw.isascii()
        assert "\x00" not in found.raw
        json.loads(found.raw)
        assert 0 < len(found.event_id) <= 255
        assert all(len(text or "") <= 255 for text in (found.name, found.user_id, found.lo_id, found.lo_instance_id))
