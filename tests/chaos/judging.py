"""What came of it: counted at the provider, and held against our own ledger."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from tests.bench.table import percentile

from .load import Completion, Key
from .outside import Outside

AWARDS = sa.text("SELECT connection, source, learner_id, template_id, state, badge_id FROM awards")
UNDONE = sa.text(
    "SELECT 'event ' || state AS what, count(*) AS amount FROM events WHERE state NOT IN ('done', 'ignored') "
    "GROUP BY state "
    "UNION ALL SELECT 'award ' || state, count(*) FROM awards WHERE state <> 'issued' GROUP BY state"
)

OWED = sa.text(
    "SELECT 'event ' || id || ' of ' || lane AS what, state, reason, lease_owner, due_at, attempts FROM events "
    "WHERE state NOT IN ('done', 'ignored') UNION ALL "
    "SELECT 'award ' || id || ' of ' || connection, state, reason, lease_owner, due_at, attempts FROM awards "
    "WHERE state <> 'issued'"
)
NOW = sa.text("SELECT at FROM heartbeats")
"""By our processes' clock."""

SHOWN = 10


@dataclass
class Verdict:
    """:param lost: completions without a badge. :param duplicated: badges that are one too many.
    :param unearned: badges for which there was no completion. :param stuck: what is not done, by its state.
    :param mismatched: badges whose ledger row is missing, doubled or names another badge.
    """

    badges: int = 0
    lost: int = 0
    duplicated: int = 0
    unearned: int = 0
    mismatched: int = 0
    stuck: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.duplicated or self.unearned or self.mismatched or self.stuck)


class Ledger:
    """A look into our database from outside."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)

    def undone(self) -> dict[str, int]:
        with self._engine.connect() as connection:
            return {row.what: row.amount for row in connection.execute(UNDONE)}

    def owed(self) -> list[str]:
        """What is undone, in words."""
        with self._engine.connect() as connection:
            now = connection.scalar(NOW) or 0.0
            return [
                f"{row.what}: {row.state}, due in {row.due_at - now:.0f} s, attempts {row.attempts}, "
                f"{'leased, ' if row.lease_owner else ''}{row.reason or 'no reason'}"
                for row in connection.execute(OWED)
            ][:SHOWN]

    def awards(self) -> list[sa.Row[tuple[str, str, str, str, str, str]]]:
        with self._engine.connect() as connection:
            return list(connection.execute(AWARDS))


def drained(ledger: Ledger, done: Callable[[], bool], seconds: float) -> float | None:
    """Wait until nothing is owed; how many seconds that took, or None where it did not come to that."""
    start = time.monotonic()
    while time.monotonic() < start + seconds:
        if done() and not ledger.undone():
            return time.monotonic() - start
        time.sleep(0.5)
    return None


def judge(completions: Iterable[Completion], outside: Outside, ledger: Ledger) -> Verdict:
    """:param completions: all of them, since the sandbox began."""
    wanted: set[Key] = {completion.key for completion in completions if completion.key is not None}
    made: defaultdict[Key, list[str]] = defaultdict(list)
    for badge in outside.badges():
        made[key_of(badge)].append(badge["id"])
    organizations = {account.provider: account.organization_id for account in outside.accounts}
    rows: defaultdict[Key, list[tuple[str, str | None]]] = defaultdict(list)
    for row in ledger.awards():
        key = (organizations[row.connection], row.template_id, f"{row.source}:{row.learner_id}")
        rows[key].append((row.state, row.badge_id))
    verdict = Verdict(badges=sum(map(len, made.values())), stuck=ledger.undone())
    for key in sorted(wanted | made.keys() | rows.keys()):
        ids, ours = made.get(key, []), rows.get(key, [])
        lost, doubled, unearned = key in wanted and not ids, max(0, len(ids) - 1), bool(ids) and key not in wanted
        mismatched = key in wanted and not (len(ours) == 1 and ours[0][0] == "issued" and ours[0][1] in ids)
        verdict.lost += lost
        verdict.duplicated += doubled
        verdict.unearned += unearned
        verdict.mismatched += mismatched
        if (lost or doubled or unearned or mismatched) and len(verdict.examples) < SHOWN:
            verdict.examples.append(f"{key}: at Credly {ids}, in the ledger {ours}")
    verdict.examples += ledger.owed()
    return verdict


def key_of(badge: Mapping[str, str]) -> Key:
    template = badge["badge_template"]
    return str(template["owner"]["id"]), str(template["id"]), badge["issuer_earner_id"]  # type: ignore[index]


def latencies(
    completions: Iterable[Completion], acknowledged: Mapping[Completion, float], outside: Outside
) -> dict[str, list[float]]:
    """Seconds from a completion's acknowledgement to its badge at Credly, by organization."""
    made = {key_of(badge): datetime.fromisoformat(badge["created_at"]).timestamp() for badge in outside.badges()}
    found: defaultdict[str, list[float]] = defaultdict(list)
    for completion in completions:
        if completion.key is None or completion not in acknowledged:
            continue
        at = made.get(completion.key)
        found[completion.account.organization_id].append(
            float("inf") if at is None else at - acknowledged[completion]
        )
    return found


def p95(found: Mapping[str, list[float]], organizations: Iterable[str]) -> float:
    return percentile([value for one in organizations for value in found.get(one, [])], 95)


def by_kind(kinds: Iterable[str]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in sorted(Counter(kinds).items()))
