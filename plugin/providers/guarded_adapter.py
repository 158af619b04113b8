"""Guard an adapter: whatever it raises or returns, and if it never returns, the caller gets a defined error."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar

from ...adapters.base import Adapter
from ...adapters.errors import AdapterError
from ...adapters.values import (
    Account,
    Award,
    BadgeTemplate,
    IssuedBadge,
    ListedBadge,
    Outcome,
    ShareLink,
    TemplateDraft,
)
from ..store import StoreUnavailableError
from . import answer_checks
from .timeouts import EndingError, bounded

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

T = TypeVar("T")

PORTION = 50
"""Items of a list that one call asks for."""

log = logging.getLogger("badgerelay.delivery")


class BrokenAdapterError(AdapterError):
    """An adapter broke its contract, so that nobody knows what it did."""


class Contained(Adapter):
    """Calls each verb in a thread of its own, and checks the answer.

    Besides an adapter's own errors, every verb may raise :class:`BrokenAdapterError`, :class:`HangingError` and,
    when too many calls hang, a TemporaryError. Their messages name the adapter and quote no argument.

    :raises StoreUnavailableError: by every verb; the database, which has the adapter's storage, does not answer.
    """

    def __init__(self, inner: Adapter) -> None:
        super().__init__(inner.settings, inner.context)
        self._inner = inner
        self.name = inner.name  # type: ignore[misc]  # of the class, where an adapter is not a stand-in for another
        self.capabilities = inner.capabilities  # type: ignore[misc]  # as above
        self.settings_schema = inner.settings_schema  # type: ignore[misc]  # as above

    def __repr__(self) -> str:
        return f"<{self.name} of connection {self.context.connection!r}>"

    def check(self) -> Account:
        return self._checked(answer_checks.check_account, self._call(self._inner.check))

    def templates(self) -> Iterator[BadgeTemplate]:
        for each in self._all(self._inner.templates):
            yield self._checked(answer_checks.check_template, each)

    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        outcomes = self._call(lambda: list(self._inner.issue(awards)))
        if len(outcomes) != len(awards):
            raise self._broken(ValueError(f"issue() gives {len(outcomes)} outcomes for {len(awards)} awards"))
        checked = [self._outcome(outcome, award) for outcome, award in zip(outcomes, awards, strict=True)]
        new = [each.id for each in checked if isinstance(each, IssuedBadge) and not each.existed]
        doubled = {each for each in new if new.count(each) > 1}
        if not doubled:
            return checked
        wrong = self._broken(ValueError("issue() gives one badge for several awards"))
        return [wrong if isinstance(each, IssuedBadge) and each.id in doubled else each for each in checked]

    def find(self, award: Award) -> IssuedBadge | None:
        badge = self._call(lambda: self._inner.find(award))
        return None if badge is None else self._badge(badge, award)

    def badges(self, template_id: str | None = None) -> Iterator[ListedBadge]:
        for each in self._all(lambda: self._inner.badges(template_id)):
            yield self._checked(answer_checks.check_listed_badge, each)

    def revoke(self, badge_id: str, reason: str) -> IssuedBadge:
        badge = self._badge(self._call(lambda: self._inner.revoke(badge_id, reason)))
        return self._checked(lambda answer: answer_checks.check_revoked(answer, badge_id), badge)

    def replace(self, badge_id: str, award: Award) -> IssuedBadge:
        return self._badge(self._call(lambda: self._inner.replace(badge_id, award)), award)

    def share_links(self, badge_id: str) -> list[ShareLink]:
        return self._checked(
            answer_checks.check_share_links, self._call(lambda: list(self._inner.share_links(badge_id)))
        )

    def public(self) -> WSGIApplication | None:
        """Return the adapter's pages; the caller that mounts them must catch their errors."""
        return self._call(self._inner.public)

    def make_template(self, draft: TemplateDraft) -> BadgeTemplate:
        template = self._call(lambda: self._inner.make_template(draft))
        return self._checked(lambda answer: answer_checks.check_made_template(answer, draft), template)

    def rotate_key(self) -> str:
        return self._checked(answer_checks.check_key_rotation, self._call(self._inner.rotate_key))

    def close(self) -> None:
        """Close the adapter. Never raises: the caller has no use for it any more."""
        try:
            bounded(self._inner.close, self.name, self.context.connection)
        except Exception as error:
            self._broken(error)

    def _outcome(self, outcome: Any, award: Award) -> Outcome:
        if isinstance(outcome, AdapterError):
            return self._error(outcome)
        try:
            return self._badge(outcome, award)
        except BrokenAdapterError as error:
            return error

    def _badge(self, badge: Any, award: Award | None = None) -> IssuedBadge:
        return self._checked(lambda answer: answer_checks.check_badge(answer, award), badge)

    def _checked(self, check: Callable[[Any], T], answer: Any) -> T:
        """Return the answer. :raises BrokenAdapterError: it fails the check."""
        try:
            return check(answer)
        except (TypeError, ValueError) as error:
            raise self._broken(error.with_traceback(None)) from None

    def _all(self, listing: Callable[[], Iterator[T]]) -> Iterator[T]:
        listed = self._call(lambda: iter(listing()))
        while portion := self._call(lambda: list(islice(listed, PORTION))):
            yield from portion

    def _call(self, verb: Callable[[], T]) -> T:
        """Return the verb's answer. :raises AdapterError: the verb raised anything, or did not return."""
        try:
            return bounded(verb, self.name, self.context.connection)
        except StoreUnavailableError:
            raise
        except AdapterError as error:
            fit = self._error(error)
            if fit is error:
                raise
            raise fit from None
        except Exception as error:
            raise self._broken(error) from None

    def _error(self, error: AdapterError) -> AdapterError:
        """Return the error, or a BrokenAdapterError where its fields are not valid."""
        try:
            answer_checks.check_error(error)
        except TypeError as wrong:
            return self._broken(wrong.with_traceback(None))
        return error

    def _broken(self, error: Exception) -> BrokenAdapterError:
        return broken(self.name, error)


def broken(name: str, error: Exception) -> BrokenAdapterError:
    """Return the error of an adapter that broke its contract: the exception's class and where it was raised.

    A raised exception's message is left out: it may quote anything.
    """
    if error.__traceback__ is None:
        said = f"{type(error).__name__}: {error}"
    else:
        last = traceback.extract_tb(error.__traceback__)[-1]
        what = str(error) if isinstance(error, EndingError) else type(error).__name__
        said = f"{what} in {PurePath(last.filename).name}, line {last.lineno}"
        log.debug("frames of %s:\n%s", said, "".join(traceback.format_tb(error.__traceback__)))
    log.error("the adapter %s broke its contract: %s", name, said)
    return BrokenAdapterError(f"the adapter {name} failed with {said}: that is a defect of it, so tell its maker")
