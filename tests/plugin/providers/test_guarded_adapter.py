"""An adapter that raises, lies or never returns: contained, named, and no trouble of anybody else's."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from marshmallow import Schema

from badgerelay.adapters import (
    Account,
    Adapter,
    AdapterError,
    Award,
    BadgeTemplate,
    Capabilities,
    Context,
    IssuedBadge,
    ListedBadge,
    Recipient,
    RejectedError,
    TemplateDraft,
    TemporaryError,
)
from badgerelay.adapters.http.settings_fields import MAX_READ_SECONDS
from badgerelay.adapters.http.transport import CONNECT_SECONDS
from badgerelay.plugin.providers import timeouts as bounding
from badgerelay.plugin.providers.guarded_adapter import BrokenAdapterError, Contained
from badgerelay.plugin.providers.timeouts import MAX_HANGING, HangingError, watched
from badgerelay.plugin.store import StoreUnavailableError

ROSA = "rosa@example.org"
GOOD = IssuedBadge("b-1", "t", "pending")


def award(number: int = 1) -> Award:
    person = Recipient(ROSA, "Rosa", "Ruiz", f"lms:{number}")
    return Award(str(number), "t", person, datetime(2026, 3, 2, tzinfo=UTC))


class Doing(Adapter):
    """Every verb does the same: what the test wants."""

    name = "doing"
    capabilities = Capabilities(max_batch=5)
    settings_schema = Schema
    pace: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, deed: Callable[..., Any]) -> None:
        super().__init__({}, Context("bin", None, None, None))  # type: ignore[arg-type]  # it needs none of them
        verbs = ("check", "templates", "issue", "find", "badges", "revoke", "replace", "share_links", "close")
        for verb in (*verbs, "make_template", "rotate_key"):
            setattr(self, verb, deed)

    check = templates = issue = lambda self, *_: None  # type: ignore[assignment]  # so that it is not abstract


VERBS: list[Callable[[Adapter], Any]] = [
    lambda adapter: adapter.check(),
    lambda adapter: list(adapter.templates()),
    lambda adapter: adapter.issue([award()]),
    lambda adapter: adapter.find(award()),
    lambda adapter: list(adapter.badges()),
    lambda adapter: adapter.revoke("b-1", "why"),
    lambda adapter: adapter.replace("b-1", award()),
    lambda adapter: adapter.share_links("b-1"),
    lambda adapter: adapter.make_template(TemplateDraft("t", "T", "D", "C")),
    lambda adapter: adapter.rotate_key(),
]


@pytest.mark.parametrize(
    "error", [KeyError(ROSA), SystemExit(ROSA), KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError(ROSA)]
)
def test_whatever_it_raises_names_the_adapter_and_tells_nothing_else(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def deed(*_: Any) -> None:
        raise error

    for verb in VERBS:
        with pytest.raises(
            BrokenAdapterError, match=f"the adapter doing failed with {type(error).__name__}"
        ) as raised:
            verb(Contained(Doing(deed)))
        assert ROSA not in str(raised.value)
    Contained(Doing(deed)).close()
    assert caplog.text.count("the adapter doing broke its contract") == len(VERBS) + 1
    assert ROSA not in caplog.text


@pytest.mark.parametrize("error", [TemporaryError("later", retry_after=3.0), RejectedError("no", "no")])
def test_what_an_adapter_may_raise_comes_as_it_is(error: AdapterError) -> None:
    def deed(*_: Any) -> None:
        raise error

    for verb in VERBS:
        with pytest.raises(type(error)) as raised:
            verb(Contained(Doing(deed)))
        assert raised.value is error


def test_who_interrupts_the_waiting_stops_waiting_and_accuses_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Contained(Doing(lambda *_: time.sleep(1))).check()


@pytest.mark.parametrize("verb", ["find", "issue"])
def test_a_revoked_badge_is_no_awards(verb: str) -> None:
    revoked = replace(GOOD, state="revoked", existed=True)
    adapter = Contained(Doing(lambda *_: revoked if verb == "find" else [revoked]))
    if verb == "issue":
        (outcome,) = adapter.issue([award()])
        assert isinstance(outcome, BrokenAdapterError)
        return
    with pytest.raises(BrokenAdapterError, match="a revoked badge"):
        adapter.find(award())


class BareError(TemporaryError):
    def __init__(self) -> None:
        """Without what its base class keeps."""


@pytest.mark.parametrize(
    "error",
    [
        TemporaryError("later", retry_after="30"),  # type: ignore[arg-type]
        TemporaryError("later", retry_after=float("nan")),
        TemporaryError("later", retry_after=-1.0),
        RejectedError(422, "no"),  # type: ignore[arg-type]
        BareError(),
    ],
)
def test_an_error_that_cannot_be_reckoned_with_is_the_adapters_fault(error: AdapterError) -> None:
    def deed(*_: Any) -> None:
        raise error

    for verb in VERBS:
        with pytest.raises(BrokenAdapterError, match="the adapter doing failed with TypeError"):
            verb(Contained(Doing(deed)))
    first, second = Contained(Doing(lambda *_: [error, GOOD])).issue([award(1), award(2)])
    assert isinstance(first, BrokenAdapterError)
    assert second is GOOD


def test_a_database_that_is_away_is_not_the_adapters_fault() -> None:
    def deed(*_: Any) -> None:
        raise StoreUnavailableError("away")

    with pytest.raises(StoreUnavailableError):
        Contained(Doing(deed)).issue([award()])


@pytest.mark.parametrize(
    "given",
    [None, 7, ROSA, [], [None], [None, None], [ROSA], [7], object(), {"a": 1}, iter([GOOD, GOOD])],
)
def test_whatever_it_gives_is_no_outcome_or_one(given: Any) -> None:
    for verb in VERBS:
        try:
            found = verb(Contained(Doing(lambda *_: given)))
        except BrokenAdapterError as error:
            assert ROSA not in str(error)  # noqa: PT017 (some of what is given is right for some verbs)
        else:
            wrong = found if isinstance(found, list) else []
            assert found is None or all(isinstance(each, BrokenAdapterError) for each in wrong)


@pytest.mark.parametrize(
    "badge",
    [
        IssuedBadge("", "t", "pending"),
        IssuedBadge("x" * 256, "t", "pending"),
        IssuedBadge("b\0", "t", "pending"),
        IssuedBadge(7, "t", "pending"),  # type: ignore[arg-type]
        IssuedBadge("b", "another", "pending"),
        IssuedBadge("b", "t", "flying"),  # type: ignore[arg-type]
        IssuedBadge("b", "t", "pending", 7),  # type: ignore[arg-type]
    ],
)
def test_a_badge_that_cannot_be_kept_harms_its_own_award_alone(badge: IssuedBadge) -> None:
    first, second = Contained(Doing(lambda *_: [badge, GOOD])).issue([award(1), award(2)])
    assert isinstance(first, BrokenAdapterError)
    assert second is GOOD


def test_one_badge_for_two_awards_is_nobodys() -> None:
    others = IssuedBadge("b-2", "t", "pending")
    outcomes = Contained(Doing(lambda *_: [GOOD, others, GOOD])).issue([award(1), award(2), award(3)])
    assert [type(each) for each in outcomes] == [BrokenAdapterError, IssuedBadge, BrokenAdapterError]


def test_two_learners_may_share_a_badge_that_was_there() -> None:
    there = IssuedBadge("b-1", "t", "accepted", existed=True)
    assert Contained(Doing(lambda *_: [there, there])).issue([award(1), award(2)]) == [there, there]


def test_too_few_outcomes_are_none() -> None:
    with pytest.raises(BrokenAdapterError, match="1 outcomes for 2 awards"):
        Contained(Doing(lambda *_: [GOOD])).issue([award(1), award(2)])


def test_revoking_another_badge_is_no_success() -> None:
    with pytest.raises(BrokenAdapterError, match="another badge"):
        Contained(Doing(lambda *_: IssuedBadge("b-2", "t", "revoked"))).revoke("b-1", "why")


def test_lists_come_whole_and_end_where_they_break() -> None:
    def templates(*_: Any) -> Iterator[BadgeTemplate]:
        for number in range(120):
            yield BadgeTemplate(str(number), "T", "active")

    def badges(*_: Any) -> Iterator[ListedBadge]:
        yield ListedBadge("b", "t", "pending")
        raise ValueError(ROSA)

    assert len(list(Contained(Doing(templates)).templates())) == 120
    with pytest.raises(BrokenAdapterError, match="ValueError"):
        list(Contained(Doing(badges)).badges())


@pytest.mark.parametrize(
    "template",
    [
        BadgeTemplate("t\0", "T", "active"),
        BadgeTemplate("t", "T\0", "active"),
        BadgeTemplate("t", "T\ud800", "active"),
        BadgeTemplate("t", "T", "active", image_url=7),  # type: ignore[arg-type]
        BadgeTemplate("t", "T", "active", url="https://example.org/\0"),
        BadgeTemplate("t", "T", "flying"),  # type: ignore[arg-type]
    ],
)
def test_a_template_that_cannot_be_kept_is_none(template: BadgeTemplate) -> None:
    with pytest.raises(BrokenAdapterError, match="templates"):
        list(Contained(Doing(lambda *_: [template])).templates())


def test_checks_give_what_the_adapter_gave() -> None:
    account = Account("a", "A")
    assert Contained(Doing(lambda *_: account)).check() is account


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Silence is given up soon; the event lets those that hang end."""
    monkeypatch.setattr(bounding, "SILENT_SECONDS", 0.2)
    end = threading.Event()
    yield end
    end.set()


def test_one_that_never_returns_is_given_up_and_after_many_not_called(
    impatient: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []

    def deed(*_: Any) -> None:
        calls.append(1)
        impatient.wait()

    adapter = Contained(Doing(deed))
    for _ in range(MAX_HANGING):
        with pytest.raises(HangingError, match="the adapter doing has not returned"):
            adapter.issue([award()])
    with pytest.raises(TemporaryError, match=f"{MAX_HANGING} calls of the adapter doing hang") as raised:
        adapter.issue([award()])
    assert raised.value.retry_after
    assert len(calls) == MAX_HANGING
    assert "the adapter doing of connection bin has not returned in time" in caplog.text
    impatient.set()


def test_one_that_never_closes_is_left_alone(impatient: threading.Event, caplog: pytest.LogCaptureFixture) -> None:
    Contained(Doing(lambda *_: impatient.wait())).close()
    assert "the adapter doing of connection bin has not returned in time" in caplog.text


def test_a_silence_that_may_be_set_is_not_given_up() -> None:
    assert MAX_READ_SECONDS + CONNECT_SECONDS < bounding.SILENT_SECONDS


def test_one_that_was_given_up_sends_nothing_afterwards(impatient: threading.Event) -> None:
    sent: list[int] = []
    ended = threading.Event()
    pace = watched(lambda: None)

    def deed(*_: Any) -> list[IssuedBadge]:
        impatient.wait()
        try:
            pace()
            sent.append(1)
        finally:
            ended.set()
        return [GOOD]

    with pytest.raises(HangingError):
        Contained(Doing(deed)).issue([award()])
    impatient.set()
    assert ended.wait(10)
    assert not sent


def test_waiting_for_its_place_in_the_rate_is_no_silence(impatient: threading.Event) -> None:
    pace = watched(lambda: time.sleep(0.6))

    def deed(*_: Any) -> list[IssuedBadge]:
        pace()
        return [GOOD]

    assert Contained(Doing(deed)).issue([award()]) == [GOOD]
