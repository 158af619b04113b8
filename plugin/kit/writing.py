"""Write a distribution with a working adapter: the guide's example under another name."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

from ..._version import __version__
from ...adapters.registry import adapter_names
from ...adapters.validate import NAME, is_free
from . import texts

EXAMPLE = "badgerelay.adapters.example"
COPIED = ("adapter.py", "client.py", "settings.py", "stub.py")
_RELATIVE = re.compile(r"^(\s*)from \.\.([\w.]*) import", re.MULTILINE)


class NotWrittenError(Exception):
    """Nothing was written; the message says why, and what to do."""


def write_distribution(name: str, folder: Path) -> list[Path]:
    """Write the distribution and return its files.

    :param name: of the provider.
    :raises NotWrittenError: the name is not valid or is taken, or the folder is not empty.
    """
    if not NAME.fullmatch(name):
        raise NotWrittenError(
            f"{name!r} is not a valid provider name: begin with a small letter, then small letters, digits, - and _"
        )
    if not is_free(name) or name in adapter_names():
        raise NotWrittenError(f"the name {name!r} is taken: choose another")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NotWrittenError(f"{folder} exists already and is not an empty folder: name another folder")
    module = f"badgerelay_{name.replace('-', '_')}"
    words = {
        "@name@": name,
        "@module@": module,
        "@Class@": "".join(part.capitalize() for part in re.split("[-_]", name)),
        "@version@": __version__,
    }
    files = {
        "pyproject.toml": texts.PYPROJECT,
        "README.md": texts.README,
        ".gitignore": texts.GITIGNORE,
        "tests/test_contract.py": texts.TESTS,
        f"{module}/__init__.py": texts.INIT,
        f"{module}/py.typed": "",
        **{f"{module}/{file}": _copied(file) for file in COPIED},
    }
    for file, text in files.items():
        path = folder / file
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_filled(text, words), encoding="utf-8")
        except OSError as error:
            raise NotWrittenError(f"cannot write {path}: {error.strerror}") from None
    return [folder / file for file in files]


def _copied(file: str) -> str:
    """Return a file of the example with absolute imports and placeholders for its names."""
    text = (resources.files(EXAMPLE) / file).read_text(encoding="utf-8")
    text = _RELATIVE.sub(lambda found: f"{found[1]}from badgerelay.adapters{found[2] and '.'}{found[2]} import", text)
    text = re.sub(r"(\nfrom badgerelay\.[^\n]*\n)(from \.)", r"\1\n\2", text)
    return text.replace("Example", "@Class@").replace('ClassVar[str] = "example"', 'ClassVar[str] = "@name@"')


def _filled(text: str, words: dict[str, str]) -> str:
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text
