from __future__ import annotations

import pytest

from badgerelay.plugin.sources.recipients import split_name


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("last_word_is_last_name", ("Ana María del", "Río")),
        ("first_word_is_first_name", ("Ana", "María del Río")),
        ("family_name_first", ("María del Río", "Ana")),
    ],
)
def test_each_policy_splits_as_its_docstring_says(policy: str, expected: tuple[str, str]) -> None:
    assert split_name(" Ana\t María  del\nRío ", policy) == expected  # type: ignore[arg-type]
    assert split_name("Sukarno", policy) == ("Sukarno", "-")  # type: ignore[arg-type]
    assert split_name(" \u3000\t", policy) == ("", "")  # type: ignore[arg-type]


def test_an_unknown_policy_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="family_name_first"):
        split_name("A B", "alphabetical")  # type: ignore[arg-type]
