"""An adapter, contained: whatever it raises or gives, or if it never returns, badgerelay knows what to do."""

from __future__ import annotations

import logging
import math
import traceback
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from ...adapters.base import Adapter
from ...adapters.errors import AdapterError, RejectedError, TemporaryError
from ...adapters.values import (
    Account,
    Award,
    BadgeState,
    BadgeTemplate,
    IssuedBadge,
    ListedBadge,
    Outcome,
    ShareLink,
    TemplateDraft,
    TemplateState,
)
from ..store import StoreUnavailableError
from ..store.history import storable
from .timeouts import EndingError, bounded

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

T = TypeVar("T")

MAX_ID = 255
"""Characters of a provider's ids of badges and templates."""

PORTION = 50
"""Of a list, what is asked for in one call."""

log = logging.getLogger("badgerelay.delivery")


class BrokenAdapterError(AdapterError):
    """An adapter raised what it may not, or gave what it may not: badgerelay knows nothing of what it did."""


class Contained(Adapter):
    """Calls each verb in a thread of its own, and checks what comes back.

    Beside what an adapter may raise, every verb may raise :class:`BrokenAdapterError`, :class:`HangingError` and,
    when too many calls hang, a TemporaryError. Their messages name the adapter, and nothing that it was handed.

    :raises StoreUnavailableError: by every verb; the adapter's storage, or its rate, could not be asked for.
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
        account = self._call(self._inner.check)
        if not (isinstance(account, Account) and _is_text(account.id) and _is_text(account.name)):
            raise self._broken(TypeError("check() gives no Account"))
        return account

    def templates(self) -> Iterator[BadgeTemplate]:
        for each in self._all(self._inner.templates):
            if not (isinstance(each, BadgeTemplate) and _is_id(each.id) and _can_be_kept(each.name)):
                raise self._broken(TypeError("templates() gives what is no BadgeTemplate"))
            if not all(url is None or _can_be_kept(url) for url in (each.image_url, each.url)):
                raise self._broken(TypeError("templates() gives an address that is no text"))
            if each.state not in get_args(TemplateState):
                raise self._broken(ValueError("templates() gives a state that there is not"))
            yield each

    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        outcomes = self._call(lambda: list(self._inner.issue(awards)))
        if len(outcomes) != len(awards):
            raise self._broken(ValueError(f"issue() gives {len(outcomes)} outcomes for {len(awards)} awards"))
        checked = [self._checked(outcome, award) for outcome, award in zip(outcomes, awards, strict=True)]
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
            texts = isinstance(each, ListedBadge) and all(
                isinstance(text, str) for text in (each.template_id, each.earner_id, each.email)
            )
            if not (texts and _is_id(each.id) and each.state in get_args(BadgeState)):
                raise self._broken(TypeError("badges() gives what is no ListedBadge"))
            yield each

    def revoke(self, badge_id: str, reason: str) -> IssuedBadge:
        badge = self._badge(self._call(lambda: self._inner.revoke(badge_id, reason)))
        if (badge.id, badge.state) != (badge_id, "revoked"):
            raise self._broken(ValueError("revoke() gives another badge, or one that is not revoked"))
        return badge

    def replace(self, badge_id: str, award: Award) -> IssuedBadge:
        return self._badge(self._call(lambda: self._inner.replace(badge_id, award)), award)

    def share_links(self, badge_id: str) -> list[ShareLink]:
        links = self._call(lambda: list(self._inner.share_links(badge_id)))
        if not all(isinstance(link, ShareLink) and _is_text(link.target) and _is_text(link.url) for link in links):
            raise self._broken(TypeError("share_links() gives what is no ShareLink"))
        return links

    def public(self) -> WSGIApplication | None:
        """Whoever mounts it contains what it does."""
        return self._call(self._inner.public)

    def make_template(self, draft: TemplateDraft) -> BadgeTemplate:
        template = self._call(lambda: self._inner.make_template(draft))
        if not (isinstance(template, BadgeTemplate) and template.id == draft.id):
            raise self._broken(TypeError("make_template() gives another template, or none"))
        return template

    def rotate_key(self) -> str:
        said = self._call(self._inner.rotate_key)
        if not _is_text(said):
            raise self._broken(TypeError("rotate_key() does not say what changed"))
        return said

    def close(self) -> None:
        """Never raises: whoever closes it has no use for it any more."""
        try:
            bounded(self._inner.close, self.name, self.context.connection)
        except Exception as error:
            self._broken(error)

    def _checked(self, outcome: Any, award: Award) -> Outcome:
        if isinstance(outcome, AdapterError):
            return self._error(outcome)
        try:
            return self._badge(outcome, award)
        except BrokenAdapterError as error:
            return error

    def _badge(self, badge: Any, award: Award | None = None) -> IssuedBadge:
        if not (isinstance(badge, IssuedBadge) and _is_id(badge.id) and badge.state in get_args(BadgeState)):
            raise self._broken(TypeError("what it gives is no IssuedBadge with an id and a state"))
        if not (badge.url is None or isinstance(badge.url, str)):
            raise self._broken(TypeError("a badge's url is no text"))
        if award is not None and badge.template_id != award.template_id:
            raise self._broken(ValueError("it gives a badge of another template than the award's"))
        if award is not None and badge.state == "revoked":
            raise self._broken(ValueError("it gives a revoked badge as the award's"))
        return badge

    def _all(self, listing: Callable[[], Iterator[T]]) -> Iterator[T]:
        listed = self._call(lambda: iter(listing()))
        while portion := self._call(lambda: list(islice(listed, PORTION))):
            yield from portion

    def _call(self, verb: Callable[[], T]) -> T:
        """What it gives. :raises AdapterError: whatever it raises, or if it does not return."""
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
        """The error, or what is wrong with it: what it says is reckoned with."""
        if isinstance(error, RejectedError) and not _is_text(getattr(error, "code", None)):
            return self._broken(TypeError("the code of a RejectedError is no text"))
        if isinstance(error, TemporaryError) and not _is_wait(getattr(error, "retry_after", "")):
            return self._broken(TypeError("the retry_after of a TemporaryError is no number of seconds"))
        return error

    def _broken(self, error: Exception) -> BrokenAdapterError:
        return broken(self.name, error)


def broken(name: str, error: Exception) -> BrokenAdapterError:
    """Of an exception that was raised, its class and where: its message is not told, as it may quote anything."""
    if error.__traceback__ is None:
        said = f"{type(error).__name__}: {error}"
    else:
        last = traceback.extract_tb(error.__traceback__)[-1]
        what = str(error) if isinstance(error, EndingError) else type(error).__name__
        said = f"{what} in {PurePath(last.filename).name}, line {last.lineno}"
        log.debug("frames of %s:\n%s", said, "".join(traceback.format_tb(error.__traceback__)))
    log.error("the adapter %s broke its contract: %s", name, said)
    return BrokenAdapterError(f"the adapter {name} failed with {said}: that is a defect of it, so tell its maker")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_wait(value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value is None or (number and 0 <= value < math.inf)


def _is_id(value: Any) -> bool:
    return _can_be_kept(value) and 0 < len(value) <= MAX_ID


def _can_be_kept(value: Any) -> bool:
    """Whether it is a text that every database takes as it is."""
    return isinstance(value, str) and storable(value) == value
