"""Check the answers of adapters: types, identifiers and states, before anything relies on them.

Each check returns the answer, or raises TypeError or ValueError with a message that quotes none of it.
"""

from __future__ import annotations

import math
from typing import Any, get_args

from ...adapters.errors import AdapterError, RejectedError, TemporaryError
from ...adapters.values import (
    Account,
    Award,
    BadgeState,
    BadgeTemplate,
    IssuedBadge,
    ListedBadge,
    ShareLink,
    TemplateDraft,
    TemplateState,
)
from ..store.history import storable

MAX_ID = 255
"""Maximum characters of a provider's ids of badges and templates."""


def check_account(answer: Any) -> Account:
    """Check the answer of ``check()``."""
    if not (isinstance(answer, Account) and _is_text(answer.id) and _is_text(answer.name)):
        raise TypeError("check() gives no Account")
    return answer


def check_template(answer: Any) -> BadgeTemplate:
    """Check one item of ``templates()``."""
    if not (isinstance(answer, BadgeTemplate) and _is_id(answer.id) and _can_be_kept(answer.name)):
        raise TypeError("templates() gives what is no BadgeTemplate")
    if not all(url is None or _can_be_kept(url) for url in (answer.image_url, answer.url)):
        raise TypeError("templates() gives an address that is no text")
    if answer.state not in get_args(TemplateState):
        raise ValueError("templates() gives a state that there is not")
    return answer


def check_badge(answer: Any, award: Award | None) -> IssuedBadge:
    """Check a badge. :param award: the award that the badge stands for, where that is known."""
    if not (isinstance(answer, IssuedBadge) and _is_id(answer.id) and answer.state in get_args(BadgeState)):
        raise TypeError("what it gives is no IssuedBadge with an id and a state")
    if not (answer.url is None or isinstance(answer.url, str)):
        raise TypeError("a badge's url is no text")
    if award is not None and answer.template_id != award.template_id:
        raise ValueError("it gives a badge of another template than the award's")
    if award is not None and answer.state == "revoked":
        raise ValueError("it gives a revoked badge as the award's")
    return answer


def check_revoked(answer: IssuedBadge, badge_id: str) -> IssuedBadge:
    """Check the badge that ``revoke()`` gives."""
    if (answer.id, answer.state) != (badge_id, "revoked"):
        raise ValueError("revoke() gives another badge, or one that is not revoked")
    return answer


def check_listed_badge(answer: Any) -> ListedBadge:
    """Check one item of ``badges()``."""
    texts = isinstance(answer, ListedBadge) and all(
        isinstance(text, str) for text in (answer.template_id, answer.earner_id, answer.email)
    )
    if not (texts and _is_id(answer.id) and answer.state in get_args(BadgeState)):
        raise TypeError("badges() gives what is no ListedBadge")
    return answer  # type: ignore[no-any-return]  # as just checked


def check_share_links(answer: list[Any]) -> list[ShareLink]:
    """Check the answer of ``share_links()``."""
    if not all(isinstance(link, ShareLink) and _is_text(link.target) and _is_text(link.url) for link in answer):
        raise TypeError("share_links() gives what is no ShareLink")
    return answer


def check_made_template(answer: Any, draft: TemplateDraft) -> BadgeTemplate:
    """Check the answer of ``make_template()``."""
    if not (isinstance(answer, BadgeTemplate) and answer.id == draft.id):
        raise TypeError("make_template() gives another template, or none")
    return answer


def check_key_rotation(answer: Any) -> str:
    """Check the answer of ``rotate_key()``."""
    if not _is_text(answer):
        raise TypeError("rotate_key() does not say what changed")
    return str(answer)


def check_error(error: AdapterError) -> None:
    """Check the fields of an error, which decide what happens next."""
    if isinstance(error, RejectedError) and not _is_text(getattr(error, "code", None)):
        raise TypeError("the code of a RejectedError is no text")
    if isinstance(error, TemporaryError) and not _is_wait(getattr(error, "retry_after", "")):
        raise TypeError("the retry_after of a TemporaryError is no number of seconds")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_wait(value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value is None or (number and 0 <= value < math.inf)


def _is_id(value: Any) -> bool:
    return _can_be_kept(value) and 0 < len(value) <= MAX_ID


def _can_be_kept(value: Any) -> bool:
    """Return whether the value is a text that every database takes as it is."""
    return isinstance(value, str) and storable(value) == value
