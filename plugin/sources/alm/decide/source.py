"""ALM as a source: decides on the events of one account's connection, and pauses the connection after a failure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .....adapters.errors import ConfigurationError, OverBudgetError, TemporaryError
from .....hooks import SkillCreated
from ....providers.circuit import PROBE_SECONDS, close_circuit, open_circuit
from ....rules.skill_badges import take_skill
from ....rules.template_matching import SkillTemplates
from ....store import Connection, InboxEvent, Store
from ...decisions import Decided, Decision, Dies, Done, Waits
from ..api.client import AlmClient
from ..api.connect import client_of
from .cases import Case, CompletionCase, SkillCheckCase, read_event
from .conclude import BUDGET_USED_UP, seconds_until_budget
from .decide import BatchDecider

_Read = tuple[InboxEvent, Case | Decision]


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
            yield [(event, Dies("the connection was removed")) for event in events]
            return
        read = [(event, read_event(event, connection)) for event in events]
        yield [(event, each) for event, each in read if not isinstance(each, Case)]
        yield from self._decide_on_completions(connection, read)
        # Afterwards: no badge waits for names to be compared.
        templates = SkillTemplates(self._store, self._name)
        for event, each in read:
            if isinstance(each, SkillCreated):
                yield [(event, Done(take_skill(self._store, self._name, self._name, each, templates)))]

    def _decide_on_completions(self, connection: Connection, read: Sequence[_Read]) -> Iterator[list[Decided]]:
        now = self._store.now()
        decider = BatchDecider(self._store, connection, self._cache, self._client(connection))
        completions = [each for _, each in read if isinstance(each, CompletionCase)]
        checks = [each for _, each in read if isinstance(each, SkillCheckCase)]
        undecided = {event.id: event for event, each in read if isinstance(each, CompletionCase | SkillCheckCase)}
        try:
            for portion in decider.decide(completions, checks):
                yield portion
                for event, _ in portion:
                    undecided.pop(event.id)
        except OverBudgetError as error:
            # The connection goes on: the cache still answers for other events.
            yield [
                (event, Waits(BUDGET_USED_UP, seconds_until_budget(event, error, now)))
                for event in undecided.values()
            ]
        except (TemporaryError, ConfigurationError) as error:
            wait = open_circuit(self._store, connection, error, base=1.0, cap=PROBE_SECONDS)
            yield [(event, Waits(str(error), wait)) for event in undecided.values()]
        else:
            if decider.asked:
                close_circuit(self._store, connection)

    def _client(self, connection: Connection) -> AlmClient:
        if self._made is None or self._made[0] != connection.updated_at:
            self._made = (connection.updated_at, client_of(self._store, connection))
        return self._made[1]
