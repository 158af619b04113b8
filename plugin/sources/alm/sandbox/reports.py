"""The reports of jobs: CSV files with the columns that Adobe documents.

https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/developer-manual
https://experienceleague.adobe.com/en/docs/learning-manager/using/integration/learner-transcript-csv
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from .knobs import AlmKnobs
from .world import World

USERS = (
    *("internalUserID", "userEmail", "customerDefinedUniqueUserId", "name", "managerEmail", "userType", "state"),
    *("excludedFromGamification", "pointsEarned", "profile", "roles", "dateCreated", "lastLoginDate", "dateDeleted"),
    *("uiLocale", "contentLocale", "timeZoneCode", "userSource", "group", "metadata", "lastSocialActivityDate"),
)
SPELLED = {"internalUserID": "User ID", "userEmail": "E-mail", "name": "Full Name", "uiLocale": "UI Locale"}
TRANSCRIPT = (
    *("Name", "email", "Adobe ID", "User Unique ID", "Learning plan Name", "LP/Certification/Course", "Type"),
    *("Course", "LO Unique ID", "Instance", "Selection Criteria", "Module", "Enrollment Date (UTC TimeZone)"),
    *(
        "Started Date (UTC TimeZone)",
        "Completion Date (UTC TimeZone)",
        "Deadline (UTC TimeZone)",
        "Overdue",
        "Status",
    ),
    *("Progress %", "Time Spent(minutes)", "Grade", "userState", "Manager Name"),
)
TYPES = {"course": "Course", "learningProgram": "Learning Path", "certification": "Certification"}


def users(world: World, knobs: AlmKnobs) -> str:
    """Return the report of all users of the account."""
    rows = [
        {
            "internalUserID": learner.id,
            "userEmail": learner.email,
            "customerDefinedUniqueUserId": f"EMP-{learner.id}",
            "name": learner.name,
            "userType": "Internal",
            "state": "ACTIVE",
            "profile": "Technician",
            "roles": "Learner",
            "uiLocale": learner.locale,
            "contentLocale": learner.locale,
            "group": 'All Learners, "Technicians"\nof the north',
        }
        for learner in world.learners.values()
    ]
    columns = [column for column in USERS if column != "internalUserID" or knobs.users_columns != "without_id"]
    shown = [SPELLED.get(column, column) if knobs.users_columns == "spelled" else column for column in columns]
    return _csv(shown, ([row.get(column, "") for column in columns] for row in rows))


def transcript(world: World, since: str, until: str) -> str:
    """Return the transcript of the completions between two times, in ISO 8601 with an offset."""
    first, last = datetime.fromisoformat(since), datetime.fromisoformat(until)
    with world.lock:
        completions = [
            each for each in world.completions.values() if first <= datetime.fromisoformat(each.date) <= last
        ]
    rows: list[list[str]] = []
    for completion in completions:
        learner, item = world.learners.get(completion.user_id), world.learning_objects[completion.lo_id]
        if learner is None:
            continue
        row = {
            "Name": learner.name,
            "email": learner.email,
            "User Unique ID": f"EMP-{learner.id}",
            "LP/Certification/Course": item.name,
            "Type": TYPES[item.lo_type],
            "Course": item.name if item.lo_type == "course" else "",
            "LO Unique ID": item.id,
            "Instance": "Default Instance",
            "Selection Criteria": "Self Enrolled",
            "Completion Date (UTC TimeZone)": completion.date,
            "Overdue": "No",
            "Status": "Completed",
            "Progress %": "100",
            "Grade": "Pass",
            "userState": "Active",
        }
        rows.append([row.get(column, "") for column in TRANSCRIPT])
    return _csv(TRANSCRIPT, rows)


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
