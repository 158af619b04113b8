"""RDFC-1.0 of a document, and the guard before it: nothing is signed that another verifier would read differently.

JSON-LD drops what its contexts do not define, and PyLD does so in silence: what is dropped is not signed, and
verifiers in safe mode refuse it. So a document is expanded once, and refused unless all of it came through.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import ConfigurationError
from .contexts import UnknownContextError, loader

NOWHERE = "nowhere://undefined/"
"""The base of relative references. PyLD would take http://example.org/base/, and sign what nobody else reads."""

SLOT = "urn:badgerelay:slot:"
"""How a value begins that a :class:`Mould` lets change: good as an IRI and as text."""

# RDFC-1.0 writes these with escapes that PyLD does not know.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|^`\\\x7f]+")

_one_at_a_time = threading.Lock()
"""PyLD keeps the contexts that it has read in a cache that is not made for threads."""

Dataset = list[dict[str, dict[str, str]]]


class UndefinedTermError(ValueError):
    """A document says something that its contexts do not define; the message names it."""


def canonical(document: Mapping[str, Any], contexts: Mapping[str, Any] | None = None) -> str:
    """The N-Quads that are signed.

    :param contexts: beside the pinned ones.
    :raises UndefinedTermError: not all of the document would be signed.
    """
    return _canonized(_dataset(document, contexts))


class Mould:
    """A document of which some values change and the rest does not: it is expanded, and guarded, once.

    :param document: with ``SLOT + name`` as the whole of each value that changes.
    :raises UndefinedTermError: as :func:`canonical`.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._dataset = _dataset(document, None)
        self._slots = {value for value in _leaves(document) if isinstance(value, str) and value.startswith(SLOT)}
        terms = [term for quad in self._dataset for term in quad.values()]
        found = {term["value"] for term in terms if term["value"].startswith(SLOT)}
        if self._slots != found:
            raise UndefinedTermError("a value that changes is not in what is signed")
        self._references = {term["value"] for term in terms if term["type"] == "IRI"} & found

    def fill(self, values: Mapping[str, str]) -> tuple[dict[str, Any], str]:
        """The document with these values, and its N-Quads.

        :raises UndefinedTermError: a value would be read differently elsewhere, or one is missing.
        """
        given = {SLOT + name: value for name, value in values.items()}
        if given.keys() != self._slots:
            raise UndefinedTermError("other values than the document has room for")
        for slot, value in given.items():
            _check_text(value, slot)
            if slot in self._references and not is_reference(value):
                raise UndefinedTermError(f"{slot.removeprefix(SLOT)} is not an absolute IRI")
        filled = [
            {key: {**term, "value": given.get(term["value"], term["value"])} for key, term in quad.items()}
            for quad in self._dataset
        ]
        document: dict[str, Any] = _filled(self._document, given)
        return document, _canonized(filled)


def is_reference(text: str) -> bool:
    """Whether it is an absolute IRI that everybody writes the same way."""
    return _IRI.fullmatch(text) is not None


def require_pyld() -> Any:
    """:raises ConfigurationError: the extra is not installed."""
    try:
        from pyld import jsonld
    except ImportError:
        raise ConfigurationError(
            "Open Badges need what comes with an extra: pip install 'badgerelay[openbadges]'"
        ) from None
    return jsonld


def _dataset(document: Mapping[str, Any], contexts: Mapping[str, Any] | None) -> Dataset:
    jsonld = require_pyld()
    _check_json(document)
    dropped: list[str] = []
    options = {"base": NOWHERE, "documentLoader": loader(contexts), "processingMode": "json-ld-1.1"}
    try:
        with _one_at_a_time:
            expanded = jsonld.expand(document, options, on_property_dropped=lambda term: dropped.append(str(term)))
            # Also what was expanded may not lose anything: a type or an id without a scheme.
            dataset = jsonld.to_rdf(expanded, {**options, "documentLoader": loader()})
    except jsonld.JsonLdError as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, UnknownContextError):
            cause = cause.__cause__ or cause.__context__
        raise UndefinedTermError(str(cause) if cause else f"not JSON-LD ({error.code or error.type})") from None
    if dropped:
        raise UndefinedTermError(f"its contexts do not define {', '.join(sorted(set(dropped)))}")
    if relative := [value for value in _leaves(expanded) if isinstance(value, str) and value.startswith(NOWHERE)]:
        raise UndefinedTermError(f"its contexts do not define {relative[0].removeprefix(NOWHERE)}")
    if set(dataset) - {"@default"}:
        raise UndefinedTermError("it has a graph within it")
    quads: Dataset = dataset["@default"]
    return quads


def _canonized(quads: Dataset) -> str:
    from pyld.canon import URDNA2015  # as RDFC-1.0 was called before it was a standard; the output is the same

    text: str = URDNA2015().main({"@default": quads}, {"format": "application/n-quads"})
    return text


def _check_json(value: Any, where: str = "") -> None:
    """Open Badges know no null and no empty list, and JSON-LD loses both."""
    if value is None or value in ([], {}):
        raise UndefinedTermError(f"{where} is empty")
    if isinstance(value, Mapping):
        for key, item in value.items():
            _check_json(item, f"{where}/{key}".lstrip("/"))
    elif isinstance(value, list):
        for item in value:
            _check_json(item, where)
    elif isinstance(value, str):
        _check_text(value, where)


def _check_text(value: str, where: str) -> None:
    if _CONTROL.search(value):
        raise UndefinedTermError(f"{where.removeprefix(SLOT)} holds a control character")


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _filled(value: Any, given: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _filled(item, given) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, given) for item in value]
    return given.get(value, value) if isinstance(value, str) else value
