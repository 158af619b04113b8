"""The whole way of one award, or of a completion that made none, in the order in which it went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..store import Store
from ..store.history import changes_of


@dataclass(frozen=True, slots=True)
class Step:
    """:param at: seconds since the epoch. :param about: ``event 3`` or ``award 7``."""

    at: float
    about: str
    state: str
    cause: str


@dataclass(frozen=True, slots=True)
class Explanation:
    correlation_id: str
    events: list[dict[str, Any]]
    awards: list[dict[str, Any]]
    steps: list[Step]


def explain_award(store: Store, award: dict[str, Any]) -> Explanation:
    event = store.views.event(award["event_id"])
    return _explanation(store, [event] if event else [], [award])


def explain_event(store: Store, event: dict[str, Any]) -> Explanation:
    """An event and the awards that it made or met."""
    with store.database.read() as transaction:
        met = {change["award_id"] for change in changes_of(transaction, event_id=event["id"]) if change["award_id"]}
    found = [store.views.award(award_id) for award_id in sorted(met)]
    return _explanation(store, [event], [award for award in found if award])


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
