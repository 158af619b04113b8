"""Escaping of cells that a spreadsheet would run as formulas.

https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
MARK = "'"


def escaped(cell: object) -> str:
    """Return the cell as text for a file, with an apostrophe before a formula."""
    text = "" if cell is None else str(cell)
    return MARK + text if _runs(text) else text


def unescaped(cell: str) -> str:
    """Return the cell without the apostrophe of :func:`escaped`."""
    return cell[1:] if cell[:1] == MARK and _runs(cell) else cell


def _runs(text: str) -> bool:
    """Return whether the cell is a formula behind any apostrophes, so that :func:`unescaped` is the exact inverse."""
    return text.lstrip(f"{MARK} ").startswith(FORMULA_STARTS)
