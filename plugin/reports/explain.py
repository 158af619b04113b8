"""Explanations of awards, events and connections: each step in order, and the reason for a wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...adapters.errors import ConfigurationError
from ..connections.schemas import schema_of
from ..store import Connection, Store
from ..store.history import changes_of


@dataclass(frozen=True, slots=True)
class Step:
    """One change of an event or an award.

    :param at: seconds since the epoch.
    :param about: ``event 3`` or ``award 7``.
    """

    at: float
    about: str
    state: str
    cause: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The steps of a completion, with the rows of its events and awards as they are now."""

    correlation_id: str
    events: list[dict[str, Any]]
    awards: list[dict[str, Any]]
    steps: list[Step]


def explain(store: Store, which: str, *, is_event: bool = False) -> list[Explanation]:
    """Explain an award by its number, or events by the sender's id or a correlation id. Empty if there is none.

    :param is_event: take a number as an event's.
    """
    number = int(which) if which.isdecimal() and len(which) < 20 else None
    if is_event:
        event = None if number is None else store.views.event(number)
        if number is not None:
            return [] if event is None else [explain_event(store, event)]
    elif number is not None and (award := store.views.award(number)) is not None:
        return [explain_award(store, award)]
    return [explain_event(store, event) for event in store.views.events_called(which)]


def explain_award(store: Store, award: dict[str, Any]) -> Explanation:
    """Explain one award, with the event that made it."""
    event = store.views.event(award["event_id"])
    return _explanation(store, [event] if event else [], [award])


def explain_event(store: Store, event: dict[str, Any]) -> Explanation:
    """Explain an event, with the awards that it made or met."""
    with store.database.read() as transaction:
        met = {change["award_id"] for change in changes_of(transaction, event_id=event["id"]) if change["award_id"]}
    found = [store.views.award(award_id) for award_id in sorted(met)]
    return _explanation(store, [event], [award for award in found if award])


def waiting_for(store: Store, awards: list[dict[str, Any]]) -> dict[int, str]:
    """Return by its number the reason for which each planned or waiting award is not sent yet."""
    return {award["id"]: _waits_for(store, award) for award in awards if award["state"] in ("planned", "waiting")}


def describe_connection(connection: Connection, now: float) -> dict[str, Any]:
    """Return a connection's name, role, type, account, state and last error, as people and programs read them."""
    reason, trouble = held_up_by(connection, now)
    return {
        "name": connection.name,
        "role": connection.role,
        "type": connection.type,
        "account": connection.account,
        "state": reason or ("fails" if connection.failures else "works"),
        "trouble": trouble,
    }


def held_up_by(connection: Connection, now: float) -> tuple[str | None, str | None]:
    """Return the reason for which a connection lets nothing through, and its last error; None where there is none."""
    try:
        schema_of(connection.type)
    except ConfigurationError as error:
        return "stopped: its adapter does not work", connection.trouble or str(error)
    reason = None
    if connection.stopped:
        reason = f"stopped: {connection.stopped}"
    elif connection.paused:
        reason = "paused"
    elif connection.retry_at > now:
        what = "rests" if connection.failures else "its rate is used up; waits"
        reason = f"{what} until {_time(connection.retry_at)}"
    return reason, connection.trouble


def _waits_for(store: Store, award: dict[str, Any]) -> str:
    connection = store.connections.get(award["connection"])
    if connection is None:
        return f"its connection {award['connection']} is gone: connect it again"
    reason, trouble = held_up_by(connection, store.now())
    if reason:
        return f"its connection {connection.name}: {reason}" + (f" ({trouble})" if trouble else "")
    return f"it is tried at {_time(award['due_at'])}, through its connection {connection.name}"


def _explanation(store: Store, events: list[dict[str, Any]], awards: list[dict[str, Any]]) -> Explanation:
    changes: dict[int, tuple[dict[str, Any], str]] = {}
    with store.database.read() as transaction:
        for event in events:
            for change in changes_of(transaction, event_id=event["id"]):
                changes[change["id"]] = (change, f"event {event['id']}")
        for award in awards:
            for change in changes_of(transaction, award_id=award["id"]):
                changes[change["id"]] = (change, f"award {award['id']}")
    # By number, not by time: a clock may have stepped back. An arrival comes before the first change that it caused.
    steps: list[Step] = []
    arriving = {event["id"]: event for event in events}
    for _, (change, about) in sorted(changes.items()):
        if change["event_id"] in arriving:
            steps.append(_arrival(arriving.pop(change["event_id"])))
        steps.append(_step(change, about))
    steps += [_arrival(event) for event in arriving.values()]
    main = (awards or events)[0]
    return Explanation(main["correlation_id"], events, awards, steps)


def _arrival(event: dict[str, Any]) -> Step:
    came = f"{event['kind']} {event['event_id']} of {event['source']}"
    about = f", learner {event['learner_id']}, {event['learning_object_id']}" if event["learner_id"] else ""
    decided_at_once = event["state"] in ("ignored", "dead") and not event["attempts"]
    ends = f": {event['reason']}" if decided_at_once else ""
    state = event["state"] if decided_at_once else "received"
    return Step(event["received_at"], f"event {event['id']}", state, came + about + ends)


def _step(change: dict[str, Any], about: str) -> Step:
    return Step(change["at"], about, change["state"], change["cause"])


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
