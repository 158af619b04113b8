"""The values that badgerelay and an adapter exchange: frozen dataclasses. Datetimes are aware."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from .errors import AdapterError

BadgeState = Literal["pending", "accepted", "declined", "revoked", "replaced", "expired"]
TemplateState = Literal["active", "draft", "archived"]


@dataclass(frozen=True, slots=True)
class Recipient:
    """The learner who earns the badge.

    :param email: lower-cased and trimmed.
    :param earner_id: badgerelay's stable id of the learner (``alm:70412:15300721``); it survives a change of e-mail.
    :param locale: a BCP 47 tag, or None when unknown.
    """

    email: str
    first_name: str
    last_name: str
    earner_id: str
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class Award:
    """One badge to issue.

    :param id: the ledger's id of the award, for logs; the provider never receives it.
    :param issued_at: when the learner completed.
    :param expires_at: None leaves the expiry to the badge template.
    :param period: names the period of a badge that is earned again in each period; a badge of an earlier period
        does not count as this award's. Empty for a badge that is earned once.
    """

    id: str
    template_id: str
    recipient: Recipient
    issued_at: datetime
    expires_at: datetime | None = None
    period: str = ""


@dataclass(frozen=True, slots=True)
class IssuedBadge:
    """A badge in its present state at the provider.

    :param url: the page for the recipient: the accept page while the badge is pending, the public page later.
    :param existed: True when the provider had the badge already and made nothing new.
    """

    id: str
    template_id: str
    state: BadgeState
    url: str | None = None
    issued_at: datetime | None = None
    expires_at: datetime | None = None
    existed: bool = False


@dataclass(frozen=True, slots=True)
class ListedBadge:
    """A badge in the provider's list.

    :param earner_id: as in :class:`Recipient`; empty for a badge that was issued without one.
    :param email: the recipient's, lower-cased and trimmed; empty if the list does not contain it.
    """

    id: str
    template_id: str
    state: BadgeState
    earner_id: str = ""
    email: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class BadgeTemplate:
    """A badge template at the provider. :param created_at: None when the provider does not say."""

    id: str
    name: str
    state: TemplateState
    description: str = ""
    image_url: str | None = None
    url: str | None = None
    allows_duplicates: bool = False
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TemplateDraft:
    """A badge template as an administrator writes it, for an adapter that stores its templates in badgerelay.

    :param id: short, as it appears in URLs and rules (``graph-101``).
    :param criteria: describes in words how to earn the badge.
    :param kind: the provider's word for the type of achievement; empty leaves it to the provider.
    :param image: a PNG or an SVG.
    :param valid_days: days after which a badge expires; None: never.
    """

    id: str
    name: str
    description: str
    criteria: str
    criteria_url: str | None = None
    kind: str = ""
    tags: tuple[str, ...] = ()
    image: bytes | None = field(default=None, repr=False)
    valid_days: int | None = None
    state: TemplateState = "active"


@dataclass(frozen=True, slots=True)
class Account:
    """The provider's account that the credentials belong to, as ``check`` found it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ShareLink:
    """A page where a recipient shows or shares the badge. :param target: ``credly``, ``linkedin``, ``embed``, ..."""

    target: str
    url: str


Outcome = IssuedBadge | AdapterError
"""The result for one award: the badge, or the error whose class says what to do next."""
