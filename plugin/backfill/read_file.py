"""Reading of past completions from the lines of a file into the store."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TextIO

from ..csvfiles.records import MAX_FIELD, FileError
from ..sources.recipients import digest
from ..store import Store
from ..store.backfill.values import NewCompletion
from ..store.history import storable
from .options import BackfillOptions
from .origins import BackfillSource
from .transcripts import TranscriptRow, read_grades, read_transcript

MAX_BYTES = 500 * 1024 * 1024
"""Maximum bytes of a file."""

PORTION = 1000
"""Completions of one transaction: about 20 ms, which a delivery can wait."""

Watch = Callable[[Iterable[TranscriptRow]], Iterable[TranscriptRow]]


def lines_of(path: Path) -> Iterator[str]:
    """Yield the lines of a CSV file. :raises FileError: the file cannot be opened, or is too large."""
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
        yield line  # the reader refuses a longer one


def read_into(
    store: Store,
    number: int,
    source: BackfillSource,
    options: BackfillOptions,
    lines: Iterable[str],
    *,
    grades: bool,
    watch: Watch = iter,
) -> None:
    """Store the completions, and mark those that cannot earn anything with the reason.

    :param grades: whether the file is ``user_course_grade.csv``, whose lines are modules of courses; else it is a
        transcript.
    :raises FileError: the file cannot be read.
    """
    left_out: Counter[str] = Counter()
    portion: list[NewCompletion] = []
    for row in watch(read_grades(lines) if grades else read_transcript(lines)):
        if options.objects and not {row.lo_id, row.instance_id} & set(options.objects):
            left_out["another learning object"] += 1
            continue
        portion.append(_completion(number, source, options, row, grades=grades))
        if len(portion) >= PORTION:
            store.past_completions.add(portion)
            portion = []
    if portion:
        store.past_completions.add(portion)
    # A course's last completion date is known only after all of its lines.
    if options.since is not None:
        left_out["completed before --from"] = store.past_completions.remove_before(number, options.since)
    if options.until is not None:
        left_out["completed after --to"] = store.past_completions.remove_from(number, options.until)
    store.past_completions.refuse_incomplete(number)
    store.backfills.move(number, "planning", store.now(), left_out)


def _completion(
    number: int, source: BackfillSource, options: BackfillOptions, row: TranscriptRow, *, grades: bool
) -> NewCompletion:
    learner_id, problem = _learner(source, options, row)
    address = digest(row.email) if row.email else None
    moment = row.completed_at.timestamp() if row.completed_at else None
    # A certification may be completed again, a course's lines in a file of grades are its modules.
    parts = [learner_id or address, row.lo_id, row.instance_id, None if grades else moment]
    key = "\0".join(str(part) for part in ([row.line] if problem else parts))
    return NewCompletion(
        backfill=number,
        connection=source.connection,
        key=hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=16).hexdigest(),
        line=row.line,
        learner_id=learner_id,
        address=None if learner_id and not source.is_host else address,
        email=row.email if source.is_host else None,
        name=storable(row.name) if source.is_host and row.name else None,
        lo_type=row.lo_type,
        lo_id=storable(row.lo_id),
        instance_id=row.instance_id,
        occurred_at=moment,
        completed=bool(row.completed),
        passed=row.passed,
        score=row.score,
        state="cannot" if problem else "read",
        reason=problem and storable(problem),
    )


def _learner(source: BackfillSource, options: BackfillOptions, row: TranscriptRow) -> tuple[str | None, str | None]:
    """Return the learner's id in the LMS, if the line has it, and the line's problem."""
    if row.problem:
        return None, row.problem
    if not source.is_host:
        known = row.user_id if row.user_id and row.user_id.isdigit() else None
        wrong = not known and not row.email
        return known, "its user id is not a number, as ALM's are, and it has no e-mail address" if wrong else None
    if options.email_is_id:
        return row.email or row.user_id, None
    if row.user_id:
        return row.user_id, None
    return None, (
        f"it names the learner by e-mail alone, and {source.name} knows learners by id: give a column User ID, "
        "or --email-is-id where its ids are e-mail addresses"
    )
