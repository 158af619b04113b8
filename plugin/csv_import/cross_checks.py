"""Checks over all rows together: repeated ids, missing references, more credits than a level has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from ..csvfiles.problems import Fault, Problem, problem
from ..store import Store
from .file_kinds import JOIN, Kind, Reference
from .open_file import CsvFile
from .staging import Staging

PORTION = 1000


class CrossChecks:
    """Checks staged rows against each other and against earlier imports.

    :param source: the source, whose earlier imports count too.
    """

    def __init__(self, staging: Staging, store: Store, source: str) -> None:
        self._staging = staging
        self._database = staging.database
        self._store = store
        self._source = source

    def check(self, file: CsvFile) -> None:
        """Record the problems of a file's rows and remove these rows.

        The files that it refers to were checked before.
        """
        kind = file.kind
        self._staging.index(kind.name)
        self._record(file, self._duplicates(file))
        for reference, column in zip(kind.references, ("first", "second"), strict=False):
            self._load_known(kind, reference, column)
            self._record(file, self._missing_references(file, reference, column))
        if kind.number == "credits":
            self._record(file, self._too_many_credits(file))

    def _record(self, file: CsvFile, problems: Iterator[Problem]) -> None:
        found = False
        while some := list(islice(problems, PORTION)):
            self._staging.add_problems(some)
            found = True
        if found:
            self._staging.remove_rows_with_problems(file.kind.name, file.name)

    def _duplicates(self, file: CsvFile) -> Iterator[Problem]:
        kind = file.kind
        # The table and column names are our own; everything else is bound.
        query = f"""
            SELECT line, key, first_line FROM (
                SELECT line, key, min(line) OVER (PARTITION BY key) AS first_line FROM {kind.name} WHERE key IN (
                    SELECT key FROM {kind.name} GROUP BY key HAVING count(*) > 1
                )
            ) WHERE line <> first_line ORDER BY line
            """  # noqa: S608
        names = ", ".join(kind.key)
        for line, key, first in self._database.execute(query):
            value = "" if kind.personal else shown_key(key)
            subject = "the row" if kind.personal else names
            what = f"is there already, in line {first}"
            fault = Fault("duplicate", what if value else f"{subject} {what} ({names})", "keep one of them")
            yield problem(file.name, line, names if value else "", value, fault)

    def _load_known(self, kind: Kind, reference: Reference, column: str) -> None:
        """Load the referenced rows that are not in this run's files from the store."""
        query = f"""
            SELECT DISTINCT {column} FROM {kind.name} AS own WHERE {column} IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM {reference.kind} AS other WHERE other.key = own.{column})
            """  # noqa: S608
        missing = self._database.execute(query)
        while some := missing.fetchmany(PORTION):
            found = self._store.imports.numbers(self._source, reference.kind, [key for (key,) in some])
            rows = [(reference.kind, key, number) for key, number in found.items()]
            self._database.executemany("INSERT OR IGNORE INTO known VALUES (?, ?, ?)", rows)

    def _missing_references(self, file: CsvFile, reference: Reference, column: str) -> Iterator[Problem]:
        kind = file.kind.name
        further = ""
        if reference.kind == kind:  # a row that refers to a removed row is removed too
            self._database.execute(f"CREATE INDEX {kind}_{column} ON {kind} ({column})")
            further = f"""
                UNION ALL
                SELECT own.line, own.key, own.{column} FROM lost JOIN {kind} AS own ON own.{column} = lost.key
                """  # noqa: S608
        query = f"""
            WITH RECURSIVE lost (line, key, target) AS (
                SELECT line, key, {column} FROM {kind} AS own WHERE {column} IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM {reference.kind} AS other WHERE other.key = own.{column})
                AND NOT EXISTS (SELECT 1 FROM known WHERE kind = ? AND known.key = own.{column})
                {further}
            )
            SELECT line, target FROM lost ORDER BY line
            """  # noqa: S608
        hint = f"import {reference.kind}.csv with it, in the same command or before, and check its row"
        fault = Fault(
            reference.code, f"is not a valid row of {reference.kind}.csv, in this run or imported before", hint
        )
        for line, key in self._database.execute(query, (reference.kind,)):
            yield problem(file.name, line, _names(reference.columns), shown_key(key), fault)

    def _too_many_credits(self, file: CsvFile) -> Iterator[Problem]:
        query = f"""
            SELECT own.line, own.number, coalesce(level.number, known.number) AS most FROM {file.kind.name} AS own
            LEFT JOIN skill_level AS level ON level.key = own.first
            LEFT JOIN known ON known.kind = 'skill_level' AND known.key = own.first
            WHERE most IS NOT NULL AND (own.number > most OR own.number <= 0) ORDER BY own.line
            """  # noqa: S608
        for line, number, most in self._database.execute(query):
            what = f"is not above 0 and at most {most:g}, the maxCredits of its level in skill_level.csv"
            fault = Fault("too_many_credits", what, "lower it, or raise maxCredits there")
            yield problem(file.name, line, "credits", f"{number:g}", fault)


def shown_key(key: str) -> str:
    """Return a key for messages."""
    return key.replace(JOIN, ", ").strip(", ")


def _names(columns: Sequence[str]) -> str:
    return ", ".join(columns)
