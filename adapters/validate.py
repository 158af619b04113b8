"""Check, without calling it, whether a class is an adapter that badgerelay can use."""

from __future__ import annotations

import inspect
import re
from typing import Any

from marshmallow import Schema

from .base import CONTRACT, RESERVED_SETTINGS, Adapter, Capabilities

NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
MAX_BATCH = 10_000
_RESERVED_NAMES = {"alm"}
"""Names that ``connect`` uses for sources of events."""

_METHODS = {
    "can_look_up": "find",
    "can_revoke": "revoke",
    "can_replace": "replace",
    "can_share": "share_links",
    "can_list": "badges",
    "can_make_templates": "make_template",
    "can_rotate_key": "rotate_key",
}


def is_free(name: str) -> bool:
    """Return whether an adapter may have this name; another adapter may use it already."""
    return name not in _RESERVED_NAMES


def problem_of(adapter: Any, name: str) -> str:
    """Return the adapter's problem, as the end of a sentence that begins with its name; empty if there is none.

    :param name: the name under which it is offered, in lower case.
    """
    if not (isinstance(adapter, type) and issubclass(adapter, Adapter)):
        return "is not a subclass of badgerelay.adapters.Adapter"
    try:
        return _contract(adapter) or _identity(adapter, name) or _capabilities(adapter) or _settings(adapter)
    except Exception as error:
        return f"cannot be inspected: {type(error).__name__}"


def _contract(adapter: type[Adapter]) -> str:
    wanted = adapter.contract
    if not (isinstance(wanted, tuple) and len(wanted) == 2 and all(isinstance(each, int) for each in wanted)):
        return "states no version of the contract: set contract to two whole numbers, such as (1, 0)"
    if wanted[0] == CONTRACT[0] and wanted[1] <= CONTRACT[1]:
        return ""
    shown, ours = (".".join(map(str, version)) for version in (wanted, CONTRACT))
    newer = wanted > CONTRACT
    return (
        f"was written for {'a newer' if newer else 'an older'} contract ({shown}) than this badgerelay has ({ours}): "
        f"update {'badgerelay' if newer else 'the adapter'}"
    )


def _identity(adapter: type[Adapter], name: str) -> str:
    stated = getattr(adapter, "name", None)
    if not isinstance(stated, str) or not NAME.fullmatch(stated):
        return "has no valid name: use small letters, digits, hyphens and underscores"
    if stated != name:
        return f"has the name {stated!r}, which is not the name of its entry point"
    if not is_free(stated):
        return "has a reserved name: alm is a source of events"
    if inspect.isabstract(adapter):
        return f"lacks {', '.join(sorted(adapter.__abstractmethods__))}"
    return ""


def _capabilities(adapter: type[Adapter]) -> str:
    stated = getattr(adapter, "capabilities", None)
    if not isinstance(stated, Capabilities):
        return "declares no capabilities"
    if not (isinstance(stated.max_batch, int) and 1 <= stated.max_batch <= MAX_BATCH):
        return f"declares a max_batch that is not from 1 to {MAX_BATCH}"
    for capability, method in _METHODS.items():
        if getattr(stated, capability) and getattr(adapter, method) is getattr(Adapter, method):
            return f"declares {capability} and has no {method}()"
    return ""


def _settings(adapter: type[Adapter]) -> str:
    schema = getattr(adapter, "settings_schema", None)
    if not (isinstance(schema, type) and issubclass(schema, Schema)):
        return "has no settings_schema that is a marshmallow Schema"
    clashing = sorted(RESERVED_SETTINGS & schema().fields.keys())
    if clashing:
        return (
            f"declares the settings {', '.join(clashing)}, which every provider connection has already: rename them"
        )
    return ""
