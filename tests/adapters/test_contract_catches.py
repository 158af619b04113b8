"""The contract's tests fail for adapters that break it: each class breaks one rule, and one test catches it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from badgerelay.adapters import (
    AdapterError,
    AmbiguousError,
    Award,
    BadgeTemplate,
    IssuedBadge,
    ListedBadge,
    Outcome,
    RejectedError,
    TemporaryError,
)
from badgerelay.adapters.contract import AdapterContract, over_sandbox
from badgerelay.adapters.example.adapter import ExampleAdapter

Example = ExampleAdapter


class ForgetsDoubt(Example):
    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        try:
            return super().issue(awards)
        except AmbiguousError as error:
            raise TemporaryError("later") from error


class SendsAgain(Example):
    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        try:
            return super().issue(awards)
        except (AmbiguousError, TemporaryError):
            return super().issue(awards)


class FindsNothing(Example):
    def find(self, award: Award) -> IssuedBadge | None:
        return None


class FindsRevoked(Example):
    def find(self, award: Award) -> IssuedBadge | None:
        for item in self._client.pages("/v1/badges", {"learner": award.recipient.earner_id}):
            return IssuedBadge(item["id"], item["template"], "pending")
        return None


class TakesFailureForAbsence(Example):
    def find(self, award: Award) -> IssuedBadge | None:
        try:
            return super().find(award)
        except AdapterError:
            return None


class Trips(Example):
    def templates(self) -> Iterator[BadgeTemplate]:
        for item in self._client.ask("/v1/templates")["items"]:
            yield BadgeTemplate(item["id"], item["name"], "active" if item["active"] else "archived")


class ReadsOnePage(Example):
    def badges(self, template_id: str | None = None) -> Iterator[ListedBadge]:
        for item in self._client.ask("/v1/badges").get("items", []):
            yield ListedBadge(item["id"], item["template"], "pending", item["learner"])


class StopsShort(Example):
    def templates(self) -> Iterator[BadgeTemplate]:
        try:
            yield from super().templates()
        except TemporaryError:
            return


class RejectsAll(Example):
    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        outcomes = super().issue(awards)
        bad = next((each for each in outcomes if isinstance(each, RejectedError)), None)
        return [bad] * len(awards) if bad else outcomes


class Swaps(Example):
    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        return super().issue(awards)[::-1]


class IsNew(Example):
    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        return [
            IssuedBadge(each.id, each.template_id, each.state) if isinstance(each, IssuedBadge) else each
            for each in super().issue(awards)
        ]


class Chats(Example):
    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        logging.getLogger("thirdparty").debug("issuing to %s", awards[0].recipient.email)
        return super().issue(awards)


class Brags(Example):
    def __repr__(self) -> str:
        return f"Brags({self.settings})"


class Impolite(Example):
    def __init__(self, settings: Any, context: Any) -> None:
        super().__init__(settings, context)
        self._client._transport._pace = lambda: None


class NeverRevokes(Example):
    def revoke(self, badge_id: str, reason: str) -> IssuedBadge:
        return IssuedBadge(badge_id, "t-1", "revoked")


class Declares(Example):
    capabilities = type(Example.capabilities)(max_batch=60, can_look_up=True, can_revoke=True, can_list=True)


CAUGHT: list[tuple[type[Example], str, tuple[Any, ...]]] = [
    (ForgetsDoubt, "test_a_lost_answer_leaves_doubt_and_one_badge", ("lost",)),
    (ForgetsDoubt, "test_a_lost_answer_to_a_batch_leaves_doubt_about_each", ()),
    (ForgetsDoubt, "test_a_silent_provider_times_out_and_leaves_doubt", ()),
    (SendsAgain, "test_a_lost_answer_leaves_doubt_and_one_badge", ("500after",)),
    (FindsNothing, "test_the_life_of_a_badge", ()),
    (FindsNothing, "test_several_threads_issue_through_one_adapter", ()),
    (FindsRevoked, "test_a_revoked_badge_is_not_found", ()),
    (TakesFailureForAbsence, "test_a_failed_look_up_does_not_say_that_no_badge_exists", ()),
    (Trips, "test_a_failed_question_raises_an_adapter_error", ("garbled=1",)),
    (ReadsOnePage, "test_each_issued_badge_is_listed_once_with_its_learner", ()),
    (ReadsOnePage, "test_a_list_of_one_template_has_no_other_badges", ()),
    (StopsShort, "test_an_incomplete_list_of_templates_raises", ()),
    (RejectsAll, "test_one_wrong_award_does_not_affect_its_batch", ()),
    (Swaps, "test_several_learners_get_a_badge_each_in_order", ()),
    (IsNew, "test_the_same_award_again_is_the_same_badge", ()),
    (Chats, "test_neither_errors_nor_logs_contain_a_secret_or_an_address", ("caplog",)),
    (Brags, "test_neither_errors_nor_logs_contain_a_secret_or_an_address", ("caplog",)),
    (Impolite, "test_over_the_rate_limit_nothing_is_sent", ()),
    (Impolite, "test_each_request_is_paced", ()),
    (NeverRevokes, "test_a_revoked_badge_is_not_found", ()),
    (Declares, "test_max_batch_awards_can_be_issued_at_once", ()),
]


@pytest.mark.parametrize(("broken", "name", "arguments"), CAUGHT, ids=lambda value: getattr(value, "__name__", None))
def test_a_broken_adapter_fails(
    broken: type[Example], name: str, arguments: tuple[Any, ...], request: pytest.FixtureRequest
) -> None:
    given = [request.getfixturevalue(each) if each == "caplog" else each for each in arguments]
    test: Callable[..., None] = getattr(AdapterContract(), name)
    with over_sandbox(Example, {"page_size": "2"}) as whole:
        test(whole, *given)
    if "caplog" in arguments:
        request.getfixturevalue("caplog").clear()
    with over_sandbox(broken, {"page_size": "2"}) as provider, pytest.raises((AssertionError, KeyError, TypeError)):
        test(provider, *given)
