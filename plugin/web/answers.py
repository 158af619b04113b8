"""Answers in plain words."""

from __future__ import annotations

from flask import Response


def text_answer(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return Response(text + "\n", status, headers, mimetype="text/plain")
