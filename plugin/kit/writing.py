"""A distribution with an adapter that works as it is written: the guide's example under another name."""

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
_OURS = re.compile(r"^(\s*)from \.\.(\w*) import", re.MULTILINE)


class NotWrittenError(Exception):
    """The message says why, and what to do."""


def write_distribution(name: str, folder: Path) -> list[Path]:
    """Write it; the files that there are now.

    :param name: of the provider.
    :raises NotWrittenError: the name is none or is taken, or something is in the way. Nothing was written then.
    """
    if not NAME.fullmatch(name):
        raise NotWrittenError(
            f"{name!r} is no name of a provider: a small letter, then small letters, digits, hyphens, underscores"
        )
    if not is_free(name) or name in adapter_names():
        raise NotWrittenError(f"the name {name!r} is taken: choose another")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NotWrittenError(f"{folder} is there already, and not an empty folder")
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
    for place, text in files.items():
        path = folder / place
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_filled(text, words), encoding="utf-8")
        except OSError as error:
            raise NotWrittenError(f"cannot write {path}: {error.strerror}") from None
    return [folder / place for place in files]


def _copied(file: str) -> str:
    """A file of the example, as it must read outside of our package."""
    text = (resources.files(EXAMPLE) / file).read_text(encoding="utf-8")
    text = _OURS.sub(lambda found: f"{found[1]}from badgerelay.adapters{found[2] and '.'}{found[2]} import", text)
    text = re.sub(r"(\nfrom badgerelay\.[^\n]*\n)(from \.)", r"\1\n\2", text)
    return text.replace("Example", "@Class@").replace('ClassVar[str] = "example"', 'ClassVar[str] = "@name@"')


def _filled(text: str, words: dict[str, str]) -> str:
    for word, meaning in words.items():
        text = text.replace(word, meaning)
    return text
