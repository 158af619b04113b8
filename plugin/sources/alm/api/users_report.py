"""The users' report of ALM: a CSV with one line for each user of the account.

Its columns, and possibly more: ``internalUserID, userEmail, customerDefinedUniqueUserId, name, managerEmail,
userType, state, ..., uiLocale, contentLocale, ...``.
https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/developer-manual
"""

from __future__ import annotations

import csv
import re
from collections.abc import Container, Iterable, Iterator

from .documents import LearnerRecord, parse_learner
from .errors import FailedRequestError, ReportError

_COLUMNS = {
    "id": ("internaluserid", "userid", "almuserid", "learnerid", "id"),
    "email": ("useremail", "email", "emailaddress", "emailid"),
    "name": ("name", "fullname", "displayname", "username"),
    "state": ("state", "userstate", "status"),
    "contentLocale": ("contentlocale",),
    "uiLocale": ("uilocale",),
}
"""Names of each column, in small letters and digits, best first, by the field's name in ALM's API."""

_NEEDED = {"id": "internalUserID", "email": "userEmail", "name": "name"}
_SPOILT = "\ufffd"


def read_users(lines: Iterable[str], wanted: Container[str] | None = None) -> Iterator[LearnerRecord]:
    """Yield the users of a report. An unreadable line is left out, since its user can be asked for alone.

    :param wanted: the ids of the users to yield; None yields all.
    :raises ReportError: the file is not such a report; some users may have been yielded by then.
    """
    rows = csv.reader(lines)
    try:
        indexes = _column_indexes(next(rows, []))
        for row in rows:
            user = {key: row[index].strip() for key, index in indexes.items() if index < len(row)}
            if (wanted is None or user.get("id") in wanted) and (record := _record(user)) is not None:
                yield record
    except csv.Error as error:
        raise ReportError(f"line {rows.line_num} of the users' report cannot be read: {error}") from None


def _column_indexes(header: list[str]) -> dict[str, int]:
    known = {re.sub(r"[\W_]+", "", name).lower(): index for index, name in reversed(list(enumerate(header)))}
    found = {key: next((name for name in names if name in known), None) for key, names in _COLUMNS.items()}
    indexes = {key: known[name] for key, name in found.items() if name is not None}
    missing = [column for key, column in _NEEDED.items() if key not in indexes]
    if missing:
        shown = ", ".join(name[:40] for name in header[:30]) or "no columns"
        raise ReportError(f"the users' report has no column {', '.join(missing)}; it has {shown}")
    return indexes


def _record(user: dict[str, str]) -> LearnerRecord | None:
    if "id" not in user or any(_SPOILT in value for value in user.values()):
        return None
    attributes = {key: value for key, value in user.items() if key != "id"}
    try:
        return parse_learner({"id": user["id"], "type": "user", "attributes": attributes})
    except FailedRequestError:
        return None
