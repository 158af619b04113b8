"""Log lines: text for people, or JSON for machines. Neither ever holds a secret, a body or an address."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from .settings import Settings

FIELDS = (
    "correlation_id",
    "correlation_ids",
    "connection",
    "event_id",
    "award_id",
    "award_ids",
    "state",
    "verb",
    "outcome",
    "seconds",
)
"""Attributes of a record that are logged with its message; in JSON, under the same name."""

BRIEF = 8
"""Number of digits of a correlation id in a line of text: its last ones, which are the event's own."""


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        carried = record.__dict__
        for name in FIELDS:
            if name in carried:
                line[name] = carried[name]
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


class _TextFormatter(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name that logging calls
        line = super().formatMessage(record)
        ids = [record.correlation_id] if hasattr(record, "correlation_id") else getattr(record, "correlation_ids", ())
        if not ids:
            return line
        more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
        return f"{line} [..{ids[0][-BRIEF:]}{more}]"


def one_line(text: str) -> str:
    """Return a text from outside as part of a line: it can neither begin another nor move a terminal's cursor."""
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)


def set_up_logging(settings: Settings) -> None:
    """Send badgerelay's log to stderr; a host that embeds us sets up its own instead."""
    handler = logging.StreamHandler(sys.stderr)
    if settings.log_format == "json":
        handler.setFormatter(_JsonFormatter())
    else:
        handler.setFormatter(_TextFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logger = logging.getLogger("badgerelay")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
