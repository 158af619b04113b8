from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badgerelay.adapters.errors import TemporaryError
from badgerelay.plugin.sources.alm.api.documents import (
    BadgeRecord,
    LearnerRecord,
    account_ids,
    badge_tie,
    parse_badge,
    parse_learner,
)
from badgerelay.plugin.sources.alm.api.json_api import included, next_link, primaries, primary


def document(payloads: Path, name: str) -> Any:
    return json.loads((payloads / f"document_{name}.json").read_text())


def user(**attributes: Any) -> dict[str, Any]:
    return {"id": "1", "type": "user", "attributes": attributes}


def test_a_published_user_is_read(payloads: Path) -> None:
    learner = parse_learner(primary(document(payloads, "user")))
    assert learner == LearnerRecord("15300721", "rosa.lindqvist@example.org", "Rosa Lindqvist", "en-US", "ACTIVE")


def test_the_badge_of_an_instance_is_found_among_the_included(payloads: Path) -> None:
    found = document(payloads, "learning_object")
    instance = included(found, "learningObjectInstance")["course:8801234_17700456"]
    tie = badge_tie(instance, found)
    assert tie is not None
    template = "6f0a2c9e-8b1d-4e37-9a55-d2c4b8f01a63"
    assert tie.badge is not None
    assert (tie.id, tie.badge.name, tie.badge.template_id) == ("4410", "LOTO Basics", template)
    assert included(found, "badge").keys() == {"4410", "4411"}


def test_a_badge_of_alms_own_has_no_template(payloads: Path) -> None:
    badge = included(document(payloads, "learning_object"), "badge")["4411"]
    assert parse_badge(badge) == BadgeRecord("4411", "Energy isolation 1", None, None, "Active")


def test_an_e_mail_is_lower_cased_and_trimmed_and_may_be_missing() -> None:
    assert parse_learner(user(email=" Rosa@Example.ORG ")).email == "rosa@example.org"
    assert parse_learner(user(email=" ")).email is None
    assert parse_learner(user(email=None)).email is None
    assert parse_learner({"id": 1, "type": "user"}) == LearnerRecord("1", None, "", None, "")


@pytest.mark.parametrize(
    ("content", "interface", "expected"),
    [("fr_CA", "en-US", "fr-CA"), (None, "de-DE", "de-DE"), ("??", "de", "de"), (None, None, None)],
)
def test_the_locale_is_the_contents_else_the_interfaces(
    content: str | None, interface: str | None, expected: str | None
) -> None:
    assert parse_learner(user(contentLocale=content, uiLocale=interface)).locale == expected


def test_links_lead_to_the_last_page() -> None:
    assert next_link({"links": {"next": "https://a/b?c"}}) == "https://a/b?c"
    assert next_link({"links": {"next": {"href": "/b"}}}) == "/b"
    assert next_link({"links": {"next": None}}) is next_link({"links": {}}) is next_link({}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
RESOURCE = JSON | st.fixed_dictionaries(
    {},
    optional={
        "id": JSON,
        "type": st.sampled_from(["user", "badge", "account"]) | JSON,
        "attributes": JSON
        | st.fixed_dictionaries({}, optional=dict.fromkeys(("email", "name", "externalProvider"), JSON)),
        "relationships": JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(("badge", "account"), JSON)),
    },
)
DOCUMENT = JSON | st.fixed_dictionaries(
    {}, optional={"data": RESOURCE | st.lists(RESOURCE, max_size=2), "included": st.lists(RESOURCE), "links": JSON}
)


def test_another_shape_is_named_in_a_sentence() -> None:
    with pytest.raises(TemporaryError, match=r"relationships\.badge has another shape"):
        badge_tie({"id": "1", "relationships": {"badge": []}}, {})


@settings(deadline=None)
@given(DOCUMENT)
def test_another_shape_is_a_temporary_error_and_nothing_else(found: Any) -> None:
    for parse in (
        lambda: parse_learner(primary(found)),
        lambda: parse_badge(primary(found)),
        lambda: badge_tie(primary(found), found),
        lambda: primaries(found),
        lambda: list(account_ids(found)),
        lambda: included(found, "badge"),
        lambda: next_link(found),
    ):
        with contextlib.suppress(TemporaryError):
            parse()
