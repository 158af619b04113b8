"""Imports of a host's ``csv_imported`` events, from their content or from an allowed folder."""

from __future__ import annotations

import json
from pathlib import Path

from marshmallow import ValidationError

from ....adapters.errors import AdapterError, ConfigurationError, TemporaryError
from ....hooks import CsvImported
from ....hooks.schemas import schema_of
from ...csv_import.apply import OvertakenError
from ...csv_import.file_kinds import Kind
from ...csv_import.file_specs import KINDS
from ...csv_import.open_file import CsvFile, from_text, open_file
from ...csv_import.options import ChoiceError, choose_issuers, choose_source
from ...csv_import.result import Outcome
from ...csv_import.run import Task, run
from ...csv_import.staging import Staging
from ...csvfiles.problems import DiskError, RefusedFileError
from ...providers.circuit import PROBE_SECONDS
from ...store import InboxEvent, Store
from ..decisions import Decision, Dies, Done, Ignores, Waits

MAX_BYTES = 100_000_000
"""Maximum bytes of an event's file: other files of hosts wait while it is read. `badgerelay import` reads more."""

FIRST_PROBLEMS = 3
"""Problems that the event's reason names."""

LATER_SECONDS = 60.0
"""Seconds before an import that cannot run now is tried again."""

MISSING_REFERENCES = {reference.code for kind in KINDS.values() for reference in kind.references}
"""Codes of missing references, which an earlier file may still bring."""


def decide_csv_imported(store: Store, inbox_event: InboxEvent) -> Decision:
    """Import the file of an event: ``done`` with a summary, or ``dead`` with the problems, to replay once corrected.

    :raises StoreUnavailableError: the database does not answer.
    """
    try:
        event: CsvImported = schema_of(inbox_event.kind).load(json.loads(inbox_event.payload))
    except (ValidationError, ValueError):
        return Dies("the event cannot be read")
    kind = KINDS.get(event.kind.removesuffix(".csv"))
    if kind is None:
        return Ignores(f"files of the kind {event.kind!r} are not read (known kinds: {', '.join(KINDS)})")
    try:
        file = _opened(store, event, kind)
        try:
            # Before the import: a file that is done while this one is read may be too late for it.
            earlier = store.inbox.file_before(inbox_event)
            return _import(store, event, file, earlier)
        finally:
            file.close()
    except ChoiceError as error:
        return Dies(f"{error}; import the file with `badgerelay import`")
    except RefusedFileError as error:
        return Dies(str(error))
    except (OvertakenError, DiskError) as error:
        return Waits(str(error), LATER_SECONDS)
    except ConfigurationError as error:
        return Waits(str(error), PROBE_SECONDS)
    except AdapterError as error:
        asked = error.retry_after if isinstance(error, TemporaryError) else None
        return Waits(str(error), max(asked or 0.0, LATER_SECONDS))


def _import(store: Store, event: CsvImported, file: CsvFile, earlier: int | None) -> Decision:
    """Import a file.

    :param earlier: the number of an event that is not done yet, whose file may have rows that this file refers to.
    """
    source = choose_source(store, event.source)
    issuers = choose_issuers(store, (), source) if file.kind.name == "badge" else None
    with Staging() as staging:
        outcome = run(store, Task(source, issuers), [file], staging)
        if not outcome.problems:
            return Done(f"imported {outcome.summary()}")
        if earlier is not None and staging.codes() <= MISSING_REFERENCES:
            return Waits(f"event {earlier} comes first: it may have rows that {file.name} refers to", LATER_SECONDS)
        return Dies(_problems_in_words(outcome, staging))


def _problems_in_words(outcome: Outcome, staging: Staging) -> str:
    said = [
        f"{problem.message} [{problem.code}]; {problem.hint}" for problem in staging.problems(most=FIRST_PROBLEMS)
    ]
    more = outcome.problems - len(said)
    others = f" -- and {more} more" if more else ""
    return f"nothing was imported, for {outcome.problems} problems: {' -- '.join(said)}{others}"


def _opened(store: Store, event: CsvImported, kind: Kind) -> CsvFile:
    """Open the file of an event.

    :raises RefusedFileError: as ``open_file``, or the path leads out of the allowed folder.
    """
    if event.content is not None:
        return from_text(kind, event.content, MAX_BYTES)
    return open_file(_allowed(store.imports_folder, event.path or "", kind.file), MAX_BYTES, kind)


def _allowed(folder: Path | None, path: str, name: str) -> Path:
    """Return the file of an event's path, with all links followed."""
    hint = "put it into the folder `imports` of BADGERELAY_HOME and name it relative to that, or send its content"
    if folder is None:
        raise RefusedFileError(name, "outside_folder", "files are not read here", hint)
    try:
        home = folder.resolve()
        found = (home / path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        raise RefusedFileError(name, "unreadable", "there is no file at this path", hint) from None
    if not found.is_relative_to(home):
        raise RefusedFileError(name, "outside_folder", "its path leads out of the folder that is allowed", hint)
    return found
