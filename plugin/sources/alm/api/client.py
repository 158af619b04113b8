"""A client of ALM's Primary API v2: learners, documents, pages and downloads.

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
from .documents import LearnerRecord, account_ids, parse_learner
from .downloads import download
from .errors import FailedRequestError, NotAlmError, UnknownRecordError, UnreachableError
from .json_api import next_link, primaries, primary
from .rate_headers import RateLimit
from .tokens import Tokens
from .transport import API, Transport, UnauthorisedError

if TYPE_CHECKING:
    from .rate_limits import ApiLimits

__all__ = ["MAX_IDS", "AlmClient", "UnknownRecordError", "segment"]

MAX_IDS = 50
"""Maximum number of learners in one call."""
MAX_PAGES = 10_000

T = TypeVar("T")

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_.-]{0,254}\Z")


class AlmClient:
    """The API of one ALM account. Several threads may share it; the constructor does no I/O.

    Every method may raise TemporaryError, ConfigurationError or RejectedError, as ``adapters.errors`` explains
    them, and UnknownRecordError if its docstring says so.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        storage: Storage,
        now: Callable[[], float],
        sleep: Callable[[float], None],
        pace: Callable[[], None] = unhurried,
        limits: ApiLimits | None = None,
    ) -> None:
        """Create a client.

        :param settings: as loaded by ``AlmSettings``.
        :param now: seconds since the epoch.
        :param pace: as in ``adapters.context.Context``.
        :param limits: ALM's own limits; ``client_of`` gives both for a connection.
        :raises ConfigurationError: the host is not valid.
        """
        try:
            base = base_url(settings["host"])
        except ValueError as error:
            raise ConfigurationError(f"host: {error}", setting="host") from None
        self._settings = settings
        self._transport = Transport(base, now, pace, limits)
        self._tokens = Tokens(settings, self._transport, storage, now, sleep)
        self._takes_many = True

    @property
    def rate_limit(self) -> RateLimit | None:
        """The rate that ALM allows, from the last answer that named one."""
        return self._transport.rate_limit

    @property
    def takes_many(self) -> bool:
        """True if the account takes several ids in one call, which is assumed until an answer shows otherwise."""
        return self._takes_many

    def close(self) -> None:
        self._transport.close()

    def check(self) -> str:
        """Ask ALM for the account's id with a new access token.

        :raises ConfigurationError: ``setting`` names the cause: ``host`` (no answer, or not ALM's),
            ``refresh_token`` (ALM refuses it or the client's id or secret), ``account_id`` (another account's).
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
        """Return a learner. :raises UnknownRecordError: ALM knows no such user."""
        document = self._get(f"{API}/users/{segment(user_id, 'the learner')}", None, "the learner")
        record = parse_learner(primary(document))
        if record.id != user_id:
            raise FailedRequestError("ALM answered with another learner than the one asked for")
        return record

    def learners(self, ids: Sequence[str]) -> dict[str, LearnerRecord]:
        """Ask for at most ``MAX_IDS`` learners in one call. Returns those in the answer; ALM may know more of them.

        The answer shows whether the account takes several ids; :attr:`takes_many` is false from then on if not.

        :raises FailedRequestError: ALM failed on them; one of them may be the cause.
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
        """Return one document.

        :param path: below ``/primeapi/v2``; ids in it are quoted with :func:`segment`.
        :param what: the noun for messages, such as ``the learner``.
        :raises UnknownRecordError: ALM has no such document.
        """
        return self._get(API + path, params, what)

    def post(self, path: str, document: Mapping[str, Any], what: str) -> Any:
        """Send a document and return the answer. :raises ForbiddenError: the scope does not allow it."""
        return self._with_token(lambda token: self._transport.post(API + path, document, token, what))

    def download(self, address: str, what: str) -> IO[bytes]:
        """Download from an address of ALM or Amazon S3. Returns an open file without a name.

        :raises ReportError: the address is not allowed, or the download fails.
        """
        return self._with_token(lambda token: download(self._transport, address, token, what))

    def pages(self, path: str, params: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
        """Yield the documents of all pages from ``path`` on, by offset or cursor as ``links.next`` has it.

        Only the account's own host is asked: of a link, the path and the query are used.

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
        """Return the answer; ask once more with a new token after a 401."""
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
    """Return the id as a part of a path; the colon becomes ``%3A``.

    :raises UnknownRecordError: the id has a character that no id of ALM has.
    """
    if not _ID.match(record_id):
        raise UnknownRecordError(f"ALM cannot know {what}: its id has a character that none of ALM's ids has")
    return quote(record_id, safe="")
