"""Checks of badge.csv's external columns against the badge templates of provider connections."""

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
"""Maximum unknown providers that are reported by name."""

OTHERS = "(others)"
"""The name for all further unknown providers."""

Target = tuple[str, str]
"""A provider connection, and a template's id as the provider writes it."""


class _Issuer:
    """A provider connection, whose templates are read when a row first names its provider."""

    def __init__(self, connection: Connection, templates: Callable[[Connection], Sequence[Template]]) -> None:
        self.connection = connection
        self._ask = templates

    @cached_property
    def all(self) -> Sequence[Template]:
        return self._ask(self.connection)

    def template(self, template_id: str) -> Template | None:
        """Return the template of this id; if there is none, ignore upper and lower case."""
        return self._by_id.get(template_id) or self._by_id.get(template_id.lower())

    @cached_property
    def _by_id(self) -> Mapping[str, Template]:
        lowered = {template.id.lower(): template for template in self.all}
        return lowered | {template.id: template for template in self.all}

    @cached_property
    def nearest(self) -> Nearest:
        return Nearest(self.all)


class BadgeCheck:
    """Checks the external columns of one badge.csv.

    :param issuers: the connection that issues each provider's badges.
    :param templates: returns all templates of a connection; may raise an AdapterError.
    :param elsewhere: the connections that have a template, by its id in lower case.
    :param providers: the names of all providers that badgerelay can issue with, in lower case.
    :ivar unknown_providers: the number of rows for each other provider, which is no fault. Beyond
        :data:`MAX_UNKNOWN` providers, the others are counted as :data:`OTHERS`.
    :ivar used: the names of the connections that issue a badge of the file.
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
        """Yield the rows, by index, whose template cannot be issued."""
        said = zip(columns[ID], columns[PROVIDER], columns["state"], columns["badgeName"], strict=True)
        for index, (template_id, provider, state, name) in enumerate(said):
            if template_id or provider:
                fault = self._fault(template_id, provider, name, retired=state.lower() == "retired")
                if fault is not None:
                    yield index, fault

    def targets(self, columns: Columns) -> list[Target | None]:
        """Return the issuing template of each row without a fault; None for a retired badge, which is not issued."""
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
        what = f"is the {template.state} template {template.name!r}, which cannot be issued"
        hint = "choose an active one, make it active at the provider, or let the badge be Retired"
        return Fault(f"template_{template.state}", what, hint, ID)

    def _without_issuer(self, provider: str) -> Fault | None:
        if provider in self._open:
            what = f"has the connections {', '.join(self._open[provider])}"
            return Fault("several_connections", what, "choose the one that issues with --connection", PROVIDER)
        if provider in self._providers:
            hint = f"connect it with `badgerelay connect {provider} NAME`, or name another provider"
            return Fault("not_connected", "is a provider without a connection", hint, PROVIDER)
        return None

    def _unknown(self, issuer: _Issuer, template_id: str, name: str) -> Fault:
        own = issuer.connection
        for other in self._elsewhere.get(template_id.lower(), ()):
            if other.name != own.name:
                what = f"belongs to the connection {other.name!r}, not to {own.name!r}"
                same = other.type == own.type
                hint = f"choose it with --connection {other.name}" if same else f"its provider is {other.type}"
                return Fault("other_connection", what, hint, ID)
        hint = "see `badgerelay templates list`"
        near = issuer.nearest.to(template_id, name)
        what = f"is not a badge template of the connection {own.name!r}"
        return Fault("unknown_template", what, f"{near}; {hint}" if near else hint, ID)
