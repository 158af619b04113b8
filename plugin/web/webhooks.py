"""``POST /webhooks/alm/<connection>``: 202 once committed."""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from ..alm.decoder import NotJsonError, decode
from ..store import Store, StoreUnavailableError
from .answers import text_answer
from .doors import Doors

log = logging.getLogger("badgerelay.web")


def webhooks(store: Store, doors: Doors, wake: Callable[[], None]) -> Blueprint:
    blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")

    @blueprint.post("/alm/<name>")
    def alm(name: str) -> Response:
        try:
            return _receive(store, doors, wake, name)
        except StoreUnavailableError as error:
            log.error("a delivery for %.64s was not stored: %s", name, error)
            return text_answer(
                503, "not stored: the database does not answer; please deliver again", {"Retry-After": "5"}
            )

    @blueprint.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        return text_answer(error.code or 500, error.name)

    return blueprint


def _receive(store: Store, doors: Doors, wake: Callable[[], None], name: str) -> Response:
    door = doors.alm(name)
    if door is None:
        return text_answer(404, "no such connection")
    if not door.knows(request.headers.get("Authorization")):
        return _stranger(doors, name)
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        log.warning("a delivery for %s was refused: it is larger than 1 MiB", name)
        return text_answer(413, "larger than 1 MiB")
    if not door.signed(dict(request.headers), body):
        return _stranger(doors, name)
    try:
        events = door.take(decode(body))
    except NotJsonError as error:
        log.warning("a delivery for %s was refused: %s", name, error)
        return text_answer(400, str(error))
    store.inbox.add(events, store.now())
    wake()
    log.info("webhook %s: %d events", name, len(events))
    return text_answer(202, "stored")


def _stranger(doors: Doors, name: str) -> Response:
    if name not in doors.warned:
        doors.warned.add(name)
        names = ", ".join(sorted(header.lower() for header, _ in request.headers))
        log.warning("a delivery for %s carries no valid credentials; its headers are: %s", name, names)
    return text_answer(401, "wrong credentials", {"WWW-Authenticate": 'Basic realm="badgerelay"'})
