"""Canonicalize documents by RDFC-1.0, and refuse those that another verifier would read differently.

JSON-LD drops terms that its contexts do not define, and PyLD does so silently: a dropped term is not signed, and
verifiers in safe mode refuse it. So a document is expanded once, and refused unless all its terms are kept.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import ConfigurationError
from .contexts import UnknownContextError, loader

NOWHERE = "nowhere://undefined/"
"""The base of relative references. PyLD would take http://example.org/base/ and sign other bytes than expected."""

SLOT = "urn:badgerelay:slot:"
"""The prefix of a value that a :class:`Mould` replaces: valid as an IRI and as text."""

# RDFC-1.0 escapes these characters; PyLD does not.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|^`\\\x7f]+")

_one_at_a_time = threading.Lock()
"""Guards PyLD's cache of contexts, which is not safe for threads."""

Dataset = list[dict[str, dict[str, str]]]


class UndefinedTermError(ValueError):
    """A document has a term that its contexts do not define; the message names it."""


def canonical(document: Mapping[str, Any], contexts: Mapping[str, Any] | None = None) -> str:
    """Return the N-Quads to sign.

    :param contexts: in addition to the pinned ones.
    :raises UndefinedTermError: not all of the document would be signed.
    """
    return _canonized(_dataset(document, contexts))


class Mould:
    """A document of which only some values change; it is expanded and checked once.

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
        """Return the document with these values, and its N-Quads.

        :raises UndefinedTermError: a value would be read differently elsewhere, or one is missing.
        """
        given = {SLOT + name: value for name, value in values.items()}
        if given.keys() != self._slots:
            raise UndefinedTermError("the values are not those of the document")
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
    """Return whether the text is an absolute IRI in normal form."""
    return _IRI.fullmatch(text) is not None


def require_pyld() -> Any:
    """Import PyLD. :raises ConfigurationError: the extra is not installed."""
    try:
        from pyld import jsonld
    except ImportError:
        raise ConfigurationError("Open Badges need an extra: pip install 'badgerelay[openbadges]'") from None
    return jsonld


def _dataset(document: Mapping[str, Any], contexts: Mapping[str, Any] | None) -> Dataset:
    jsonld = require_pyld()
    _check_json(document)
    dropped: list[str] = []
    options = {"base": NOWHERE, "documentLoader": loader(contexts), "processingMode": "json-ld-1.1"}
    try:
        with _one_at_a_time:
            expanded = jsonld.expand(document, options, on_property_dropped=lambda term: dropped.append(str(term)))
            # The expanded document must not lose anything either: a type or an id without a scheme.
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
    from pyld.canon import URDNA2015  # the name of RDFC-1.0 before it became a standard; the output is the same

    text: str = URDNA2015().main({"@default": quads}, {"format": "application/n-quads"})
    return text


def _check_json(value: Any, where: str = "") -> None:
    """Refuse null and empty lists, which JSON-LD loses and Open Badges do not have."""
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
        raise UndefinedTermError(f"{where.removeprefix(SLOT)} contains a control character")


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
