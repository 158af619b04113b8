"""From the lines of a file to completions in the store."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from ..csvfiles.records import MAX_FIELD, FileError
from ..store import Store
from ..store.history import storable
from ..store.schema.tables import backfill_completions as completions
from .addresses import digest
from .options import Wish
from .origins import Party
from .transcripts import TranscriptRow, read_grades, read_transcript

MAX_BYTES = 500 * 1024 * 1024
AT_ONCE = 1000
"""Completions of one transaction: some 20 ms, which a delivery can wait."""

Watch = Callable[[Iterable[TranscriptRow]], Iterable[TranscriptRow]]


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a CSV file. :raises FileError: it cannot be opened, or is too large."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise FileError(f"{path.name} has {size:,} bytes, more than the {MAX_BYTES:,} that are read")
        with path.open(encoding="utf-8", newline="") as file:
            yield from _lines(file)
    except OSError as error:
        raise FileError(f"{path.name} cannot be read: {error.strerror}") from None


def _lines(file: TextIO) -> Iterator[str]:
    longest = 4 * MAX_FIELD
    while line := file.readline(longest + 1):
        yield line  # one that is longer is refused by whoever reads it


def read_into(
    store: Store, number: int, party: Party, wish: Wish, lines: Iterable[str], *, grades: bool, watch: Watch = iter
) -> None:
    """Store the completions, and say of those that cannot earn anything why.

    :param grades: ``user_course_grade.csv``, whose lines are modules of courses; else a transcript.
    :raises FileError: the file cannot be read.
    """
    left_out: Counter[str] = Counter()
    portion: list[dict[str, Any]] = []
    for row in watch(read_grades(lines) if grades else read_transcript(lines)):
        if wish.objects and not {row.lo_id, row.instance_id} & set(wish.objects):
            left_out["another learning object"] += 1
            continue
        portion.append(_values(number, party, wish, row, grades=grades))
        if len(portion) >= AT_ONCE:
            store.backfills.add(portion)
            portion = []
    if portion:
        store.backfills.add(portion)
    _judge(store, number, wish, left_out)
    store.backfills.move(number, "planning", store.now(), left_out)


def _judge(store: Store, number: int, wish: Wish, left_out: Counter[str]) -> None:
    """What only shows once all lines of a course are read."""
    of = completions.c
    if wish.since is not None:
        left_out["completed before --from"] = store.backfills.drop(number, [of.occurred_at < wish.since])
    if wish.until is not None:
        left_out["completed after --to"] = store.backfills.drop(number, [of.occurred_at >= wish.until])
    store.backfills.judge(number, [~of.completed], "not completed")
    store.backfills.judge(number, [of.passed.is_(False)], "completed without passing")
    store.backfills.judge(number, [of.occurred_at.is_(None)], "it has no completion date")


def _values(number: int, party: Party, wish: Wish, row: TranscriptRow, *, grades: bool) -> dict[str, Any]:
    learner_id, problem = _learner(party, wish, row)
    address = digest(row.email) if row.email else None
    moment = row.completed_at.timestamp() if row.completed_at else None
    # A certification may be completed again, a course's lines in a file of grades are its modules.
    parts = [learner_id or address, row.lo_id, row.instance_id, None if grades else moment]
    key = "\0".join(str(part) for part in ([row.line] if problem else parts))
    return {
        "backfill": number,
        "connection": party.connection,
        "key": hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=16).hexdigest(),
        "line": row.line,
        "lines": 1,
        "learner_id": learner_id,
        "address": None if learner_id and not party.is_host else address,
        "email": row.email if party.is_host else None,
        "name": storable(row.name) if party.is_host and row.name else None,
        "lo_type": row.lo_type,
        "lo_id": storable(row.lo_id),
        "instance_id": row.instance_id,
        "occurred_at": moment,
        "completed": bool(row.completed),
        "passed": row.passed,
        "score": row.score,
        "state": "cannot" if problem else "read",
        "reason": problem and storable(problem),
    }


def _learner(party: Party, wish: Wish, row: TranscriptRow) -> tuple[str | None, str | None]:
    """The learner's id in the LMS, where the line says it, and what is wrong."""
    if row.problem:
        return None, row.problem
    if not party.is_host:
        known = row.user_id if row.user_id and row.user_id.isdigit() else None
        wrong = not known and not row.email
        return known, "its user id is none of ALM's, and it has no e-mail address" if wrong else None
    if wish.email_is_id:
        return row.email or row.user_id, None
    if row.user_id:
        return row.user_id, None
    return None, (
        f"it names the learner by e-mail alone, and {party.source} knows learners by id: give a column User ID, "
        "or --email-is-id where its ids are e-mail addresses"
    )
