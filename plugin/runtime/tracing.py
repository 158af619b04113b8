"""OpenTelemetry spans where its API is installed and a tracer provider is set up; nothing at all elsewhere.

Each span carries the correlation ids of what it works on: they join the spans of one completion, whichever
processes made them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

trace: Any
try:
    from opentelemetry import trace
except ImportError:
    trace = None

MAX_IDS = 100
"""Maximum number of ids that one span carries."""

_NOTHING: AbstractContextManager[None] = nullcontext()


def span(name: str, **attributes: str | int | Sequence[str] | Sequence[int]) -> AbstractContextManager[Any]:
    """Begin a span around the block, with attributes ``badgerelay.<key>``; of a list also how many it has.

    The tracer provider is that of the process; its operator decides where spans go.
    """
    if not _traced():
        return _NOTHING
    tracer = trace.get_tracer("badgerelay")
    # An exception's message may quote what it was raised about; the log says what happened.
    made: AbstractContextManager[Any] = tracer.start_as_current_span(
        name, attributes=_attributes(attributes), record_exception=False, set_status_on_exception=False
    )
    return made


def describe(**attributes: str | int | Sequence[str] | Sequence[int]) -> None:
    """Add attributes that were not known when the current span began."""
    if _traced():
        trace.get_current_span().set_attributes(_attributes(attributes))


def _traced() -> bool:
    """Return whether a tracer provider was set up: spans without one would cost each delivery a tenth."""
    return trace is not None and not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def _attributes(given: dict[str, Any]) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for key, value in given.items():
        if isinstance(value, (str, int)):
            attributes[f"badgerelay.{key}"] = value
        else:
            attributes[f"badgerelay.{key}"] = list(value[:MAX_IDS])
            attributes[f"badgerelay.{key}.count"] = len(value)
    return attributes
