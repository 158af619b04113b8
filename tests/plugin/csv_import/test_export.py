from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgerelay.adapters.values import BadgeTemplate
from badgerelay.plugin.csv_import import cell_checks as checks
from badgerelay.plugin.csv_import.export import Export, unique_names

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def test_names_are_cut_between_words_and_no_two_are_alike() -> None:
    names = [
        "LOTO Basics",
        "loto basics",
        "Certified Maintenance Technician, Level 1",
        "Certified Maintenance Technician, Level 2",
        "Arbeitsschutzunterweisungsnachweis",
        "Two\nlines  and   spaces",
    ]
    assert unique_names(names, 25) == [
        "LOTO Basics",
        "loto basics 2",
        "Certified Maintenance",
        "Certified Maintenance 2",
        "Arbeitsschutzunterweisung",
        "Two lines and spaces",
    ]


@given(st.lists(st.text(min_size=1, max_size=60), max_size=40))
def test_any_names_become_short_and_different(names: list[str]) -> None:
    found = unique_names(names, 25)
    assert len(found) == len(names)
    assert all(len(name) <= 25 for name in found)
    assert len({name.casefold() for name in found}) == len(names)


def test_a_name_that_is_a_formula_is_escaped_and_still_fits() -> None:
    template = BadgeTemplate("t-1", "=HYPERLINK(somewhere, far)", "active", image_url="https://img.example.org/1.png")
    columns, row = Export([template], "credly", NOW).rows("badge")
    cells = dict(zip(columns, row, strict=True))
    assert cells["badgeName"] == "'=HYPERLINK(somewhere"
    assert cells["badgeCreationDate"] == "2026-11-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("template", "why"),
    [
        (BadgeTemplate("t-1", "No image", "active"), "no image, and ALM needs one"),
        (BadgeTemplate("t-1", " \n", "active", image_url="https://img.example.org/1.png"), "no name"),
        (
            BadgeTemplate("t-1", "Far", "active", image_url="https://img.example.org/" + "1" * 2048),
            "an image whose address has more than 2048 characters",
        ),
    ],
)
def test_a_template_that_alm_would_not_take_is_left_out_and_named(template: BadgeTemplate, why: str) -> None:
    export = Export([template], "credly", NOW)
    assert (len(list(export.rows("badge"))), export.left_out) == (1, [(template.name, why)])


@given(st.datetimes(timezones=st.just(UTC)))
def test_the_date_of_a_template_is_one_that_alm_takes(made: datetime) -> None:
    template = BadgeTemplate("t-1", "A badge", "active", image_url="https://img.example.org/1.png", created_at=made)
    columns, row = Export([template], "credly", NOW).rows("badge")
    assert checks.moment(dict(zip(columns, row, strict=True))["badgeCreationDate"]) is None
