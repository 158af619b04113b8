"""Queries for people: lists and single records of events and awards."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from .database import Database, Transaction
from .schema.tables import awards, events, history, templates

MAX_NUMBER = 2**63 - 1
"""Maximum number of an event or award that a database can store."""

IDS_AT_ONCE = 500
"""Maximum number of ids in one statement."""


class Views:
    """Lists and single records of events and awards, as dictionaries by column."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def events(
        self,
        *,
        state: str | None = None,
        source: str | None = None,
        template: str | None = None,
        email: str | None = None,
        since: float | None = None,
        limit: int = 50,
    ) -> list[dict[str, Any]]:
        """Return events, the newest first.

        :param template: the id or name of a badge template; only events that planned or matched an award of it.
        :param email: only events that carry this address, or whose learner has an award that went to it.
        :param since: only events received from this time on, in seconds since the epoch.
        """
        query = sa.select(events).order_by(events.c.id.desc()).limit(limit)
        if template is not None:
            of_template = sa.select(awards.c.id).where(_of_template(template))
            met = sa.select(history.c.event_id).where(history.c.award_id.in_(of_template))
            query = query.where(events.c.id.in_(met))
        if email is not None:
            of_person = sa.select(awards.c.id).where(
                awards.c.source == events.c.source, awards.c.learner_id == events.c.learner_id, _went_to(email)
            )
            carries = sa.func.lower(events.c.payload).contains(_json_text(email), autoescape=True)
            query = query.where(sa.or_(of_person.exists(), carries))
        if since is not None:
            query = query.where(events.c.received_at >= since)
        if state is not None:
            query = query.where(events.c.state == state)
        if source is not None:
            query = query.where(sa.or_(events.c.source == source, events.c.connection == source))
        return self._rows(query)

    def awards(
        self,
        *,
        state: str | None = None,
        connection: str | None = None,
        learner: str | None = None,
        event: int | None = None,
        template: str | None = None,
        email: str | None = None,
        since: float | None = None,
        limit: int = 50,
    ) -> list[dict[str, Any]]:
        """Return awards, the newest first.

        :param template: the id or name of a badge template.
        :param email: only awards that went to this address, in any letter case.
        :param since: only awards created from this time on, in seconds since the epoch.
        """
        query = sa.select(awards).order_by(awards.c.id.desc()).limit(limit)
        if template is not None:
            query = query.where(_of_template(template))
        if email is not None:
            query = query.where(_went_to(email))
        if since is not None:
            query = query.where(awards.c.created_at >= since)
        for column, wanted in (
            (awards.c.state, state),
            (awards.c.connection, connection),
            (awards.c.learner_id, learner),
            (awards.c.event_id, event),
        ):
            if wanted is not None:
                query = query.where(column == wanted)
        return self._rows(query)

    def template_names(self) -> dict[tuple[str, str], str]:
        """Return the names of the known badge templates by connection and id."""
        with self._database.read() as transaction:
            rows = transaction.execute(sa.select(templates.c.connection, templates.c.template_id, templates.c.name))
            return {(row.connection, row.template_id): row.name for row in rows}

    def learner_names(self, learners: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """Return the names of learners by source and id, each as the learner's newest award has it."""
        wanted = set(learners)
        ids = sorted({learner_id for _, learner_id in wanted})
        columns = (awards.c.source, awards.c.learner_id, awards.c.recipient)
        found: dict[tuple[str, str], str] = {}
        with self._database.read() as transaction:
            for start in range(0, len(ids), IDS_AT_ONCE):
                some = awards.c.learner_id.in_(ids[start : start + IDS_AT_ONCE])
                for row in transaction.execute(sa.select(*columns).where(some).order_by(awards.c.id)):
                    recipient = json.loads(row.recipient)
                    name = " ".join(filter(None, (recipient.get("first_name"), recipient.get("last_name"))))
                    if name and (row.source, row.learner_id) in wanted:
                        found[row.source, row.learner_id] = name
        return found

    def event(self, event_id: int) -> dict[str, Any] | None:
        """Return an event by its number; None if there is none."""
        return self._row(events, event_id)

    def award(self, award_id: int) -> dict[str, Any] | None:
        """Return an award by its number; None if there is none."""
        return self._row(awards, award_id)

    def events_called(self, name: str) -> list[dict[str, Any]]:
        """Return at most 50 events with this event id of their sender or this correlation id.

        The event id is searched sender by sender, as there are few: an index on it would slow down each delivery.
        """
        numbers = sa.select(events.c.id).order_by(events.c.id).limit(50)
        with self._database.read() as transaction:
            found = set(transaction.scalars(numbers.where(events.c.correlation_id == name)))
            for sender, source in _senders(transaction):
                of_sender = [events.c.connection == sender, events.c.source == source]
                found.update(transaction.scalars(numbers.where(*of_sender, events.c.event_id == name)))
            query = sa.select(events).where(events.c.id.in_(sorted(found)[:50])).order_by(events.c.id)
            return [dict(row._mapping) for row in transaction.execute(query)]

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the number of events and awards by table name and state."""
        with self._database.read() as transaction:
            return {
                table.name: {row.state: row.rows for row in transaction.execute(_per_state(table))}
                for table in (events, awards)
            }

    def _row(self, table: sa.Table, number: int) -> dict[str, Any] | None:
        if not 0 < number <= MAX_NUMBER:
            return None
        return next(iter(self._rows(sa.select(table).where(table.c.id == number))), None)

    def _rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self._database.read() as transaction:
            return [dict(row._mapping) for row in transaction.execute(query)]


def _of_template(template: str) -> sa.ColumnElement[bool]:
    named = sa.select(templates.c.template_id).where(
        templates.c.connection == awards.c.connection, sa.func.lower(templates.c.name) == template.lower()
    )
    return sa.or_(awards.c.template_id == template, awards.c.template_id.in_(named))


def _went_to(email: str) -> sa.ColumnElement[bool]:
    return sa.func.lower(awards.c.recipient).contains(f'"email": {_json_text(email)}', autoescape=True)


def _json_text(text: str) -> str:
    return json.dumps(text.strip().lower())


def _senders(transaction: Transaction) -> Iterator[tuple[str, str]]:
    """Yield the connections and sources that have events, each found by one search of the index."""
    first = sa.select(events.c.connection, events.c.source).order_by(events.c.connection, events.c.source).limit(1)
    sender = transaction.execute(first).one_or_none()
    while sender is not None:
        connection, source = sender
        yield connection, source
        same = first.where(events.c.connection == connection, events.c.source > source)
        other = first.where(events.c.connection > connection)  # one query of both would read all rows in between
        sender = transaction.execute(same).one_or_none() or transaction.execute(other).one_or_none()


def _per_state(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.state, sa.func.count().label("rows")).group_by(table.c.state)
