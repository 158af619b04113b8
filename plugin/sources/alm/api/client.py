"""ALM's Primary API v2, as far as awards need it: who the learner is, and which badge is due.

https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/developer-manual
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, unquote, urljoin, urlsplit

from .....adapters.context import Storage, unhurried
from .....adapters.errors import ConfigurationError, RejectedError, TemporaryError
from .....adapters.http.hosts import base_url
from .....adapters.http.paging import follow
from .documents import (
    LearnerRecord,
    account_ids,
    next_link,
    parse_learner,
    primaries,
    primary,
)
from .downloads import download
from .errors import FailedRequestError, NotAlmError, UnknownRecordError, UnreachableError
from .rate_headers import RateLimit
from .tokens import Tokens
from .transport import API, Transport, UnauthorisedError

if TYPE_CHECKING:
    from .rate_limits import Tempo

__all__ = ["MAX_IDS", "AlmClient", "UnknownRecordError", "segment"]

MAX_IDS = 50
"""Learners that are asked for in one call."""
MAX_PAGES = 10_000

T = TypeVar("T")

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
        tempo: Tempo | None = None,
    ) -> None:
        """:param settings: as loaded by ``AlmSettings``.
        :param now: seconds since the epoch.
        :param pace: as in ``adapters.context.Context``.
        :param tempo: ALM's own limits; ``client_of`` gives both as they are for a connection.
        :raises ConfigurationError: the host is none.
        """
        try:
            base = base_url(settings["host"])
        except ValueError as error:
            raise ConfigurationError(f"host: {error}", setting="host") from None
        self._settings = settings
        self._transport = Transport(base, now, pace, tempo)
        self._tokens = Tokens(settings, self._transport, storage, now, sleep)
        self._takes_many = True

    @property
    def rate_limit(self) -> RateLimit | None:
        """What ALM allows, as the last answer that said so has it."""
        return self._transport.rate_limit

    @property
    def takes_many(self) -> bool:
        """Whether the account takes several ids in one call, as far as it has shown."""
        return self._takes_many

    def close(self) -> None:
        self._transport.close()

    def check(self) -> str:
        """The account's id, as ALM has it, got with a new access token.

        :raises ConfigurationError: ``setting`` is ``host`` (nothing there, or not ALM), ``refresh_token`` (it,
            ``client_id`` or ``client_secret`` is not accepted) or ``account_id`` (they are another account's).
        """
        try:
            self._tokens.current(refused=self._tokens.stored())
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

    def learners(self, ids: Sequence[str]) -> dict[str, LearnerRecord]:
        """Those of at most ``MAX_IDS`` learners, asked for in one call, whom ALM gives; it may know more of them.

        An account that does not take several ids shows it here: :attr:`takes_many` says so from then on.

        :raises FailedRequestError: ALM failed on them; one may be the reason.
        """
        asked = {user_id for user_id in ids if _ID.match(user_id)}
        found: dict[str, LearnerRecord] = {}
        if not asked:
            return found
        params = {self._settings["bulk_parameter"]: ",".join(sorted(asked)), "page[limit]": str(len(asked))}
        try:
            for document in self.pages("/users", params):
                records = [parse_learner(resource) for resource in primaries(document)]
                found.update((record.id, record) for record in records if record.id in asked)
                if any(record.id not in asked for record in records):
                    # The parameter is not understood: these are just the account's users, page by page.
                    self._takes_many = False
                if not self._takes_many or asked <= found.keys():
                    break
        except (UnknownRecordError, RejectedError):
            self._takes_many = False
        return found

    def get(self, path: str, params: Mapping[str, str] | None, what: str) -> Any:
        """One document.

        :param path: below ``/primeapi/v2``; ids in it are quoted with :func:`segment`.
        :param what: what is asked for, for messages.
        :raises UnknownRecordError: there is none.
        """
        return self._get(API + path, params, what)

    def post(self, path: str, document: Mapping[str, Any], what: str) -> Any:
        """The document that answers one that was sent. :raises ForbiddenError: the scope does not allow it."""
        return self._with_token(lambda token: self._transport.post(API + path, document, token, what))

    def download(self, address: str, what: str) -> IO[bytes]:
        """What ALM keeps at an address of its own or of Amazon S3, as an open file without a name.

        :raises ReportError: it may not be fetched from there, or cannot be.
        """
        return self._with_token(lambda token: download(self._transport, address, token, what))

    def pages(self, path: str, params: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
        """Documents from ``path`` on, over all pages, by offset or cursor as ``links.next`` has it.

        Only our own host is ever asked: of a link, the path and the query count.

        :param path: below ``/primeapi/v2``, such as ``/skills``.
        """
        first = API + path

        def fetch(target: str) -> tuple[str, Any]:
            return target, self._get(target, params if target == first else None, "a page of records")

        def following(page: tuple[str, Any]) -> str | None:
            target, document = page
            link = next_link(document)
            return None if link is None else self._own(target, link)

        for _, document in follow("ALM", fetch, first, following, most=MAX_PAGES):
            yield document

    def _get(self, path: str, params: Mapping[str, str] | None, what: str) -> Any:
        return self._with_token(lambda token: self._transport.get(path, params, token, what))

    def _with_token(self, ask: Callable[[str], T]) -> T:
        """What ALM answers; asked again with a new token after a 401."""
        token = self._tokens.current()
        try:
            return ask(token)
        except UnauthorisedError:
            return ask(self._tokens.current(refused=token))

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
