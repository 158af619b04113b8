"""Cells that a spreadsheet would run as formulas, and how we write them so that it does not.

https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
MARK = "'"


def escaped(cell: object) -> str:
    """The cell as text for a file that we write: an apostrophe goes before what would be a formula."""
    text = "" if cell is None else str(cell)
    return MARK + text if _runs(text) else text


def unescaped(cell: str) -> str:
    """The cell that :func:`escaped` was given."""
    return cell[1:] if cell[:1] == MARK and _runs(cell) else cell


def _runs(text: str) -> bool:
    """Whatever number of apostrophes it begins with, so that taking one away gives back what was there."""
    return text.lstrip(f"{MARK} ").startswith(FORMULA_STARTS)
