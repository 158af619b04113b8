"""ALM as a source: who decides on the events of one account's connection, and when it lets ALM rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .....adapters.errors import ConfigurationError, OverBudgetError, TemporaryError
from .....hooks import SkillCreated
from ....delivery.outcomes import PROBE_SECONDS, open_circuit
from ....rules.skill_badges import take_skill
from ....rules.template_matching import SkillTemplates
from ....store import Connection, InboxEvent, Store
from ...decisions import Decided, Decision, Dies, Done, Ignores, Waits
from ..api.client import AlmClient
from ..api.connect import client_of
from ..webhook.event_names import SKILL_CREATED
from ..webhook.synthetic_events import read_skill
from ..webhook.triage import account_of, fate_of
from .decide import BUDGET_USED_UP, Case, Look, Visit, until_budget
from .earned import event_of
from .skill_checks import KIND, read_check


class AlmSource:
    """Decides on the events of one ALM connection; its lane has its name."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name
        self._cache = store.cache(name)
        self._made: tuple[float, AlmClient] | None = None

    def decide(self, events: Sequence[InboxEvent]) -> Iterator[list[Decided]]:
        connection = self._store.connections.get(self._name)
        if connection is None:
            yield [(row, Dies("the connection was removed")) for row in events]
            return
        read = [(row, read_event(row, connection)) for row in events]
        yield [(row, each) for row, each in read if not isinstance(each, Case | Look | SkillCreated)]
        yield from self._decide_on_completions(connection, read)
        # Afterwards: no badge waits for names to be compared.
        templates = SkillTemplates(self._store, self._name)
        for row, each in read:
            if isinstance(each, SkillCreated):
                yield [(row, Done(take_skill(self._store, self._name, self._name, each, templates)))]

    def _decide_on_completions(
        self, connection: Connection, read: Sequence[tuple[InboxEvent, Case | Look | SkillCreated | Decision]]
    ) -> Iterator[list[Decided]]:
        now = self._store.now()
        visit = Visit(self._store, connection, self._cache, self._client(connection))
        undecided = {row.id: row for row, each in read if isinstance(each, Case | Look)}
        try:
            for portion in visit.decide(
                [each for _, each in read if isinstance(each, Case)],
                [each for _, each in read if isinstance(each, Look)],
            ):
                yield portion
                for row, _ in portion:
                    undecided.pop(row.id)
        except OverBudgetError as error:
            # The connection does not rest: what the cache knows goes on.
            yield [(row, Waits(BUDGET_USED_UP, until_budget(row, error, now))) for row in undecided.values()]
        except (TemporaryError, ConfigurationError) as error:
            wait = open_circuit(self._store, connection, error, base=1.0, cap=PROBE_SECONDS)
            yield [(row, Waits(str(error), wait)) for row in undecided.values()]
        else:
            if connection.failures and visit.asked:
                self._store.connections.recover(self._name, seen=connection.retry_at)

    def _client(self, connection: Connection) -> AlmClient:
        if self._made is None or self._made[0] != connection.updated_at:
            self._made = (connection.updated_at, client_of(self._store, connection))
        return self._made[1]


def read_event(row: InboxEvent, connection: Connection) -> Case | Look | SkillCreated | Decision:
    """What is to be decided, or what is decided without any look-up; a replayed event may never have got through the
    door.
    """
    account, own = account_of(row.source), connection.settings["account_id"]
    if row.kind == KIND and account == own and (check := read_check(row.payload)) is not None:
        return Look(row, check)
    if row.kind == SKILL_CREATED and account == own and (skill := read_skill(row)) is not None:
        return skill
    event = event_of(row.payload)
    state, reason = fate_of(event, account, own)
    return Case(row, event) if state == "received" else (Dies if state == "dead" else Ignores)(reason or "")
