"""Cells that a spreadsheet would run as formulas are escaped, and come back unchanged."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from badgerelay.plugin.csvfiles.cells import FORMULA_STARTS, escaped, unescaped

TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40)


@given(TEXT)
def test_an_escaped_cell_is_not_a_formula_and_comes_back(cell: str) -> None:
    assert not escaped(cell).startswith(FORMULA_STARTS)
    assert unescaped(escaped(cell)) == cell
