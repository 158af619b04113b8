"""Issue awards in batches: build the items, post them, take out the refused ones, then post one by one."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from ..errors import (
    INVALID_TEMPLATE,
    AdapterError,
    AmbiguousError,
    ConfigurationError,
    OverBudgetError,
    RejectedError,
    TemporaryError,
)
from ..values import Award, IssuedBadge, Outcome
from .json_values import MalformedError
from .statuses import NotFoundError, RefusedError

ALREADY_ISSUED = "already_issued"
"""The code of a RejectedError: the recipient already has this badge."""

Item = dict[str, Any]
"""The JSON of one award in a request."""


class BatchIssuer(ABC):
    """Issuer of the awards of one ``issue`` call. A provider's subclass builds, posts and parses.

    A batch that is refused with named rows is sent again without them; one that is refused as a whole is sent one
    by one. After a failure nothing more is sent: the rest gets a TemporaryError.
    """

    provider: ClassVar[str]
    """The provider's name, for messages."""
    one_template: ClassVar[bool] = False
    """A batch contains awards of one badge template."""

    @abstractmethod
    def build(self, award: Award) -> Item | IssuedBadge:
        """Return the award's item, or its badge if the provider has it already.

        :raises RejectedError: the provider requires a value that the award does not have.
        :raises NotFoundError: the provider does not have the badge template.
        """

    @abstractmethod
    def post(self, awards: Sequence[Award], items: Sequence[Item]) -> Any:
        """Send the items in one request; return a list with one result per item.

        :raises RefusedError: the provider made none of them; its ``rows`` say which items are the reason.
        """

    @abstractmethod
    def parse(self, result: Any, award: Award) -> IssuedBadge | None:
        """Return the badge of one result, or None if it is not the award's.

        :raises MalformedError: the result is not a badge.
        :raises RejectedError: the provider refused this item of a batch.
        """

    @abstractmethod
    def existing(self, award: Award) -> Outcome:
        """Return the outcome for an award that the provider refuses as ``already_issued``."""

    def listed(self, award: Award, badge: IssuedBadge | None) -> IssuedBadge | None:
        """Return the live badge; None if the award's period allows a further one.

        :raises TemporaryError: the provider lists no badge, and the award has no period.
        """
        if badge is None and not award.period:
            raise not_listed(self.provider)
        return badge

    def run(self, awards: Sequence[Award]) -> list[Outcome]:
        """Return one outcome per award, in order. :raises AdapterError: it concerns all awards."""
        outcomes: dict[int, Outcome] = {}
        groups: dict[str, list[int]] = {}
        for index, award in enumerate(awards):
            groups.setdefault(award.template_id if self.one_template else "", []).append(index)
        try:
            for indexes in groups.values():
                self._send_group(awards, indexes, outcomes)
        except AdapterError as error:
            if not outcomes:
                raise
            missing = [index for index in range(len(awards)) if index not in outcomes]
            outcomes.update({index: copy.copy(error) for index in missing})
        return [outcomes[index] for index in range(len(awards))]

    def send_one(self, award: Award, item: Item) -> Outcome:
        """Post a single item. :raises RefusedError: the provider refuses it."""
        return self._send([award], [item])[0]

    def _send_group(self, awards: Sequence[Award], indexes: Sequence[int], outcomes: dict[int, Outcome]) -> None:
        """Fill in the outcomes of a group. A raised error concerns all awards that have no outcome yet."""
        try:
            items = self._build_items(awards, indexes, outcomes)
            self._send_one_by_one(awards, items, self._send_batches(awards, items, outcomes), outcomes)
        except NotFoundError:
            for index in indexes:
                outcomes.setdefault(index, self._unknown_template())
        except (ConfigurationError, OverBudgetError):
            raise
        except AdapterError as error:
            if len(indexes) == len(awards):
                raise
            for index in indexes:
                outcomes.setdefault(index, copy.copy(error))
            raise _not_sent(error) from error

    def _build_items(
        self, awards: Sequence[Award], indexes: Sequence[int], outcomes: dict[int, Outcome]
    ) -> dict[int, Item]:
        items: dict[int, Item] = {}
        for index in indexes:
            try:
                built = self.build(awards[index])
            except NotFoundError:
                raise
            except RejectedError as error:
                outcomes[index] = error
            else:
                if isinstance(built, IssuedBadge):
                    outcomes[index] = built
                else:
                    items[index] = built
        return items

    def _send_batches(
        self, awards: Sequence[Award], items: dict[int, Item], outcomes: dict[int, Outcome]
    ) -> list[int]:
        """Send the items together; return the awards to send one by one."""
        pending = list(items)
        while len(pending) > 1:
            try:
                sent = self._send([awards[index] for index in pending], [items[index] for index in pending])
            except RefusedError as refusal:
                bad = {pending[row]: error for row, error in refusal.rows.items() if 0 <= row < len(pending)}
                if not bad:
                    break
                pending = [index for index in pending if index not in bad]
                outcomes.update({index: self._refused(awards[index], error) for index, error in bad.items()})
            else:
                outcomes.update(zip(pending, sent, strict=True))
                return []
        return pending

    def _send_one_by_one(
        self, awards: Sequence[Award], items: dict[int, Item], pending: list[int], outcomes: dict[int, Outcome]
    ) -> None:
        for position, index in enumerate(pending):
            try:
                outcomes[index] = self.send_one(awards[index], items[index])
            except RefusedError as refusal:
                outcomes[index] = self._refused(awards[index], refusal)
            except (ConfigurationError, OverBudgetError, NotFoundError):
                raise
            except AdapterError as error:
                if len(awards) > 1:
                    outcomes[index] = error
                    outcomes.update({later: _not_sent(error) for later in pending[position + 1 :]})
                raise

    def _send(self, awards: Sequence[Award], items: Sequence[Item]) -> list[Outcome]:
        results = self.post(awards, items)
        if not isinstance(results, list) or len(results) != len(awards):
            message = f"{self.provider} answered with another number of badges than were asked for"
            return [AmbiguousError(message) for _ in awards]
        return [self._outcome(result, award) for result, award in zip(results, awards, strict=True)]

    def _outcome(self, result: Any, award: Award) -> Outcome:
        try:
            badge = self.parse(result, award)
        except MalformedError as error:
            return AmbiguousError(f"{self.provider} answered with {error}")
        except RejectedError as refusal:
            return self._refused(award, refusal)
        return badge or AmbiguousError(f"{self.provider} answered with a badge that is not the one asked for")

    def _refused(self, award: Award, refusal: RejectedError) -> Outcome:
        if refusal.code != ALREADY_ISSUED:
            return refusal
        try:
            return self.existing(award)
        except AdapterError as error:
            return error

    def _unknown_template(self) -> RejectedError:
        return RejectedError(
            INVALID_TEMPLATE,
            f"{self.provider} does not have the badge template, or these credentials may not use it",
        )


def not_listed(provider: str) -> TemporaryError:
    """Return the error for a badge that the provider refuses as existing but does not list."""
    return TemporaryError(f"{provider} says that the learner already has this badge and does not list it")


def _not_sent(error: AdapterError) -> TemporaryError:
    """Return the outcome of an award that was not sent because ``error`` ended the call."""
    if isinstance(error, OverBudgetError):
        return error
    wait = error.retry_after if isinstance(error, TemporaryError) else None
    return TemporaryError(f"not sent, because the award before it failed: {error}", retry_after=wait)
