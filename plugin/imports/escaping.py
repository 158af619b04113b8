"""Cells that a spreadsheet would run as formulas, and how they are written so that it does not.

https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
MARK = "'"


def escaped(cell: str) -> str:
    """A cell for a file that we write: an apostrophe goes before what would be a formula."""
    return MARK + cell if cell.lstrip(MARK).startswith(FORMULA_STARTS) else cell


def unescaped(cell: str) -> str:
    """The cell that :func:`escaped` was given."""
    return cell[1:] if cell[:1] == MARK and cell.lstrip(MARK).startswith(FORMULA_STARTS) else cell
