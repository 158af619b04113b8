from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgerelay.adapters import TemporaryError
from badgerelay.adapters.http.paging import EndlessListError, Page, walk

ITEMS = st.lists(st.integers(0, 9).map(lambda number: {"id": f"i{number}"}), max_size=4)


def pages(*lists: list[Any], total: int | None = None) -> Callable[[int], Page[int]]:
    return lambda number: Page(lists[number - 1], number + 1 if number < len(lists) else None, total)


def walked(fetch: Callable[[int], Page[int]], **more: Any) -> list[str]:
    return [item["id"] for item in walk("X", fetch, 1, lambda item: item["id"], **more)]


@given(st.lists(ITEMS.filter(bool), min_size=1, max_size=5))
def test_each_object_comes_once_or_the_list_is_endless(lists: list[list[dict[str, str]]]) -> None:
    every = list(dict.fromkeys(item["id"] for page in lists for item in page))
    try:
        assert walked(pages(*lists)) == every
    except EndlessListError:
        seen = [{item["id"] for page in lists[:end] for item in page} for end in range(len(lists) + 1)]
        assert any(before == after for before, after in pairwise(seen))


def test_an_item_that_is_not_an_object_is_left_out() -> None:
    assert walked(pages([7, None, {"id": "a"}], ["x", {"id": "b"}])) == ["a", "b"]


def test_an_empty_page_ends_a_list_though_it_names_another() -> None:
    assert walked(lambda number: Page([{"id": "a"}] if number == 1 else [], number + 1)) == ["a"]


@pytest.mark.parametrize("following", [1, 2])
def test_pages_that_lead_back_are_endless(following: int) -> None:
    with pytest.raises(EndlessListError):
        walked(lambda number: Page([{"id": f"{number}{len(str(number))}"}], following))


def test_too_many_pages_are_endless() -> None:
    with pytest.raises(EndlessListError):
        walked(lambda number: Page([{"id": str(number)}], number + 1), most=5)


@pytest.mark.parametrize("total", [1, 3])
def test_a_list_that_must_be_whole_is_as_long_as_it_is_counted(total: int) -> None:
    fetch = pages([{"id": "a"}], [{"id": "b"}], total=total)
    if total == 1:
        assert walked(fetch, whole=True) == ["a", "b"]
    else:
        with pytest.raises(TemporaryError):
            walked(fetch, whole=True)
