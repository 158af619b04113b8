"""The file of figures: what was measured last, under names that ``docs/explanation/scale.md`` is computed from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .processes import CHECKOUT
from .table import Figure

FILE = CHECKOUT / "docs" / "explanation" / "measured.json"


@dataclass(frozen=True, slots=True)
class Measured:
    """:param value: the median. :param quick: a first impression, not a result."""

    value: float
    unit: str
    machine: str
    quick: bool


def save(figures: Sequence[Figure], machine: str, *, quick: bool, file: Path = FILE) -> None:
    """Add the figures that have a key, or put them in the place of older ones."""
    kept = load(file) if file.exists() else {}
    new = {
        figure.key: Measured(_short(figure.value), figure.unit, machine, quick) for figure in figures if figure.key
    }
    document = {key: asdict(measured) for key, measured in sorted({**kept, **new}.items())}
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def load(file: Path = FILE) -> dict[str, Measured]:
    return {key: Measured(**values) for key, values in json.loads(file.read_text()).items()}


def _short(value: float) -> float:
    """Four digits: more would be noise."""
    return float(f"{value:.4g}")
