"""ALM's Primary API v2, as far as awards need it: who the learner is, and which badge is due.

https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/developer-manual
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from ...adapters.base import Storage, unhurried
from ...adapters.errors import ConfigurationError, RejectedError, TemporaryError
from ...adapters.hosts import base_url
from .documents import (
    LearnerRecord,
    account_ids,
    next_link,
    parse_learner,
    primaries,
    primary,
)
from .errors import FailedRequestError, IncompleteError, NotAlmError, UnknownRecordError, UnreachableError
from .rates import RateLimit
from .tokens import Tokens
from .transport import Transport, UnauthorisedError

__all__ = ["AlmClient", "UnknownRecordError"]

API = "/primeapi/v2"
MAX_IDS = 50
"""Learners that are asked for in one call."""
MAX_PAGES = 10_000

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_.-]{0,254}\Z")


class AlmClient:
    """One ALM account's API. Several threads may use it at once; the constructor does no I/O.

    Every method may raise TemporaryError, ConfigurationError or RejectedError as ``adapters.errors`` explains
    them, and UnknownRecordError where it says so.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        storage: Storage,
        now: Callable[[], float],
        sleep: Callable[[float], None],
        pace: Callable[[], None] = unhurried,
    ) -> None:
        """:param settings: as loaded by ``AlmSettings``.
        :param now: seconds since the epoch.
        :param pace: as in ``adapters.base.Context``.
        :raises ConfigurationError: the host is none.
        """
        try:
            base = base_url(settings["host"])
        except ValueError as error:
            raise ConfigurationError(f"host: {error}", setting="host") from None
        self._settings = settings
        self._transport = Transport(base, now, pace)
        self._tokens = Tokens(settings, self._transport, storage, now, sleep)
        self._bulk = True

    @property
    def rate_limit(self) -> RateLimit | None:
        """What ALM allows, as the last answer that said so has it."""
        return self._transport.rate_limit

    def close(self) -> None:
        self._transport.close()

    def check(self) -> str:
        """The account's id, as ALM has it, got with a new access token.

        :raises ConfigurationError: ``setting`` is ``host`` (nothing there, or not ALM), ``refresh_token`` (it,
            ``client_id`` or ``client_secret`` is not accepted) or ``account_id`` (they are another account's).
        """
        try:
            self._tokens.renew(refused=self._tokens.stored())
            document = self._get(f"{API}/users", {"page[limit]": "1"}, "its account")
        except (UnreachableError, NotAlmError, UnknownRecordError) as error:
            raise ConfigurationError(f"{error}; is the host right?", setting="host") from error
        seen = next(account_ids(document), None)
        if seen is None:
            raise ConfigurationError(
                "ALM shows no user of the account: the application needs the scope admin:read",
                setting="refresh_token",
            )
        if seen != self._settings["account_id"]:
            raise ConfigurationError(
                f"the credentials belong to account {seen[:40]!r}, account_id says {self._settings['account_id']!r}",
                setting="account_id",
            )
        return seen

    def learner(self, user_id: str) -> LearnerRecord:
        """:raises UnknownRecordError: there is no such user."""
        document = self._get(f"{API}/users/{segment(user_id, 'the learner')}", None, "the learner")
        record = parse_learner(primary(document))
        if record.id != user_id:
            raise FailedRequestError("ALM answered with another learner than the one asked for")
        return record

    def learners(self, ids: Iterable[str]) -> tuple[dict[str, LearnerRecord], dict[str, FailedRequestError]]:
        """The learners by id, asked for in bulk where ALM can, and those on which alone it fails.

        Ids that it does not know are in neither.

        :raises IncompleteError: ALM stopped answering in between; it carries what was found until then.
        """
        wanted = [user_id for user_id in dict.fromkeys(ids) if _ID.match(user_id)]
        found: dict[str, LearnerRecord] = {}
        failed: dict[str, FailedRequestError] = {}
        try:
            for start in range(0, len(wanted), MAX_IDS):
                chunk = wanted[start : start + MAX_IDS]
                if self._bulk and len(chunk) > 1:
                    self._learners_in_bulk(chunk, found)
                for user_id in chunk:
                    if user_id not in found:
                        self._learner_alone(user_id, found, failed)
        except TemporaryError as error:
            raise IncompleteError(str(error), found=found, retry_after=error.retry_after) from error
        return found, failed

    def get(self, path: str, params: Mapping[str, str] | None, what: str) -> Any:
        """One document.

        :param path: below ``/primeapi/v2``; ids in it are quoted with :func:`segment`.
        :param what: what is asked for, for messages.
        :raises UnknownRecordError: there is none.
        """
        return self._get(API + path, params, what)

    def pages(self, path: str, params: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
        """Documents from ``path`` on, over all pages, by offset or cursor as ``links.next`` has it.

        Only our own host is ever asked: of a link, the path and the query count.

        :param path: below ``/primeapi/v2``, such as ``/skills``.
        """
        what = "a page of records"
        target, query = API + path, params
        seen: set[str] = set()
        for _ in range(MAX_PAGES):
            document = self._get(target, query, what)
            yield document
            link = next_link(document)
            if link is None:
                return
            target, query = self._own(target, link), None
            if target in seen:
                raise TemporaryError("ALM's pages lead in a circle")
            seen.add(target)
        raise TemporaryError(f"ALM gives more than {MAX_PAGES} pages")

    def _learners_in_bulk(self, ids: list[str], found: dict[str, LearnerRecord]) -> None:
        asked = set(ids)
        params = {self._settings["bulk_parameter"]: ",".join(ids), "page[limit]": str(len(ids))}
        try:
            for document in self.pages("/users", params):
                records = [parse_learner(resource) for resource in primaries(document)]
                found.update((record.id, record) for record in records if record.id in asked)
                if any(record.id not in asked for record in records):
                    # The parameter is not understood: these are just the account's users, page by page.
                    self._bulk = False
                    return
                if asked <= found.keys():
                    return
        except (UnknownRecordError, RejectedError):
            self._bulk = False
        except FailedRequestError:
            return  # one of them may be the reason: each alone, this time

    def _learner_alone(
        self, user_id: str, found: dict[str, LearnerRecord], failed: dict[str, FailedRequestError]
    ) -> None:
        try:
            found[user_id] = self.learner(user_id)
        except (UnknownRecordError, RejectedError):
            return
        except FailedRequestError as error:
            if failed and not found:
                raise  # no single learner's fault
            failed[user_id] = error

    def _get(self, path: str, params: Mapping[str, str] | None, what: str) -> Any:
        token = self._tokens.current()
        try:
            return self._transport.get(path, params, token, what)
        except UnauthorisedError:
            return self._transport.get(path, params, self._tokens.renew(refused=token), what)

    def _own(self, current: str, link: str) -> str:
        try:
            parts = urlsplit(urljoin(self._transport.base + current, link))
        except ValueError:
            parts = urlsplit("")
        if not parts.path.startswith(f"{API}/") or "/.." in unquote(parts.path):
            raise TemporaryError("ALM's link to the next page leads out of its API")
        return f"{parts.path}?{parts.query}"


def segment(record_id: str, what: str) -> str:
    """The id as a part of a path; the colon becomes ``%3A``.

    :raises UnknownRecordError: no id of ALM looks like this.
    """
    if not _ID.match(record_id):
        raise UnknownRecordError(f"ALM cannot know {what}: its id has a character that none of ALM's ids has")
    return quote(record_id, safe="")
