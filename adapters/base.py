"""The contract between badgerelay and a badge provider.

It has a version, ``CONTRACT``, of two numbers. What an adapter need not know of (a method with a default, a field
with a default, a capability that is off) raises the second; all else raises the first. An adapter says which version
it was written for, in ``Adapter.contract``: it works where the first number is the same and the second no larger.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from .errors import AdapterError, ConfigurationError

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from flask import Flask
    from marshmallow import Schema

CONTRACT = (1, 0)
"""The version of this contract."""

RESERVED_SETTINGS = frozenset({"name", "rate", "award_limit", "max_age", "max_batch", "templates_every"})
"""What every connection has beside its adapter's own settings: a settings schema has no field of these names."""

BadgeState = Literal["pending", "accepted", "declined", "revoked", "replaced", "expired"]
TemplateState = Literal["active", "draft", "archived"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do. Declared, so that nobody has to try.

    :param rate: of calls that the provider allows, as the setting ``rate`` is written (``6/second``); empty where it
        publishes none.
    :param over_http: it makes HTTP requests, each after ``context.pace()``; False for one that asks nobody else.
    """

    max_batch: int = 1
    can_look_up: bool = True
    can_revoke: bool = False
    can_replace: bool = False
    can_share: bool = False
    can_list: bool = False
    rate: str = ""
    can_make_templates: bool = False
    can_rotate_key: bool = False
    over_http: bool = True


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who earns the badge.

    :param email: lower-cased and trimmed.
    :param earner_id: our stable id of the learner (``alm:70412:15300721``); survives a change of e-mail.
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

    :param id: the ledger's id of the award, for logs; providers never see it.
    :param issued_at: when the learner completed (aware).
    :param expires_at: aware; None leaves it to the badge template.
    :param period: of what is earned again in each period: the learner's badge of an earlier one is not this one.
        Empty for what is earned once.
    """

    id: str
    template_id: str
    recipient: Recipient
    issued_at: datetime
    expires_at: datetime | None = None
    period: str = ""


@dataclass(frozen=True, slots=True)
class IssuedBadge:
    """A badge as the provider has it.

    :param url: where the recipient sees it now: the accept page while pending, the public page later.
    :param existed: True when the provider had it already and nothing new was made.
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
    """A badge as the provider's list has it.

    :param earner_id: as in :class:`Recipient`; empty where it was issued without one.
    :param email: of the recipient, lower-cased and trimmed; empty where the list does not say.
    """

    id: str
    template_id: str
    state: BadgeState
    earner_id: str = ""
    email: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class BadgeTemplate:
    """:param created_at: aware; None when the provider does not tell."""

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
    """A badge template as an administrator writes it, for a provider that keeps its templates with us.

    :param id: short, as it stands in URLs and rules (``graph-101``).
    :param criteria: what one has to do to earn it, in words.
    :param kind: the provider's word for what it certifies; empty leaves it to the provider.
    :param image: a PNG or an SVG.
    :param valid_days: after so many days a badge expires; None: never.
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
    """Whom the credentials belong to at the provider, as ``check`` found it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ShareLink:
    """Where a recipient shows or shares the badge. :param target: ``credly``, ``linkedin``, ``embed``, ..."""

    target: str
    url: str


Outcome = IssuedBadge | AdapterError
"""What became of one award: the badge, or the error whose class says what to do next."""


class Storage(Protocol):
    """A small encrypted store of the connection's own, shared by all processes: for access tokens and the like."""

    def get(self, key: str) -> str | None:
        """The value, or None when it was never put or has expired."""

    def put(self, key: str, value: str, *, seconds: float | None = None) -> None:
        """Keep the value, for so many seconds if given."""

    def lock(self, key: str, *, seconds: float) -> AbstractContextManager[bool]:
        """Hold a lock across processes for at most so many seconds. Gives False, at once, if another has it."""


@dataclass(frozen=True, slots=True)
class Record:
    """:param version: how often it was written, from 1."""

    key: str
    value: str = field(repr=False)
    version: int
    group: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A record to be written.

    :param version: that it must have now; 0: it must not be there.
    :param group: what :meth:`Records.listed` can choose by.
    :param sealed: encrypt the value.
    """

    kind: str
    key: str
    value: str = field(repr=False)
    version: int = 0
    group: str = ""
    sealed: bool = False


class Records(Protocol):
    """What an adapter keeps itself: records of the connection's own, by kind and key, for ever, also when the
    connection is removed. All processes share them. Each method may raise OSError: the database does not answer.

    A kind has up to 32 characters, a key and a group up to 255.
    """

    def get(self, kind: str, keys: Sequence[str]) -> dict[str, Record]:
        """Those that are there, by key."""

    def change(self, changes: Sequence[Change]) -> bool:
        """Write all of them or, where one has another version by now, none: then False."""

    def listed(self, kind: str, group: str | None = None) -> Iterator[Record]:
        """All of a kind, or of a group of it, by their keys; read in parts, so that it may be long."""

    def versions(self, kind: str, group: str) -> dict[str, int]:
        """The version of each record of a group, by key, without the values."""

    def take(self, counter: str, many: int = 1) -> int:
        """Take so many numbers from a counter, which begins at 0: the first one. No number is given twice."""

    def taken(self, counter: str) -> int:
        """How many numbers were taken from a counter."""


def unhurried() -> None:
    """A pace without a limit."""


@dataclass(frozen=True, slots=True)
class Context:
    """What badgerelay hands to an adapter.

    :param connection: the connection's name, for messages.
    :param now: seconds since the epoch.
    :param pace: to be called before each HTTP request: it takes a place in the connection's rate, which all processes
        share, and may sleep a moment for it. Let through what it raises: an OverBudgetError.
    :param public_url: the absolute URL under which :meth:`Adapter.public` is served, without a slash at its end;
        empty where the installation has no public URL.
    """

    connection: str
    storage: Storage
    now: Callable[[], float]
    sleep: Callable[[float], None]
    pace: Callable[[], None] = unhurried
    public_url: str = ""
    records: Records | None = field(default=None, repr=False)


class Adapter(ABC):
    """A badge provider's API behind one connection's settings.

    One instance serves one connection and is used by several threads at once. The constructor does no I/O.
    Every method may raise :class:`TemporaryError`, :class:`AmbiguousError`, :class:`RejectedError` or
    :class:`ConfigurationError`, and nothing else on purpose.
    """

    name: ClassVar[str]
    """The provider's name: the file's name, the entry point's name, the word in ``badge.csv``."""
    contract: ClassVar[tuple[int, int]] = (1, 0)
    """The version it was written for: numbers, never ``CONTRACT``. One that does not say is of the first version."""
    capabilities: ClassVar[Capabilities]
    settings_schema: ClassVar[type[Schema]]
    """Fields of one connection. Each field's metadata: ``label``, ``help``, and ``secret=True`` where it is one."""

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        """:param settings: already loaded and validated by ``settings_schema``."""
        self.settings = settings
        self.context = context

    @abstractmethod
    def check(self) -> Account:
        """Prove that the settings work, or raise ConfigurationError that names the wrong setting."""

    @abstractmethod
    def templates(self) -> Iterator[BadgeTemplate]:
        """Every badge template of the account, over all pages.

        It raises where it cannot give them all: one that is not given counts as deleted.
        """

    @abstractmethod
    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        """Issue at most ``capabilities.max_batch`` badges; one outcome per award, in order.

        Never makes a second badge where the provider says that the recipient already has this one: the
        outcome is then that badge, with ``existed=True``. An error that concerns all awards may be raised.
        """

    def find(self, award: Award) -> IssuedBadge | None:
        """The live badge of this award at the provider, or None when there is none."""
        raise NotImplementedError(f"{self.name} declares can_look_up=False")

    def badges(self, template_id: str | None = None) -> Iterator[ListedBadge]:
        """Every badge that the account has issued, over all pages, in any state; each once.

        :param template_id: only those of this badge template.
        :raises TemporaryError: the list cannot be read to its end.
        """
        raise NotImplementedError(f"{self.name} declares can_list=False")

    def revoke(self, badge_id: str, reason: str) -> IssuedBadge:
        raise NotImplementedError(f"{self.name} declares can_revoke=False")

    def replace(self, badge_id: str, award: Award) -> IssuedBadge:
        """Issue ``award`` in place of a badge; gives the new badge."""
        raise NotImplementedError(f"{self.name} declares can_replace=False")

    def share_links(self, badge_id: str) -> list[ShareLink]:  # noqa: ARG002 (for those that override it)
        """Where the recipient of this badge shows or shares it; without any call."""
        return []

    def public(self) -> WSGIApplication | None:
        """What everybody may see, served under ``context.public_url``; None: nothing."""
        return None

    def make_template(self, draft: TemplateDraft) -> BadgeTemplate:
        """Make a badge template, or change the one of that id. Badges that are issued stay as they are.

        :raises ConfigurationError: names what of the draft cannot be.
        """
        raise NotImplementedError(f"{self.name} declares can_make_templates=False")

    def rotate_key(self) -> str:
        """Sign with a new key from now on, and keep the old ones, with which badges are verified; what changed, in
        words."""
        raise NotImplementedError(f"{self.name} declares can_rotate_key=False")

    def close(self) -> None:  # noqa: B027 (an adapter without connections need not override it)
        """Let go of connections. The adapter is not used afterwards."""

    @classmethod
    def sandbox(cls, knobs: Mapping[str, str]) -> Flask:  # noqa: ARG003 (for subclasses)
        """A local counterpart of the provider, for administrators and tests; see ``adapters.sandbox``.

        It answers ``GET /_sandbox/badges`` with ``{"counts": {...}, "badges": [...]}``.

        :raises ConfigurationError: this provider has none.
        :raises ValueError: names the knob that is wrong.
        """
        raise ConfigurationError(f"{cls.name} has no sandbox")

    @classmethod
    def sandbox_settings(cls, url: str) -> dict[str, str]:  # noqa: ARG003 (for subclasses)
        """The settings that connect to a sandbox of ours at that base URL, as ``connect --from`` takes them."""
        raise ConfigurationError(f"{cls.name} has no sandbox")
