from __future__ import annotations

import pytest

from badgerelay.plugin.sources.alm.api.documents import LearnerRecord
from badgerelay.plugin.sources.alm.api.errors import ReportError
from badgerelay.plugin.sources.alm.api.users_report import read_users

DOCUMENTED = "internalUserID,userEmail,customerDefinedUniqueUserId,name,state,uiLocale,contentLocale,group\r\n"
ROSA = LearnerRecord("7", "rosa@example.org", "Rosa Lindqvist", "sv-SE", "ACTIVE")


def read(text: str, *wanted: str) -> list[LearnerRecord]:
    return list(read_users(text.splitlines(keepends=True), {"7", *wanted}))


def test_the_documented_columns_are_read_for_the_wanted_users_only() -> None:
    text = DOCUMENTED + (
        "8,wei@example.org,EMP-8,Wei Chen,ACTIVE,en-US,en-US,\r\n"
        '7, Rosa@Example.org ,8,Rosa  Lindqvist,ACTIVE,en-US,sv-SE,"All, of\r\nthem"\r\n'
    )
    assert read(text) == [ROSA]


@pytest.mark.parametrize(
    "header",
    ["Name;", "Content Locale,State,E-mail,User ID,Name", "contentlocale,userState,EMAIL,userId,Full Name"],
)
def test_columns_are_found_in_any_order_and_spelling(header: str) -> None:
    if ";" in header:
        with pytest.raises(ReportError):
            read(f"{header}\r\n")
        return
    assert read(f"{header},x\r\nsv-SE,ACTIVE,rosa@example.org,7,Rosa Lindqvist,y\r\n") == [ROSA]


def test_the_id_that_a_customer_defines_is_not_alms() -> None:
    with pytest.raises(ReportError, match="no column internalUserID; it has customerDefinedUniqueUserId, userEmail"):
        read("customerDefinedUniqueUserId,userEmail,name\r\n7,rosa@example.org,Rosa\r\n")


def test_an_empty_report_says_so() -> None:
    with pytest.raises(ReportError, match="internalUserID, userEmail, name; it has no columns"):
        read("")


@pytest.mark.parametrize("line", ["7", "7,r\ufffdsa@example.org,,Rosa,ACTIVE,,,", ""])
def test_a_line_that_cannot_be_read_spoils_no_other(line: str) -> None:
    text = f"{DOCUMENTED}{line}\r\n9,wei@example.org,,Wei,ACTIVE,,,\r\n"
    assert [user.id for user in read(text, "9") if user.email] == ["9"]


def test_what_is_no_csv_says_in_which_line() -> None:
    with pytest.raises(ReportError, match="line 2 of the users' report"):
        read(f'{DOCUMENTED}7,"{"x" * 200_000}\r\n')


def test_all_users_are_read_without_a_selection_but_no_line_without_an_id() -> None:
    text = "userEmail,name,internalUserID\nrosa@example.org,Rosa,7\nwei@example.org,Wei Chen\nli@example.org,Li,9\n"
    assert [each.id for each in read_users(text.splitlines(keepends=True))] == ["7", "9"]
