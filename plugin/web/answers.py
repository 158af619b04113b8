"""Answers of one line of plain text."""

from __future__ import annotations

from flask import Response


def text_answer(status: int, text: str) -> Response:
    """Return a plain-text answer; a line end is added to ``text``."""
    return Response(text + "\n", status, mimetype="text/plain")
