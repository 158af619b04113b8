"""Open Badges 3.0 as a badge provider: the issuer is this installation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from ..base import Adapter, Capabilities
from ..context import Context
from ..errors import ConfigurationError, RejectedError, TemporaryError
from ..http.share_links import linkedin
from ..values import Account, Award, BadgeTemplate, IssuedBadge, ListedBadge, Outcome, ShareLink, TemplateDraft
from . import badges
from .badges import credential_url, read_badge
from .issuer import Issuer
from .issuing import ROUNDS, Issuing, Moulds, check_template, find
from .keys import make_keys, rotate_keys
from .rdf_canonical import UndefinedTermError, require_pyld
from .settings import JWT, OpenBadgesSettings
from .status import Position, revocation
from .templates import Templates
from .vc_jwt import require_jwt

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class OpenBadgesAdapter(Adapter):
    """Adapter that signs badges with its own keys, and serves them.

    See :class:`OpenBadgesSettings` and :class:`Adapter`.
    """

    name: ClassVar[str] = "openbadges"
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_batch=100,
        can_look_up=True,
        can_revoke=True,
        can_share=True,
        can_list=True,
        can_make_templates=True,
        can_rotate_key=True,
        over_http=False,
    )
    settings_schema = OpenBadgesSettings

    def __init__(self, settings: Mapping[str, Any], context: Context) -> None:
        super().__init__(settings, context)
        self._issuer = Issuer(settings, context)
        self._moulds = Moulds()

    def __repr__(self) -> str:
        return f"<OpenBadgesAdapter of connection {self.context.connection!r}>"

    def check(self) -> Account:
        """Create the keys if there are none, and return the account."""
        require_pyld()
        if self.settings["proof"] == JWT:
            require_jwt()
        _ = self._issuer.url  # raises if it is not valid
        with _own_database():
            ring = make_keys(self._issuer.records, rsa=self.settings["proof"] == JWT)
        return Account(id=self._issuer.voice(ring).did, name=self.settings["issuer_name"])

    def templates(self) -> Iterator[BadgeTemplate]:
        with _own_database():
            for template in Templates(self._issuer.records).all():
                yield template.listed(self._issuer.url)

    def make_template(self, draft: TemplateDraft) -> BadgeTemplate:
        with _own_database():
            ring = self._issuer.keys()
            templates = Templates(self._issuer.records)
            try:
                check_template(self._issuer, ring, templates.drafted(draft))
            except UndefinedTermError as error:
                raise ConfigurationError(f"its badges could not be signed: {error}") from None
            return templates.put(draft).listed(self._issuer.url)

    def issue(self, awards: Sequence[Award]) -> list[Outcome]:
        with _own_database(writes=True):
            return Issuing(self._issuer, self._moulds).run(awards)

    def find(self, award: Award) -> IssuedBadge | None:
        with _own_database():
            return find(self._issuer, award)

    def badges(self, template_id: str | None = None) -> Iterator[ListedBadge]:
        """Yield the badges without addresses: only their salted hashes are stored."""
        now = self.context.now()
        with _own_database():
            for record in self._issuer.records.listed(badges.KIND, template_id):
                badge = read_badge(record)
                yield ListedBadge(badge.id, badge.template_id, badge.state(now), badge.earner_id)

    def revoke(self, badge_id: str, reason: str) -> IssuedBadge:
        records, url = self._issuer.records, self._issuer.url
        with _own_database(writes=True):
            for _ in range(ROUNDS):
                record = records.get(badges.KIND, [badge_id]).get(badge_id)
                if record is None:
                    raise RejectedError("not_found", "this issuer has no badge of this id")
                badge, now = read_badge(record), self.context.now()
                if badge.revoked_at is not None:
                    return badge.issued(url, now, existed=True)
                bit = revocation(records, Position.read(badge.position))
                badge = badge.revoked(now, reason.strip())
                if records.change([badge.change(), *([bit] if bit else [])]):
                    return badge.issued(url, now)
        raise TemporaryError("other processes change the same status list; this is retried", may_have_acted=True)

    def share_links(self, badge_id: str) -> list[ShareLink]:
        """Return the public page, and LinkedIn with its link."""
        page = credential_url(self._issuer.url, badge_id)
        return [ShareLink("openbadges", page), *linkedin(page, page, badge_id)]

    def rotate_key(self) -> str:
        with _own_database(writes=True):
            self._issuer.keys()
            voice = self._issuer.voice(rotate_keys(self._issuer.records))
        return f"key {voice.key.number} signs from now on, as {voice.did}; badges of older keys stay valid"

    def public(self) -> WSGIApplication | None:
        # Imported here, because a worker serves no pages.
        from .public_pages import public_pages

        return public_pages(self._issuer)


@contextmanager
def _own_database(*, writes: bool = False) -> Iterator[None]:
    """Raise database errors as errors of the contract. :param writes: a record may have been written before."""
    try:
        yield
    except OSError as error:
        raise TemporaryError(
            f"the database does not answer ({type(error).__name__})", may_have_acted=writes
        ) from error
