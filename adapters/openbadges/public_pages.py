"""The public pages of an issuer: badges, achievements, keys, status lists."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, request
from jinja2 import Environment
from jinja2 import Template as Page
from werkzeug.exceptions import HTTPException, NotFound

from ..errors import ConfigurationError
from ..http.share_links import linkedin_post
from . import badges
from .badges import Badge, credential_url, read_badge
from .baking import PNG, bake
from .issuer import JWT_SERIES, WEB_SERIES, Issuer, when
from .keys import did_document
from .settings import WEB
from .status import StatusLists, counter
from .templates import Template, Templates
from .verify import document_of, is_signed

VC_JSON, JWT_TEXT = "application/vc+ld+json", "text/plain; charset=utf-8"
JSON_TYPES = (VC_JSON, "application/vc", "application/ld+json", "application/json")
SECURITY = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Verifiers may be web pages of other sites.
    "Access-Control-Allow-Origin": "*",
}
IMAGE_SECURITY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""Policy for uploaded images: an SVG may contain a script."""

_BADGE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

log = logging.getLogger(__name__)


class PublicPages:
    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._lists = StatusLists(issuer)

    def issuer(self) -> Response:
        voice = self._issuer.voice(self._issuer.keys())
        return _json(self._issuer.profile(voice.did))

    def did(self) -> Response:
        """Serve the DID document, also with did:key: badges issued as did:web are verified with it."""
        if self._issuer.settings["did"] != WEB and not self._has_spoken_as_web():
            abort(404)
        return _json(did_document(self._issuer.keys(), self._issuer.url), "application/did+json")

    def key(self, number: int) -> Response:
        key = next((key for key in self._issuer.keys().keys if key.number == number and key.pem), None)
        return _json(key.jwk(), "application/jwk+json") if key else abort(404)

    def achievement(self, template_id: str) -> Response:
        template = self._template(template_id)
        achievement = template.achievement(self._issuer.url)
        if _wants_json("application/json"):
            return _json(achievement)
        return _page(issuer=self._issuer.settings["issuer_name"], achievement=achievement, page=achievement["id"])

    def achievement_image(self, template_id: str) -> Response:
        self._template(template_id)
        content, kind = Templates(self._issuer.records).image(template_id) or abort(404)
        return _file(content, kind)

    def credential(self, badge_id: str) -> Response:
        """Serve the badge as a page, or signed, if the request accepts JSON."""
        badge = self._badge(badge_id)
        if _wants_json("text/html"):
            return _signed(badge.credential)
        document: Any = document_of(badge)
        name, url = document["issuer"]["name"], credential_url(self._issuer.url, badge.id)
        state = badge.state(self._issuer.now())
        return _page(
            issuer=name,
            achievement=document["credentialSubject"]["achievement"],
            page=url,
            signed=f"{url}.jwt" if isinstance(badge.credential, str) else f"{url}.json",
            badge=badge,
            issued=when(badge.issued_at),
            expires=when(badge.expires_at) if badge.expires_at is not None else "",
            state="forged" if not is_signed(badge, self._issuer.keys()) else state,
            did=document["issuer"]["id"],
            linkedin=linkedin_post(url),
        )

    def signed(self, badge_id: str, kind: str) -> Response:
        badge = self._badge(badge_id)
        if (kind == "jwt") != isinstance(badge.credential, str):
            abort(404)
        return _signed(badge.credential)

    def baked(self, badge_id: str) -> Response:
        """Serve the image with the badge baked in."""
        badge = self._badge(badge_id)
        content, kind = Templates(self._issuer.records).image(badge.template_id) or abort(404)
        signed = badge.credential
        text = signed if isinstance(signed, str) else json.dumps(signed, ensure_ascii=False)
        answer = _file(bake(content, text), kind)
        ending = "png" if kind == PNG else "svg"
        answer.headers["Content-Disposition"] = f'attachment; filename="{badge.template_id}.{ending}"'
        return answer

    def status(self, name: str) -> Response:
        made = self._lists.signed(name, self._issuer.keys())
        return abort(404) if made is None else _signed(made)

    def _has_spoken_as_web(self) -> bool:
        return any(self._issuer.records.taken(counter(series)) for series in (WEB_SERIES, JWT_SERIES))

    def _template(self, template_id: str) -> Template:
        found = (
            Templates(self._issuer.records).get([template_id]).get(template_id) if _storable(template_id) else None
        )
        return abort(404) if found is None or found.state == "draft" else found

    def _badge(self, badge_id: str) -> Badge:
        if not _BADGE_ID.fullmatch(badge_id):
            abort(404)
        record = self._issuer.records.get(badges.KIND, [badge_id]).get(badge_id)
        return abort(404) if record is None else read_badge(record)


def public_pages(issuer: Issuer) -> Flask:
    """Return a WSGI application, to be mounted at ``issuer.url``."""
    app = Flask("badgerelay.openbadges", static_folder=None)
    pages = PublicPages(issuer)
    routes: Mapping[str, Any] = {
        "/issuer": pages.issuer,
        "/did.json": pages.did,
        "/keys/<int:number>": pages.key,
        "/achievements/<template_id>": pages.achievement,
        "/achievements/<template_id>/image": pages.achievement_image,
        "/credentials/<badge_id>": pages.credential,
        "/credentials/<badge_id>.<any(json,jwt):kind>": pages.signed,
        "/credentials/<badge_id>/image": pages.baked,
        "/status/<name>": pages.status,
    }
    for rule, view in routes.items():
        app.add_url_rule(rule, view_func=view, endpoint=rule)
    app.after_request(_dressed)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(ConfigurationError, _wrong)
    app.register_error_handler(OSError, _unavailable)
    app.register_error_handler(Exception, _failed)
    return app


def _wants_json(default: str) -> bool:
    """Return the preferred type; ``*/*`` gets the default, because link previews accept anything and read pages."""
    offered = ("text/html", *JSON_TYPES) if default == "text/html" else (*JSON_TYPES, "text/html")
    return request.accept_mimetypes.best_match(offered, default) != "text/html"


def _json(value: Any, kind: str = "application/json") -> Response:
    return Response(json.dumps(value, ensure_ascii=False), content_type=kind)


def _signed(credential: str | dict[str, Any]) -> Response:
    return Response(credential, content_type=JWT_TEXT) if isinstance(credential, str) else _json(credential, VC_JSON)


def _file(content: bytes, kind: str) -> Response:
    return Response(content, headers={"Content-Security-Policy": IMAGE_SECURITY}, content_type=kind)


def _page(**values: Any) -> Response:
    text = _badge_page().render({"badge": None, **values})
    return Response(text, content_type="text/html; charset=utf-8")


@cache
def _badge_page() -> Page:
    source = (Path(__file__).parent / "pages" / "badge.html").read_text(encoding="utf-8")
    return Environment(autoescape=True).from_string(source)


def _storable(text: str) -> bool:
    return text.isprintable() and len(text) <= 255


def _dressed(answer: Response) -> Response:
    for name, value in SECURITY.items():
        answer.headers.setdefault(name, value)
    answer.headers["Vary"] = "Accept"
    if answer.status_code == 200 and request.method in ("GET", "HEAD"):
        answer.headers["Cache-Control"] = "no-cache"  # revalidate each time; an unchanged page is not sent again
        answer.add_etag()
        answer.make_conditional(request)
    return answer


def _refused(error: HTTPException) -> Response:
    text = "there is no page here" if isinstance(error, NotFound) else error.name
    headers = [header for header in error.get_headers() if header[0] == "Allow"]
    return Response(f"{text}\n", error.code or 500, headers, mimetype="text/plain")


def _wrong(error: ConfigurationError) -> Response:
    log.error("public pages: %s", error)
    return Response("not set up\n", 503, mimetype="text/plain")


def _unavailable(error: OSError) -> Response:
    log.error("public pages: %s", error)
    return Response("not available now; please try again\n", 503, {"Retry-After": "5"}, mimetype="text/plain")


def _failed(error: Exception) -> Response:
    log.error("public pages failed", exc_info=error)
    return Response("badgerelay failed; its log says why\n", 500, mimetype="text/plain")
