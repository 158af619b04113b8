"""The contract between badgerelay and a badge provider's adapter.

The contract's version, ``CONTRACT``, has two numbers. A change that an adapter can ignore (a method or a field with
a default, a capability that is off) raises the second; any other change raises the first. An adapter states the
version that it was written for in ``Adapter.contract``: badgerelay accepts it if the first number is equal and the
second is not larger.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .context import Context
from .errors import ConfigurationError
from .values import Account, Award, BadgeTemplate, IssuedBadge, ListedBadge, Outcome, ShareLink, TemplateDraft

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication
    from flask import Flask
    from marshmallow import Schema

CONTRACT = (1, 0)
"""The version of this contract."""

RESERVED_SETTINGS = frozenset({"name", "rate", "award_limit", "max_age", "max_batch", "templates_every"})
"""Settings that every connection has; a settings schema must not declare fields of these names."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The provider's abilities, declared so that badgerelay does not have to try.

    :param max_batch: maximum number of awards in one ``issue`` call.
    :param rate: calls that the provider allows, written as the setting ``rate`` (``6/second``); empty if it
        publishes no limit.
    :param over_http: the adapter makes HTTP requests, each after ``context.pace()``; False for one that makes none.
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


class Adapter(ABC):
    """A badge provider's API behind one connection's settings.

    One instance serves one connection and is used by several threads at once. The constructor does no I/O.
    Every method may raise :class:`TemporaryError`, :class:`AmbiguousError`, :class:`RejectedError` or
    :class:`ConfigurationError`, and nothing else on purpose.
    """

    name: ClassVar[str]
    """The provider's name: the file's name, the entry point's name, the word in ``badge.csv``."""
    contract: ClassVar[tuple[int, int]] = (1, 0)
    """The contract version that the adapter was written for: literal numbers, never ``CONTRACT``."""
    capabilities: ClassVar[Capabilities]
    settings_schema: ClassVar[type[Schema]]
    """Fields of one connection. Each field's metadata: ``label``, ``help``, and ``secret=True`` for a secret."""

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        """Keep the settings and the context; open nothing.

        :param settings: already loaded and validated by ``settings_schema``.
        """
        self.settings = settings
        self.context = context

    @abstractmethod
    def check(self) -> Account:
        """Prove that the settings work. :raises ConfigurationError: names the wrong setting."""

    @abstractmethod
    def templates(self) -> Iterator[BadgeTemplate]:
        """Yield every badge template of the account, over all pages.

        Raise an error if the list is incomplete: badgerelay treats a template that is missing as deleted.
        """

    @abstractmethod
    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        """Issue at most ``capabilities.max_batch`` badges; return one outcome per award, in order.

        Never make a second badge where the provider says that the recipient already has this one: the
        outcome is then that badge, with ``existed=True``. An error that concerns all awards may be raised.
        """

    def find(self, award: Award) -> IssuedBadge | None:
        """Return the live badge of this award at the provider, or None when there is none."""
        raise NotImplementedError(f"{self.name} declares can_look_up=False")

    def badges(self, template_id: str | None = None) -> Iterator[ListedBadge]:
        """Yield every badge that the account has issued, over all pages, in any state, each once.

        :param template_id: only badges of this template.
        :raises TemporaryError: the list cannot be read to its end.
        """
        raise NotImplementedError(f"{self.name} declares can_list=False")

    def revoke(self, badge_id: str, reason: str) -> IssuedBadge:
        """Revoke a badge and return it; return it also if it had been revoked before."""
        raise NotImplementedError(f"{self.name} declares can_revoke=False")

    def replace(self, badge_id: str, award: Award) -> IssuedBadge:
        """Replace a badge by a new one for ``award``; return the new badge."""
        raise NotImplementedError(f"{self.name} declares can_replace=False")

    def share_links(self, badge_id: str) -> list[ShareLink]:  # noqa: ARG002 (for those that override it)
        """Return the pages where the recipient shows or shares this badge, without any call."""
        return []

    def public(self) -> WSGIApplication | None:
        """Return the public pages, served under ``context.public_url``; None if there are none."""
        return None

    def make_template(self, draft: TemplateDraft) -> BadgeTemplate:
        """Create a badge template, or change the one of that id. Issued badges stay as they are.

        :raises ConfigurationError: names the field of the draft that is not valid.
        """
        raise NotImplementedError(f"{self.name} declares can_make_templates=False")

    def rotate_key(self) -> str:
        """Sign with a new key from now on; return a sentence that says what changed.

        The old keys stay, because issued badges are verified with them.
        """
        raise NotImplementedError(f"{self.name} declares can_rotate_key=False")

    def close(self) -> None:  # noqa: B027 (an adapter without network connections need not override it)
        """Close network connections. The adapter is not used afterwards."""

    @classmethod
    def sandbox(cls, knobs: Mapping[str, str]) -> Flask:  # noqa: ARG003 (for subclasses)
        """Return a local sandbox of the provider, for administrators and tests; see ``adapters.sandbox``.

        It answers ``GET /_sandbox/badges`` with ``{"counts": {...}, "badges": [...]}``.

        :raises ConfigurationError: this adapter has no sandbox.
        :raises ValueError: names the knob that is not valid.
        """
        raise ConfigurationError(f"{cls.name} has no sandbox")

    @classmethod
    def sandbox_settings(cls, url: str) -> dict[str, str]:  # noqa: ARG003 (for subclasses)
        """Return the settings that connect to our sandbox at that base URL, as ``connect --from`` takes them."""
        raise ConfigurationError(f"{cls.name} has no sandbox")
