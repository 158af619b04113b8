"""The catalogue follows the provider, says what changed, and believes no list that lacks too much."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgerelay.adapters.errors import TemporaryError
from badgerelay.adapters.values import BadgeTemplate
from badgerelay.plugin.store import Store
from badgerelay.plugin.store.catalogue.template_changes import changes_between, doubtful
from badgerelay.plugin.store.catalogue.templates import DoubtfulListError
from badgerelay.plugin.store.catalogue.values import CatalogueTemplate


def template(number: int, state: Any = "active", name: str | None = None, image: str = "a.png") -> BadgeTemplate:
    return BadgeTemplate(f"t-{number}", name or f"Badge {number}", state, image_url=image)


def states(store: Store) -> dict[str, str]:
    return {row.template_id: row.state for row in store.catalogue.templates("academy")}


def sync(store: Store, *found: BadgeTemplate, now: float, **options: Any) -> list[str]:
    return [str(change) for change in store.catalogue.synchronize("academy", found, now, **options).changes]


def test_every_kind_of_change_is_said_and_recorded(store: Store) -> None:
    known = [template(number) for number in range(1, 6)]
    assert sync(store, *known, now=1.0) == []
    said = sync(
        store,
        template(1, name="Renamed"),
        template(2, image="b.png"),
        template(3, "archived"),
        template(4, "draft"),
        template(6),
        now=2.0,
    )
    assert said == [
        "badge template 'Renamed' (t-1) was called 'Badge 1'",
        "badge template 'Badge 2' (t-2) has another image",
        "badge template 'Badge 3' (t-3) was active and is archived",
        "badge template 'Badge 4' (t-4) was active and is draft",
        "badge template 'Badge 6' (t-6) is new, active",
        "badge template 'Badge 5' (t-5) was active and is deleted",
    ]
    kinds = [row.change for row in store.catalogue.changes("academy")]
    assert kinds == ["deleted", "new", "draft", "archived", "image", "renamed"]
    assert sync(store, *known, template(6), now=3.0)[-1] == "badge template 'Badge 5' (t-5) was deleted and is active"
    assert states(store) == {f"t-{number}": "active" for number in range(1, 7)}
    last = {row.template_id: (row.change, row.changed_at) for row in store.catalogue.templates()}
    assert last["t-5"] == ("active", 3.0)


def test_the_last_change_of_one_connection_s_templates_is_looked_for_among_its_own(store: Store) -> None:
    sync(store, template(1), now=1.0)
    sync(store, template(1, "archived"), template(2), now=2.0)
    store.catalogue.synchronize("other", [template(1)], 3.0)
    store.catalogue.synchronize("other", [template(1, "draft"), template(2)], 4.0)
    found = [(row.template_id, row.change, row.changed_at) for row in store.catalogue.templates("academy")]
    assert found == [("t-1", "archived", 2.0), ("t-2", "new", 2.0)]
    active = [(row.connection, row.template_id) for row in store.catalogue.active()]
    assert active == [("academy", "t-2"), ("other", "t-2")]
    assert [row.template_id for row in store.catalogue.active(["academy"])] == ["t-2"]


def test_an_image_is_another_only_at_another_address(store: Store) -> None:
    sync(store, template(1, image="https://x/a.png?signed=1"), now=1.0)
    assert sync(store, template(1, image="https://x/a.png?signed=2"), now=2.0) == []
    assert len(sync(store, template(1, image="https://x/b.png?signed=2"), now=3.0)) == 1


def test_nothing_that_changed_nothing_is_recorded(store: Store) -> None:
    for now in (1.0, 2.0, 3.0):
        sync(store, template(1), template(2, "draft"), now=now)
    assert store.catalogue.changes() == []


def test_a_listing_that_breaks_off_changes_nothing(store: Store) -> None:
    def broken() -> Iterator[BadgeTemplate]:
        yield template(1, "archived")
        raise TemporaryError("page 2 is missing")

    sync(store, template(1), template(2), now=1.0)
    with pytest.raises(TemporaryError):
        store.catalogue.synchronize("academy", broken(), 2.0)
    assert states(store) == {"t-1": "active", "t-2": "active"}


@pytest.mark.parametrize(("known", "listed"), [(1, 0), (8, 0), (8, 3), (100, 49)])
def test_a_list_that_lacks_most_is_not_believed_until_an_administrator_does(
    store: Store, known: int, listed: int
) -> None:
    sync(store, *map(template, range(known)), now=1.0)
    remaining = list(map(template, range(listed)))
    with pytest.raises(DoubtfulListError, match=rf"lists {listed} .* has {known}.*--accept-missing"):
        sync(store, *remaining, now=2.0)
    assert set(states(store).values()) == {"active"}
    assert len(sync(store, *remaining, now=3.0, accept_missing=True)) == known - listed
    assert list(states(store).values()).count("deleted") == known - listed
    assert sync(store, *remaining, now=4.0) == []


@pytest.mark.parametrize(("known", "listed"), [(2, 1), (4, 1), (8, 4), (100, 50)])
def test_a_list_that_lacks_some_is_believed(store: Store, known: int, listed: int) -> None:
    sync(store, *map(template, range(known)), now=1.0)
    assert len(sync(store, *map(template, range(listed)), now=2.0)) == known - listed


def test_a_listing_that_began_before_the_last_one_changes_nothing(store: Store) -> None:
    sync(store, template(1), now=5.0)
    assert sync(store, template(1, "archived"), now=4.0) == []
    assert states(store) == {"t-1": "active"}
    assert store.catalogue.synchronized_at("academy") == 5.0


def test_connections_do_not_mix(store: Store) -> None:
    sync(store, template(1), now=1.0)
    store.catalogue.synchronize("other", [template(2)], 2.0)
    assert states(store) == {"t-1": "active"}
    assert store.catalogue.state_of("other", "t-1") is None


def test_trouble_names_what_is_dead_or_unknown(store: Store) -> None:
    sync(store, template(1), template(2, "archived"), template(3, "draft"), now=1.0)
    trouble = store.catalogue.trouble_with({("academy", f"t-{number}") for number in range(1, 5)} | {("no", "t-1")})
    assert trouble == {
        ("academy", "t-2"): "its badge template is archived at the provider",
        ("academy", "t-3"): "its badge template is draft at the provider",
        ("academy", "t-4"): "its badge template is not in the catalogue",
        ("no", "t-1"): "its badge template is not in the catalogue",
    }


def stored(found: BadgeTemplate) -> CatalogueTemplate:
    return CatalogueTemplate(
        "academy",
        found.id,
        found.name,
        found.state,
        found.image_url,
        found.url,
        found.allows_duplicates,
        synced_at=0.0,
    )


templates = st.dictionaries(
    st.integers(0, 9),
    st.builds(
        template,
        st.just(0),
        st.sampled_from(["active", "draft", "archived"]),
        st.sampled_from(["A", "B"]),
        st.sampled_from(["a.png", "b.png"]),
    ),
).map(
    lambda found: [
        BadgeTemplate(f"t-{number}", each.name, each.state, image_url=each.image_url)
        for number, each in found.items()
    ]
)


@given(templates, templates)
def test_changes_are_exactly_the_differences(before: list[BadgeTemplate], after: list[BadgeTemplate]) -> None:
    rows = {each.id: stored(each) for each in before}
    changes = changes_between(rows, after)
    now = {each.id: each for each in after}
    assert (not changes) == (set(before) == set(after))
    assert {each.template_id for each in changes if each.kind == "deleted"} == rows.keys() - now.keys()
    assert {each.template_id for each in changes if each.kind == "new"} == now.keys() - rows.keys()
    renamed = {each for each in rows.keys() & now.keys() if rows[each].name != now[each].name}
    assert {each.template_id for each in changes if each.kind == "renamed"} == renamed
    lost = len(rows.keys() - now.keys())
    assert doubtful(rows.values(), changes) == (lost > 0 and (lost == len(rows) or lost > max(3, len(rows) // 2)))
