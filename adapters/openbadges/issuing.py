"""Turn awards into signed badges, each once: a second process finds the badge of the first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import INVALID_TEMPLATE, ConfigurationError, RejectedError, TemporaryError
from ..values import Award, IssuedBadge, Outcome
from . import badges
from .badges import Badge, credential_url, read_badge, same_badge
from .documents import credential, identity
from .issuer import Issuer, Voice, when
from .keys import KeyRing
from .rdf_canonical import SLOT, Mould, UndefinedTermError
from .status import Position, counter
from .templates import Template, Templates
from .vc_jwt import sign_jwt

ROUNDS = 20
"""Maximum rounds; another round follows if another process issued one of the badges first."""
MOULDS = 256
DAY = 86400.0


class Moulds:
    """Cache of the expanded credentials of templates: expanding takes thirty times as long as everything else."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: OrderedDict[Any, Mould] = OrderedDict()

    def of(self, issuer: Issuer, voice: Voice, template: Template, *, expires: bool) -> Mould:
        """Return the expanded credential. :raises UndefinedTermError: a part of it would not be signed."""
        profile = issuer.profile(voice.did)
        key = (tuple(profile.items()).__repr__(), issuer.url, template.id, template.version, expires)
        with self._guard:
            kept = self._kept.pop(key, None)
        mould = kept or Mould(
            credential(profile, template.achievement(issuer.url), {name: SLOT + name for name in _names(expires)})
        )
        with self._guard:
            self._kept[key] = mould
            while len(self._kept) > MOULDS:
                self._kept.popitem(last=False)
        return mould


class Issuing:
    """One call of ``issue``. :raises ConfigurationError: the settings are not valid."""

    def __init__(self, issuer: Issuer, moulds: Moulds) -> None:
        self._issuer = issuer
        self._moulds = moulds
        self._records = issuer.records
        self._url = issuer.url
        self._ring = issuer.keys()
        self._voice = issuer.voice(self._ring)

    def run(self, awards: Sequence[Award]) -> list[Outcome]:
        refused = self._refused(awards)
        wanted = [award for number, award in enumerate(awards) if number not in refused]
        for _ in range(ROUNDS):
            there = self.current(wanted)
            news = self._made([award for award in wanted if there[same_badge(award)].version == 0], there)
            if not news or self._records.change([badge.change() for badge in news.values()]):
                return [
                    refused.get(number) or self._outcome(award, there, news) for number, award in enumerate(awards)
                ]
        raise TemporaryError("other processes issue the same badges; these are retried", may_have_acted=True)

    def current(self, awards: Iterable[Award]) -> dict[tuple[str, str, str], Badge]:
        """Return the live badge of each award, or an empty one with its future id.

        After a revocation a learner may earn a badge again; it then has the next id.
        """
        open_ = {same_badge(award): 0 for award in awards}
        found: dict[tuple[str, str, str], Badge] = {}
        while open_:
            ids = {what: self._ring.badge_id(*what, str(attempt)) for what, attempt in open_.items()}
            records = self._records.get(badges.KIND, list(ids.values()))
            for what, badge_id in ids.items():
                record = records.get(badge_id)
                badge = read_badge(record) if record else Badge(badge_id, what[0], "", what[1], "", 0.0)
                if badge.revoked_at is None:
                    found[what] = badge
                    del open_[what]
                else:
                    open_[what] += 1
        return found

    def _refused(self, awards: Sequence[Award]) -> dict[int, RejectedError]:
        self._templates = Templates(self._records).get(list({award.template_id for award in awards}))
        refused: dict[int, RejectedError] = {}
        for number, award in enumerate(awards):
            template = self._templates.get(award.template_id)
            if template is None or template.state != "active":
                what = "does not exist" if template is None else f"is {template.state}"
                refused[number] = RejectedError(INVALID_TEMPLATE, f"the badge template {what}")
            elif "@" not in award.recipient.email:
                refused[number] = RejectedError("invalid_recipient", "the learner has no e-mail address")
        return refused

    def _made(
        self, awards: Sequence[Award], there: Mapping[tuple[str, str, str], Badge]
    ) -> dict[tuple[str, str, str], Badge]:
        """Return the signed badges of these awards; equal awards share one."""
        once = {same_badge(award): award for award in reversed(awards)}
        if not once:
            return {}
        first = self._records.take(counter(self._voice.series), len(once))
        made: dict[tuple[str, str, str], Badge] = {}
        for number, (what, award) in enumerate(once.items(), start=first):
            position = Position.of(self._voice.series, number)
            made[what] = self._badge(award, there[what].id, position)
        return made

    def _badge(self, award: Award, badge_id: str, position: Position) -> Badge:
        template = self._templates[award.template_id]
        issued_at = award.issued_at.timestamp()
        until = award.expires_at.timestamp() if award.expires_at else None
        if until is None and template.valid_days:
            until = issued_at + template.valid_days * DAY
        hashed, salt = identity(award.recipient.email)
        status = f"{self._url}/status/{position.list}"
        own = {
            "id": credential_url(self._url, badge_id),
            "issued": when(issued_at),
            "hash": hashed,
            "salt": salt,
            "entry": f"{status}#{position.index}",
            "position": str(position.index),
            "list": status,
            **({"until": when(until)} if until is not None else {}),
        }
        signed = self._signed(template, own, badge_id)
        return Badge(badge_id, template.id, signed, award.recipient.earner_id, str(position), issued_at, until)

    def _signed(self, template: Template, own: dict[str, str], badge_id: str) -> str | dict[str, Any]:
        try:
            # Also for VC-JWT, although it signs the bytes as they are: readers ignore undefined terms.
            mould = self._moulds.of(self._issuer, self._voice, template, expires="until" in own)
            document, quads = mould.fill(own)
        except UndefinedTermError as error:
            raise ConfigurationError(f"the badge template {template.id} cannot be signed: {error}") from None
        if not self._voice.jwt:
            return self._voice.signer.sign(document, quads, when(self._issuer.now()))
        subject = {"id": f"urn:uuid:{self._ring.badge_id('subject', badge_id)}", **document["credentialSubject"]}
        return sign_jwt({**document, "credentialSubject": subject}, self._voice, self._url)

    def _outcome(
        self,
        award: Award,
        there: dict[tuple[str, str, str], Badge],
        news: dict[tuple[str, str, str], Badge],
    ) -> IssuedBadge:
        """Store the new badges; a later equal award finds them."""
        what = same_badge(award)
        existed = what not in news
        badge = there[what] = news.pop(what, there[what])
        return badge.issued(self._url, self._issuer.now(), existed=existed)


def find(issuer: Issuer, award: Award) -> IssuedBadge | None:
    badge = Issuing(issuer, Moulds()).current([award])[same_badge(award)]
    return badge.issued(issuer.url, issuer.now(), existed=True) if badge.version else None


def check_template(issuer: Issuer, ring: KeyRing, template: Template) -> None:
    """Check a template. :raises UndefinedTermError: its badges could not be signed."""
    Moulds().of(issuer, issuer.voice(ring), template, expires=False)


def _names(expires: bool) -> tuple[str, ...]:
    always = ("id", "issued", "hash", "salt", "entry", "position", "list")
    return (*always, "until") if expires else always
