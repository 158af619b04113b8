"""Draw the rooms of the code and who imports whom, read from the imports themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 150, 34, 18, 44, 12
"""Pixels: a box, the space between boxes, the edge of the picture."""


def rooms() -> str:
    """Return an SVG picture of the rooms, lowest floor at the bottom, as raw HTML in Markdown."""
    imports = read_imports()
    floors = floors_of(imports)
    return f"```{{raw}} html\n{_svg(imports, floors)}\n```\n"


def read_imports() -> dict[str, set[str]]:
    """Return the rooms that each room imports from while its modules load; imports inside functions do not count."""
    found: dict[str, set[str]] = {}
    for top in ("hooks", "adapters", "plugin"):
        for file in sorted((ROOT / top).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            room = _room(parts)
            if room == "plugin":
                continue
            targets = found.setdefault(room, set())
            targets |= {target for target in _targets(file, parts) if target != room}
    return {room: {target for target in targets if target in found} for room, targets in found.items()}


def floors_of(imports: dict[str, set[str]]) -> dict[str, int]:
    """Return the floor of each room: one above the highest that it imports. Rooms in a circle share a floor."""
    groups = _circles(imports)
    floors: dict[str, int] = {}

    def floor(room: str) -> int:
        if room not in floors:
            below = {target for member in groups[room] for target in imports[member]} - groups[room]
            height = max((floor(target) for target in below), default=0) + 1
            floors.update(dict.fromkeys(groups[room], height))
        return floors[room]

    for room in imports:
        floor(room)
    return floors


def _room(parts: tuple[str, ...]) -> str:
    return "/".join(parts[:2]) if parts[0] == "plugin" and len(parts) > 2 else parts[0]


def _targets(file: Path, parts: tuple[str, ...]) -> Iterator[str]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = parts[: len(parts) - node.level]
            module = tuple(node.module.split(".")) if node.module else ()
            for alias in node.names:
                module_path = (*base, *module, alias.name)
                if len(module_path) > 1 and module_path[0] in ("hooks", "adapters", "plugin"):
                    yield _room((*module_path, "x")) if module_path[0] == "plugin" else module_path[0]


def _reached(imports: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for target in imports[waiting.pop()] - seen:
            seen.add(target)
            waiting.append(target)
    return seen


def _circles(imports: dict[str, set[str]]) -> dict[str, set[str]]:
    reached = {room: _reached(imports, room) for room in imports}
    return {room: {room} | {other for other in reached[room] if room in reached[other]} for room in imports}


def _svg(imports: dict[str, set[str]], floors: dict[str, int]) -> str:
    levels = [sorted(room for room in floors if floors[room] == level) for level in sorted(set(floors.values()))]
    columns = max(len(level) for level in levels)
    width = MARGIN * 2 + columns * WIDTH + (columns - 1) * GAP_X
    height = MARGIN * 2 + len(levels) * HEIGHT + (len(levels) - 1) * GAP_Y
    centres: dict[str, tuple[float, float]] = {}
    for index, level in enumerate(levels):
        row = len(level) * WIDTH + (len(level) - 1) * GAP_X
        for position, room in enumerate(level):
            x = (width - row) / 2 + position * (WIDTH + GAP_X) + WIDTH / 2
            centres[room] = (x, height - MARGIN - HEIGHT / 2 - index * (HEIGHT + GAP_Y))
    lines = [_line(centres[room], centres[target]) for room, target in _shown(imports, floors)]
    boxes = [_box(room, *centre) for room, centre in centres.items()]
    style = "max-width:100%;height:auto;font:13px sans-serif;color:inherit"
    opening = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Rooms and their imports" style="{style}">'
    return "\n".join((opening, *lines, *boxes, "</svg>"))


def _shown(imports: dict[str, set[str]], floors: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Yield each import that no longer path implies, so that the picture stays readable."""
    for room, targets in sorted(imports.items()):
        for target in sorted(targets):
            others = (other for other in targets if other != target and floors[other] < floors[room])
            if not any(target in _reached(imports, other) for other in others):
                yield room, target


def _line(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="#8a94a6" stroke-width="1.2"/>'


def _box(room: str, x: float, y: float) -> str:
    left, top = x - WIDTH / 2, y - HEIGHT / 2
    text = f'<text x="{x:g}" y="{y + 4:g}" text-anchor="middle" fill="#12233d">{room}</text>'
    box = f'<rect x="{left:g}" y="{top:g}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#e8eefc" stroke="#5b7bd5"/>'
    return box + text
