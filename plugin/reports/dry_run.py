"""``rules test``: what would become of an event, and why, without taking it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError

from ...adapters.errors import AdapterError
from ...hooks import SkillCreated
from ...hooks.schemas import schema_of
from ..rules.skill_badges import in_words, match_levels
from ..sources.alm.api.client import AlmClient
from ..sources.alm.api.connect import client_of
from ..sources.alm.decide.cases import CompletionCase, SkillCheckCase, read_event
from ..sources.alm.decide.decide import BatchDecider
from ..sources.alm.webhook.decoder import NotJsonError, decode
from ..sources.alm.webhook.endpoint import AlmEndpoint
from ..sources.decisions import Decision, Dies, Done, Earns, Ignores, Waits
from ..sources.host.source import HostSource, evaluate_rules
from ..store import Connection, InboxEvent, NewEvent, Plan, Store
from ..store.inbox.events import unstored

MAX_EVENTS = 100
"""Maximum events of a file."""
MAX_SKILL_CHECKS = 20
"""Maximum checks of skill levels that are followed for one event."""


class UnreadableError(ValueError):
    """The file has no event that we can read; the message says why and what to do."""


@dataclass(slots=True)
class Trial:
    """One event. :ivar outcome: ``earns``, ``ignored``, ``done``, ``waiting``, ``dead`` or ``unknown``."""

    event: str
    outcome: str = "unknown"
    steps: list[str] = field(default_factory=list)


def try_out(store: Store, body: bytes, *, source: str | None, connection: str | None) -> list[Trial]:
    """Return the outcome that each event of a file would have. It may query ALM; it only reads inbox and ledger.

    :param body: a delivery of ALM, one of its events, or an event of an LMS host, as JSON.
    :param source: the name of the LMS host for an event of a host.
    :param connection: the ALM connection for an event of ALM; None if its account id is enough to find it.
    :raises UnreadableError: when the file has no such event.
    """
    value = _object(body)
    if "events" in value or "eventName" in value:
        if source is not None:
            raise UnreadableError("this is an event of ALM: give --connection, not --source")
        delivery = body if "events" in value else b'{"events":[' + body + b"]}"
        return _of_alm(store, delivery, value.get("accountId"), connection)
    if connection is not None:
        raise UnreadableError("this is no event of ALM (it has neither events nor eventName): leave out --connection")
    return [_of_host(store, value, source)]


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise UnreadableError(f"it is not JSON{where}") from None
    if not isinstance(value, dict):
        raise UnreadableError("it is not a JSON object, as an event or a delivery is")
    return value


def _of_host(store: Store, value: dict[str, Any], source: str | None) -> Trial:
    kind = "skill_created" if "skill_id" in value else "course_completed"
    if source is not None:
        value = {**value, "source": source}
    try:
        event = schema_of(kind).load(value)
        payload = json.dumps(schema_of(kind).dump(event), allow_nan=False)
    except ValidationError as error:
        raise UnreadableError(f"it is no {kind} event of an LMS host: {error.messages}") from None
    except (ValueError, RecursionError, OverflowError):
        raise UnreadableError("it holds numbers or depths that cannot be kept") from None
    learner = event.learner.id if kind == "course_completed" else None
    row = unstored(NewEvent("", event.source, event.id, "", kind, payload, learner_id=learner), store.now())
    trial = Trial(f"{kind} {event.id} of {event.source}")
    _say_if_known(store, row, trial)
    if kind == "skill_created":
        rows = match_levels(store, "", event.source, event)
        trial.steps += [f"level {each.level}: {each.note}" for each in rows]
        _conclude(store, row, trial, Done(in_words(rows)))
        return trial
    verdicts = evaluate_rules(store, row, event)
    trial.steps += [f"{each.why}: {'met' if each.met_at is not None else 'not met'}" for each in verdicts] or [
        f"no rule of {event.source} or of any source names it"
    ]
    for _, decision in next(iter(HostSource(store, {}).decide([row]))):
        _conclude(store, row, trial, decision)
    return trial


def _of_alm(store: Store, delivery: bytes, account: Any, name: str | None) -> list[Trial]:
    connection = _connection(store, account, name)
    try:
        events = AlmEndpoint(connection.name, connection.settings).take(decode(delivery))
    except NotJsonError as error:
        raise UnreadableError(f"it is not JSON: {error}") from None
    if not events:
        raise UnreadableError("it holds no event")
    if len(events) > MAX_EVENTS:
        raise UnreadableError(f"it holds more than {MAX_EVENTS} events")
    client = client_of(store, connection)
    try:
        return [_through_alm(store, connection, client, event) for event in events]
    finally:
        client.close()


def _through_alm(store: Store, connection: Connection, client: AlmClient, event: NewEvent) -> Trial:
    row = unstored(event, store.now())
    subject = f", learner {event.learner_id}, {event.learning_object_id}" if event.learner_id else ""
    trial = Trial(f"{event.kind} {event.event_id} of {event.source}{subject}")
    _say_if_known(store, row, trial)
    decider = BatchDecider(store, connection, store.cache(connection.name), client)
    open_rows, checks = [row], 0
    while open_rows:
        current = open_rows.pop(0)
        if current is not row:
            trial.steps.append(f"then checks {current.learning_object_id}")
        try:
            decision = _decided(store, decider, current, connection)
        except AdapterError as error:
            trial.steps.append(f"cannot be decided now: {error}")
            break
        _conclude(store, current, trial, decision, follows=current is not row)
        for following in decision.follow if isinstance(decision, Earns) else ():
            checks += 1
            if checks <= MAX_SKILL_CHECKS:
                open_rows.append(unstored(following, store.now()))
    asked = decider.asked
    trial.steps.append(f"asked ALM for {', '.join(asked)}" if asked else "asked ALM nothing")
    return trial


def _decided(store: Store, decider: BatchDecider, row: InboxEvent, connection: Connection) -> Decision:
    each = read_event(row, connection)
    if isinstance(each, SkillCreated):
        return Done(in_words(match_levels(store, connection.name, connection.name, each)))
    if isinstance(each, CompletionCase):
        portions = decider.decide([each])
    elif isinstance(each, SkillCheckCase):
        portions = decider.decide([], [each])
    else:
        return each
    return next(decision for portion in portions for _, decision in portion)


def _connection(store: Store, account: Any, name: str | None) -> Connection:
    known = [each for each in store.connections.all() if each.role == "source"]
    if name is None and account is not None:
        chosen = [each for each in known if each.settings.get("account_id") == str(account)] or known
    else:
        chosen = [each for each in known if name in (None, each.name)]
    if len(chosen) != 1:
        names = ", ".join(each.name for each in known) or "none"
        raise UnreadableError(f"say with --connection through which ALM connection it came (known: {names})")
    return chosen[0]


def _say_if_known(store: Store, row: InboxEvent, trial: Trial) -> None:
    for event in store.views.events_called(row.event_id):
        if (event["connection"], event["source"]) == (row.connection, row.source):
            trial.steps.append(
                f"it is event {event['id']} already ({event['state']}): delivered again, nothing happens"
            )


def _conclude(store: Store, row: InboxEvent, trial: Trial, decision: Decision, *, follows: bool = False) -> None:
    outcome, steps = "dead", [""]
    match decision:
        case Earns(plans, how, follow):
            outcome = "earns" if plans else "done"
            steps = [*([how] if how else []), *(_award(store, row, plan) for plan in plans)]
            steps += [f"would check {each.learning_object_id} afterwards" for each in follow]
        case Ignores(reason):
            outcome, steps = "ignored", [f"would be ignored: {reason}"]
        case Done(what):
            outcome, steps = "done", [f"would be done: {what}"]
        case Waits(reason, seconds):
            outcome, steps = "waiting", [f"would wait {seconds:.0f} s at first: {reason}"]
        case Dies(reason):
            outcome, steps = "dead", [f"would be dead: {reason}"]
    trial.steps += steps
    if not follows or outcome == "earns":
        trial.outcome = outcome


def _award(store: Store, row: InboxEvent, plan: Plan) -> str:
    names = {each.template_id: each.name for each in store.catalogue.templates(plan.connection)}
    badge = f"{names.get(plan.template_id, plan.template_id)!r} of {plan.connection}"
    when = datetime.fromtimestamp(plan.issued_at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    period = f", period {plan.period}" if plan.period else ""
    return f"would earn {badge}, dated {when}{period}{_already(store, row, plan)}"


def _already(store: Store, row: InboxEvent, plan: Plan) -> str:
    found = store.ledger.find(row, plan)
    return "" if found is None else f": it is award {found.id} already ({found.state})"


def lines_of(trials: Iterable[Trial]) -> list[str]:
    lines = []
    for trial in trials:
        lines += [f"{trial.event}: {trial.outcome}", *(f"  {step}" for step in trial.steps)]
    return lines
