"""The external columns of badge.csv are checked against the provider's templates."""

from __future__ import annotations

from badgerelay.plugin.csv_import.badge_columns import MAX_UNKNOWN, OTHERS, BadgeCheck
from badgerelay.plugin.csv_import.options import Issuers
from badgerelay.plugin.providers.live_templates import Template
from badgerelay.plugin.store import Connection


def test_of_two_templates_that_differ_in_cases_of_letters_alone_each_row_gets_its_own() -> None:
    campus = Connection("campus", "provider", "badgr", "", {})
    templates = [Template("Crane", "Crane", "active"), Template("crane", "Crane too", "active")]
    check = BadgeCheck(Issuers({"badgr": campus}, {}), lambda _: templates, {}, {"badgr"})
    columns = {
        "externalBadgeId": ["Crane", "crane", "CRANE"],
        "externalBadgeProvider": ["badgr"] * 3,
        "state": ["Active"] * 3,
        "badgeName": [""] * 3,
    }
    assert list(check.faults(columns)) == []
    assert check.targets(columns)[:2] == [("campus", "Crane"), ("campus", "crane")]


def test_of_unknown_providers_a_hundred_are_named_and_the_others_summed() -> None:
    check = BadgeCheck(Issuers({}, {}), lambda _: [], {}, {"badgr"})
    names = [f"provider-{number % 300}" for number in range(600)]
    check.targets({"externalBadgeId": ["t"] * 600, "externalBadgeProvider": names, "state": ["Active"] * 600})
    assert check.unknown_providers == {**dict.fromkeys(names[:MAX_UNKNOWN], 2), OTHERS: 400}
