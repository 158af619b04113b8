"""The users' report of ALM: a CSV with one line for each user of the account.

Its columns, of which more may come: ``internalUserID, userEmail, customerDefinedUniqueUserId, name, managerEmail,
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
"""By ALM's name for them in its API: what the column may be called, best first, in small letters and digits."""

_NEEDED = {"id": "internalUserID", "email": "userEmail", "name": "name"}
_SPOILT = "\ufffd"


def read_users(lines: Iterable[str], wanted: Container[str] | None = None) -> Iterator[LearnerRecord]:
    """The wanted users, by id; None is all. One whose line cannot be read is left out: it can be asked for alone.

    :raises ReportError: it is no such report; some users may have been given by then.
    """
    rows = csv.reader(lines)
    try:
        places = _places(next(rows, []))
        for row in rows:
            user = {key: row[place].strip() for key, place in places.items() if place < len(row)}
            if (wanted is None or user.get("id") in wanted) and (record := _record(user)) is not None:
                yield record
    except csv.Error as error:
        raise ReportError(f"line {rows.line_num} of the users' report cannot be read: {error}") from None


def _places(header: list[str]) -> dict[str, int]:
    known = {re.sub(r"[\W_]+", "", name).lower(): place for place, name in reversed(list(enumerate(header)))}
    found = {key: next((name for name in names if name in known), None) for key, names in _COLUMNS.items()}
    places = {key: known[name] for key, name in found.items() if name is not None}
    missing = [column for key, column in _NEEDED.items() if key not in places]
    if missing:
        shown = ", ".join(name[:40] for name in header[:30]) or "none at all"
        raise ReportError(f"the users' report has no column {', '.join(missing)}; it has {shown}")
    return places


def _record(user: dict[str, str]) -> LearnerRecord | None:
    if "id" not in user or any(_SPOILT in value for value in user.values()):
        return None
    attributes = {key: value for key, value in user.items() if key != "id"}
    try:
        return parse_learner({"id": user["id"], "type": "user", "attributes": attributes})
    except FailedRequestError:
        return None
