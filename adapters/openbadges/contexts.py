"""The pinned JSON-LD contexts. They decide which bytes are signed, so none is ever fetched."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

CREDENTIALS = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
EXTENSIONS = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"

FOLDER = Path(__file__).parent / "contexts"
PINNED = {
    CREDENTIALS: (
        "credentials-v2.json",
        "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734",
    ),
    OPEN_BADGES: (
        "open-badges-3.0.3.json",
        "ef2fa9c7846dce233cc166b43639027278be4ee44f00bb1d45c75de2dd0cd761",
    ),
    EXTENSIONS: (
        "open-badges-extensions.json",
        "2d013f981d1f4516081a6a04e55468ba2b071d4153b794f19a79715c45a89a5e",
    ),
}
"""Each context's file in ``contexts/``, and the SHA-256 of that file."""


class UnknownContextError(ValueError):
    """A document names a context that is not pinned."""


@cache
def context(url: str) -> dict[str, Any]:
    """Return a pinned context. :raises UnknownContextError: it is not pinned, or its file was changed."""
    if url not in PINNED:
        raise UnknownContextError(f"the context {url} does not come with badgerelay; contexts are never fetched")
    name, digest = PINNED[url]
    content = (FOLDER / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise UnknownContextError(f"the context file {name} was changed: install badgerelay again")
    document: dict[str, Any] = json.loads(content)
    return document


def loader(more: Mapping[str, Any] | None = None) -> Callable[[str, Any], dict[str, Any]]:
    """Return a document loader for PyLD. :param more: contexts in addition to the pinned ones."""

    def load(url: str, _options: Any = None) -> dict[str, Any]:
        document = more[url] if more and url in more else context(url)
        # "static" lets PyLD cache the processed context, which takes longer than everything else.
        tag = {} if more and url in more else {"tag": "static"}
        return {"contextUrl": None, "documentUrl": url, "document": document, **tag}

    return load
