"""Whether a class is an adapter that badgerelay can work with, told without calling it."""

from __future__ import annotations

import inspect
import re
from typing import Any

from marshmallow import Schema

from .base import CONTRACT, RESERVED_SETTINGS, Adapter, Capabilities

NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
MAX_BATCH = 10_000
_NOT_FREE = {"alm"}
"""Names that ``connect`` has for sources of events."""

_VERBS = {
    "can_look_up": "find",
    "can_revoke": "revoke",
    "can_replace": "replace",
    "can_share": "share_links",
    "can_list": "badges",
    "can_make_templates": "make_template",
    "can_rotate_key": "rotate_key",
}


def is_free(name: str) -> bool:
    """Whether an adapter may be called so, taken or not."""
    return name not in _NOT_FREE


def trouble_of(adapter: Any, name: str) -> str:
    """What is wrong with it, as the end of a sentence that begins with its name; empty when nothing is.

    :param name: under which it is offered, in small letters.
    """
    if not (isinstance(adapter, type) and issubclass(adapter, Adapter)):
        return "is not a subclass of badgerelay.adapters.Adapter"
    try:
        return _contract(adapter) or _identity(adapter, name) or _capabilities(adapter) or _settings(adapter)
    except Exception as error:
        return f"cannot be looked at: {type(error).__name__}"


def _contract(adapter: type[Adapter]) -> str:
    wanted = adapter.contract
    if not (isinstance(wanted, tuple) and len(wanted) == 2 and all(isinstance(each, int) for each in wanted)):
        return "says no version of the contract: contract is two whole numbers, such as (1, 0)"
    if wanted[0] == CONTRACT[0] and wanted[1] <= CONTRACT[1]:
        return ""
    shown, ours = (".".join(map(str, version)) for version in (wanted, CONTRACT))
    newer = wanted > CONTRACT
    return (
        f"was written for {'a newer' if newer else 'an older'} contract ({shown}) than this badgerelay has ({ours}): "
        f"update {'badgerelay' if newer else 'the adapter'}"
    )


def _identity(adapter: type[Adapter], name: str) -> str:
    said = getattr(adapter, "name", None)
    if not isinstance(said, str) or not NAME.fullmatch(said):
        return "has no name of small letters, digits, hyphens and underscores"
    if said != name:
        return f"calls itself {said!r}, which is not the name it is offered under"
    if not is_free(said):
        return "has a name that is not free: alm is a source of events"
    if inspect.isabstract(adapter):
        return f"lacks {', '.join(sorted(adapter.__abstractmethods__))}"
    return ""


def _capabilities(adapter: type[Adapter]) -> str:
    said = getattr(adapter, "capabilities", None)
    if not isinstance(said, Capabilities):
        return "declares no capabilities"
    if not (isinstance(said.max_batch, int) and 1 <= said.max_batch <= MAX_BATCH):
        return f"declares a max_batch that is not from 1 to {MAX_BATCH}"
    for capability, verb in _VERBS.items():
        if getattr(said, capability) and getattr(adapter, verb) is getattr(Adapter, verb):
            return f"declares {capability} and has no {verb}()"
    return ""


def _settings(adapter: type[Adapter]) -> str:
    schema = getattr(adapter, "settings_schema", None)
    if not (isinstance(schema, type) and issubclass(schema, Schema)):
        return "has no settings_schema of marshmallow's"
    both = sorted(RESERVED_SETTINGS & schema().fields.keys())
    if both:
        return (
            f"has settings of its own called {', '.join(both)}, which every provider connection has already: "
            "the adapter must rename them"
        )
    return ""
