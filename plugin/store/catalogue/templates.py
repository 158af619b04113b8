"""The catalogue: badge templates of provider connections as they were last synchronized."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ....adapters.errors import TemporaryError
from ....adapters.values import BadgeTemplate
from ..database import Database
from ..schema.tables import template_changes, templates
from .template_changes import DELETED, TemplateChange, changes_between, doubtful
from .values import CatalogueTemplate, IssuableTemplate, RecordedChange


class DoubtfulListError(TemporaryError):
    """A provider's list of templates lacks so many known templates that it is probably wrong."""


@dataclass(frozen=True, slots=True)
class Synchronized:
    """The result of a synchronization.

    :param templates: the number of the provider's templates.
    :param changes: empty at the first synchronization.
    """

    templates: int
    changes: tuple[TemplateChange, ...]


class Catalogue:
    """The badge templates of all provider connections."""

    def __init__(self, database: Database) -> None:
        self._database = database
        added = database.insert(templates)
        fields = ("name", "state", "image_url", "url", "allows_duplicates", "synced_at")
        self._put = added.on_conflict_do_update(
            index_elements=["connection", "template_id"], set_={name: added.excluded[name] for name in fields}
        )

    def synchronize(
        self, connection_name: str, found: Iterable[BadgeTemplate], now: float, *, accept_missing: bool = False
    ) -> Synchronized:
        """Make the catalogue of a connection equal to the provider's list, and record the changes.

        A template that is not listed any more stays, as ``deleted``, since rules and awards may name it.

        :param found: read to its end before anything is changed.
        :param now: the time when the listing began; the result of a later listing is left as it is.
        :param accept_missing: accept a list that lacks many known templates.
        :raises DoubtfulListError: the list lacks too many templates; nothing was changed.
        """
        # A template that moved between two pages while they were read comes twice.
        listed = {template.id: template for template in found}
        with self._database.write() as transaction:
            mine = templates.c.connection == connection_name
            query = sa.select(templates).where(mine).order_by(templates.c.template_id).with_for_update()
            before = {row.template_id: CatalogueTemplate(**row._mapping) for row in transaction.execute(query)}
            if any(row.synced_at > now for row in before.values()):
                return Synchronized(len(listed), ())
            changes = changes_between(before, listed.values()) if before else []
            if not accept_missing and doubtful(before.values(), changes):
                known = sum(row.state != DELETED for row in before.values())
                raise DoubtfulListError(
                    f"the provider lists {len(listed)} badge templates where the catalogue has {known}: nothing was "
                    f"changed; if that is right, run `badgerelay templates sync {connection_name} --accept-missing`"
                )
            if listed:
                transaction.execute(self._put, [_row(connection_name, each, now) for each in listed.values()])
            gone = [change.template_id for change in changes if change.kind == "deleted"]
            for template_id in gone:
                deleted = sa.update(templates).where(mine, templates.c.template_id == template_id)
                transaction.execute(deleted.values(state=DELETED, synced_at=now))
            if changes:
                transaction.execute(
                    sa.insert(template_changes), [_changed(connection_name, each, now) for each in changes]
                )
        return Synchronized(len(listed), tuple(changes))

    def templates(self, connection_name: str | None = None) -> list[CatalogueTemplate]:
        """Return the templates of one connection or of all, with the last change of each."""
        latest = sa.select(sa.func.max(template_changes.c.id).label("id")).group_by(
            template_changes.c.connection, template_changes.c.template_id
        )
        if connection_name is not None:
            latest = latest.where(template_changes.c.connection == connection_name)
        last = latest.subquery()
        changed = sa.select(template_changes).join(last, last.c.id == template_changes.c.id).subquery()
        same = sa.and_(
            changed.c.connection == templates.c.connection, changed.c.template_id == templates.c.template_id
        )
        query = (
            sa.select(templates, changed.c.change, changed.c.at.label("changed_at"))
            .outerjoin(changed, same)
            .order_by(templates.c.connection, templates.c.name)
        )
        if connection_name is not None:
            query = query.where(templates.c.connection == connection_name)
        with self._database.read() as transaction:
            return [CatalogueTemplate(**row._mapping) for row in transaction.execute(query)]

    def active(self, connection_names: Collection[str] | None = None) -> list[IssuableTemplate]:
        """Return the templates of these connections, or of all, that can be issued."""
        query = (
            sa.select(templates.c.connection, templates.c.template_id, templates.c.name)
            .where(templates.c.state == "active")
            .order_by(templates.c.connection, templates.c.name)
        )
        if connection_names is not None:
            query = query.where(templates.c.connection.in_(connection_names))
        with self._database.read() as transaction:
            return [IssuableTemplate(**row._mapping) for row in transaction.execute(query)]

    def state_of(self, connection_name: str, template_id: str) -> str | None:
        """Return the state of a template as it was last synchronized; None if the catalogue does not have it."""
        with self._database.read() as transaction:
            return transaction.scalar(STATE_OF, {"of_connection": connection_name, "of_template": template_id})

    def spelled(self, connection_name: str, template_id: str) -> str:
        """Return the id with the provider's upper and lower case, if exactly one template matches."""
        wanted = {"of_connection": connection_name, "of_template": template_id}
        with self._database.read() as transaction:
            if transaction.scalar(STATE_OF, wanted) is not None:
                return template_id
            alike = transaction.scalars(_ALIKE, wanted).all()
        return str(alike[0]) if len(alike) == 1 else template_id

    def synchronized_at(self, connection_name: str) -> float:
        """Return when the last synchronization began, in seconds since the epoch; 0.0 if there was none."""
        last = sa.select(sa.func.max(templates.c.synced_at)).where(templates.c.connection == connection_name)
        with self._database.read() as transaction:
            return transaction.scalar(last) or 0.0

    def changes(self, connection_name: str | None = None, *, limit: int = 50) -> list[RecordedChange]:
        """Return the changes that synchronizations have found, the newest first."""
        query = sa.select(template_changes).order_by(template_changes.c.id.desc()).limit(limit)
        if connection_name is not None:
            query = query.where(template_changes.c.connection == connection_name)
        with self._database.read() as transaction:
            return [RecordedChange(**row._mapping) for row in transaction.execute(query)]

    def trouble_with(self, targets: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """Return why templates cannot be issued, in words, for those of these templates of connections."""
        wanted = {name for name, _ in targets}
        query = sa.select(templates.c.connection, templates.c.template_id, templates.c.state)
        with self._database.read() as transaction:
            rows = transaction.execute(query.where(templates.c.connection.in_(wanted)))
            states = {(row.connection, row.template_id): str(row.state) for row in rows}
        return {
            target: unusable(states[target]) if target in states else "its badge template is not in the catalogue"
            for target in targets
            if states.get(target) != "active"
        }


def unusable(state: str) -> str:
    """Return why a template of this state cannot be issued."""
    return f"its badge template is {state} at the provider"


STATE_OF = sa.select(templates.c.state).where(
    templates.c.connection == sa.bindparam("of_connection"), templates.c.template_id == sa.bindparam("of_template")
)

# Reads only the primary key's index.
_ALIKE = (
    sa.select(templates.c.template_id)
    .where(
        templates.c.connection == sa.bindparam("of_connection"),
        sa.func.lower(templates.c.template_id) == sa.func.lower(sa.bindparam("of_template")),
    )
    .limit(2)
)


def _row(connection_name: str, template: BadgeTemplate, now: float) -> dict[str, Any]:
    return {
        "connection": connection_name,
        "template_id": template.id,
        "name": template.name,
        "state": template.state,
        "image_url": template.image_url,
        "url": template.url,
        "allows_duplicates": template.allows_duplicates,
        "synced_at": now,
    }


def _changed(connection_name: str, change: TemplateChange, now: float) -> dict[str, Any]:
    return {
        "connection": connection_name,
        "template_id": change.template_id,
        "at": now,
        "change": change.kind,
        "name": change.name,
        "before": change.before,
        "after": change.after,
    }
