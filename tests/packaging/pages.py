"""The pages of the documentation and the blocks of code in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .building import ROOT

PAGES = [ROOT / "README.md", *sorted(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts)]
RUN = ("console", "sh", "python")
"""Languages whose blocks run in a test, or say why they do not."""

_STOP = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"
"""Ends what a page has started, also where one of its commands fails."""

_BLOCK = re.compile(
    r"(?:<!-- (?P<mark>[a-z ]+): (?P<value>[^\n]*) -->\n)?```(?P<language>[^\n]*)\n(?P<text>.*?)```", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    :param page: relative to the checkout.
    :param mark: ``not run``, ``needs`` (an extra) or ``file`` (a name to save it under), or empty.
    :param value: of the mark.
    """

    page: str
    language: str
    text: str
    mark: str
    value: str

    @property
    def runs(self) -> bool:
        return self.language in RUN and self.mark != "not run"

    @property
    def quoted(self) -> bool:
        """Whether it quotes a file that ``adapter new`` writes, and names it in a comment."""
        return self.language == "python" and re.match(r"# \S+\.py\n", self.text) is not None


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page in their order."""
    for found in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        yield Block(
            str(page.relative_to(ROOT)), found["language"], found["text"], found["mark"] or "", found["value"] or ""
        )


def prose(page: Path) -> str:
    """Return the text of a page without blocks of code and comments."""
    return re.sub(r"<!--.*?-->", "", _BLOCK.sub("\n", page.read_text(encoding="utf-8")), flags=re.DOTALL)


def script(page: Path) -> str:
    """Return the blocks of a page as one shell script; empty where none runs."""
    parts = [_command(block) for block in blocks(page) if block.runs and not block.quoted]
    return "\n".join(["set -eu", _STOP, *parts]) if parts else ""


def _command(block: Block) -> str:
    if block.language == "python":
        name = block.value if block.mark == "file" else "block.py"
        return f"cat > {name} <<'END_OF_BLOCK'\n{block.text}END_OF_BLOCK\npython -W error {name}"
    if block.language == "console":
        return "\n".join(line[2:] for line in block.text.splitlines() if line.startswith("$ "))
    return block.text
