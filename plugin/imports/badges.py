"""badge.csv's external columns against the templates of one provider connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from ..store import Connection
from .kinds import Columns
from .nearest import Nearest
from .problems import Fault
from .templates import Template

ID, PROVIDER = "externalBadgeId", "externalBadgeProvider"
Target = tuple[str, str]
"""A provider connection and the template's id as the provider writes it."""


class BadgeCheck:
    """:param connection: that the badges are to be issued from.
    :param templates: all that it has now.
    :param elsewhere: connections, by the ids of their templates, in small letters.
    :param providers: names of all providers that badgerelay can issue at, in small letters.
    :ivar unknown_providers: how many rows name each other provider, which is no fault of theirs.
    """

    def __init__(
        self,
        connection: Connection,
        templates: Sequence[Template],
        elsewhere: Mapping[str, str],
        providers: Collection[str],
    ) -> None:
        self._connection = connection
        self._templates = {template.id.lower(): template for template in templates}
        self._nearest = Nearest(templates)
        self._elsewhere = elsewhere
        self._providers = providers
        self.unknown_providers: Counter[str] = Counter()

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
            if provider and not self._ours(provider):
                self.unknown_providers[provider] += 1
            usable = template_id and self._ours(provider) and state.lower() == "active"
            template = self._templates.get(template_id.lower()) if usable else None
            found.append((self._connection.name, template.id) if template else None)
        return found

    def _ours(self, provider: str) -> bool:
        return provider.lower() == self._connection.type.lower()

    def _fault(self, template_id: str, provider: str, name: str, *, retired: bool) -> Fault | None:
        if not template_id:
            return Fault("missing_template", "is missing: a provider is named", "give the badge template's id", ID)
        if not provider:
            hint = f"name the provider, such as {self._connection.type}"
            return Fault("missing_provider", "is missing: a badge template is named", hint, PROVIDER)
        if not self._ours(provider):
            if provider.lower() not in self._providers:
                return None
            what = f"is not the provider of the connection {self._connection.name!r}, {self._connection.type!r}"
            return Fault("wrong_provider", what, "choose another connection with --connection", PROVIDER)
        template = self._templates.get(template_id.lower())
        if template is None:
            return self._unknown(template_id, name)
        if template.state == "active" or retired:
            return None
        what = f"is the {template.state} template {template.name!r}, of which no badge can be issued"
        hint = "choose an active one, make it active at the provider, or let the badge be Retired"
        return Fault(f"template_{template.state}", what, hint, ID)

    def _unknown(self, template_id: str, name: str) -> Fault:
        other = self._elsewhere.get(template_id.lower())
        if other is not None:
            what = f"belongs to the connection {other!r}, not to {self._connection.name!r}"
            return Fault("other_connection", what, f"choose it with --connection {other}", ID)
        hint = "see `badgerelay templates list` for those there are"
        near = self._nearest.to(template_id, name)
        what = f"is no badge template of the connection {self._connection.name!r}"
        return Fault("unknown_template", what, f"{near}; {hint}" if near else hint, ID)
