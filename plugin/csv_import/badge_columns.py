"""badge.csv's external columns against the templates of the provider connections that they choose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property

from ..csvfiles.problems import Fault
from ..providers.live_templates import Template
from ..store import Connection
from .file_kinds import Columns
from .options import Issuers
from .suggestions import Nearest

ID, PROVIDER = "externalBadgeId", "externalBadgeProvider"
MAX_UNKNOWN = 100
"""Providers that badgerelay knows nothing of and that are told by name."""

OTHERS = "(others)"
"""Stands for all further ones."""

Target = tuple[str, str]
"""A provider connection and the template's id as the provider writes it."""


class _Issuer:
    """A connection; its templates are asked for once a row names its provider."""

    def __init__(self, connection: Connection, templates: Callable[[Connection], Sequence[Template]]) -> None:
        self.connection = connection
        self._ask = templates

    @cached_property
    def all(self) -> Sequence[Template]:
        return self._ask(self.connection)

    def template(self, template_id: str) -> Template | None:
        """The one of that id; else one whose id has other cases of letters."""
        return self._by_id.get(template_id) or self._by_id.get(template_id.lower())

    @cached_property
    def _by_id(self) -> Mapping[str, Template]:
        lowered = {template.id.lower(): template for template in self.all}
        return lowered | {template.id: template for template in self.all}

    @cached_property
    def nearest(self) -> Nearest:
        return Nearest(self.all)


class BadgeCheck:
    """:param issuers: which connection issues the badges of which provider.
    :param templates: gives all that a connection has now; may raise an AdapterError.
    :param elsewhere: all connections that have a template, by its id in small letters.
    :param providers: names of all providers that badgerelay can issue at, in small letters.
    :ivar unknown_providers: how many rows name each other provider, which is no fault of theirs; further than
        :data:`MAX_UNKNOWN`, all together as :data:`OTHERS`.
    :ivar used: names of the connections that issue a badge of the file.
    """

    def __init__(
        self,
        issuers: Issuers,
        templates: Callable[[Connection], Sequence[Template]],
        elsewhere: Mapping[str, Sequence[Connection]],
        providers: Collection[str],
    ) -> None:
        self._issuers = {provider: _Issuer(each, templates) for provider, each in issuers.chosen.items()}
        self._open = issuers.open
        self._elsewhere = elsewhere
        self._providers = providers
        self.unknown_providers: Counter[str] = Counter()
        self.used: set[str] = set()

    def faults(self, columns: Columns) -> Iterator[tuple[int, Fault]]:
        """Rows, by number, whose template cannot be issued."""
        said = zip(columns[ID], columns[PROVIDER], columns["state"], columns["badgeName"], strict=True)
        for index, (template_id, provider, state, name) in enumerate(said):
            if template_id or provider:
                fault = self._fault(template_id, provider, name, retired=state.lower() == "retired")
                if fault is not None:
                    yield index, fault

    def targets(self, columns: Columns) -> list[Target | None]:
        """Of rows without a fault: what each is issued from. A retired badge is issued no more."""
        found: list[Target | None] = []
        for template_id, provider, state in zip(columns[ID], columns[PROVIDER], columns["state"], strict=True):
            issuer = self._issuers.get(provider.lower())
            if provider and issuer is None:
                full = len(self.unknown_providers) >= MAX_UNKNOWN
                self.unknown_providers[OTHERS if full and provider not in self.unknown_providers else provider] += 1
            usable = bool(template_id) and state.lower() == "active"
            template = issuer.template(template_id) if issuer is not None and usable else None
            if issuer is None or template is None:
                found.append(None)
            else:
                self.used.add(issuer.connection.name)
                found.append((issuer.connection.name, template.id))
        return found

    def _fault(self, template_id: str, provider: str, name: str, *, retired: bool) -> Fault | None:
        if not template_id:
            return Fault("missing_template", "is missing: a provider is named", "give the badge template's id", ID)
        if not provider:
            known = min(self._issuers or self._open or self._providers, default="")
            hint = "name the provider" + (f", such as {known}" if known else "")
            return Fault("missing_provider", "is missing: a badge template is named", hint, PROVIDER)
        issuer = self._issuers.get(provider.lower())
        if issuer is None:
            return self._without_issuer(provider.lower())
        template = issuer.template(template_id)
        if template is None:
            return self._unknown(issuer, template_id, name)
        if template.state == "active" or retired:
            return None
        what = f"is the {template.state} template {template.name!r}, of which no badge can be issued"
        hint = "choose an active one, make it active at the provider, or let the badge be Retired"
        return Fault(f"template_{template.state}", what, hint, ID)

    def _without_issuer(self, provider: str) -> Fault | None:
        if provider in self._open:
            what = f"has the connections {', '.join(self._open[provider])}"
            return Fault("several_connections", what, "choose the one that issues with --connection", PROVIDER)
        if provider in self._providers:
            hint = f"connect it with `badgerelay connect {provider} NAME`, or name another provider"
            return Fault("not_connected", "is a provider of which no connection is there", hint, PROVIDER)
        return None

    def _unknown(self, issuer: _Issuer, template_id: str, name: str) -> Fault:
        own = issuer.connection
        for other in self._elsewhere.get(template_id.lower(), ()):
            if other.name != own.name:
                what = f"belongs to the connection {other.name!r}, not to {own.name!r}"
                same = other.type == own.type
                hint = f"choose it with --connection {other.name}" if same else f"its provider is {other.type}"
                return Fault("other_connection", what, hint, ID)
        hint = "see `badgerelay templates list` for those there are"
        near = issuer.nearest.to(template_id, name)
        what = f"is no badge template of the connection {own.name!r}"
        return Fault("unknown_template", what, f"{near}; {hint}" if near else hint, ID)
