"""Access control of the sandbox: OAuth tokens, the Accept header and the rate limits."""

from __future__ import annotations

import hmac
import threading
import time
import uuid

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from ..api.rate_headers import RateLimit, parse_rate_limit
from ..api.transport import MEDIA_TYPE
from .knobs import AlmKnobs
from .world import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN

ADMINISTRATOR = "15300001"
UNENFORCED = "60r/m"


class TokenOffice:
    """Issues tokens. A refresh returns the same access token while it is valid, as ALM does."""

    def __init__(self, knobs: AlmKnobs) -> None:
        self._knobs = knobs
        self._lock = threading.Lock()
        self._refresh = REFRESH_TOKEN
        self._access = ""
        self._until = 0.0
        self._issued = 0

    def refresh(self) -> ResponseReturnValue:
        form = request.form
        if form.get("client_id") != CLIENT_ID or form.get("client_secret") != CLIENT_SECRET:
            return jsonify(error="invalid_client"), 401
        with self._lock:
            if form.get("refresh_token") != self._refresh:
                return jsonify(error="invalid_grant"), 400
            if time.time() >= self._until:
                self._issued += 1
                self._access = f"sandbox-access-{self._issued}"
                self._until = time.time() + self._knobs.token_seconds
            if self._knobs.rotate:
                self._refresh = f"{REFRESH_TOKEN}-{uuid.uuid4()}"
            return jsonify(
                access_token=self._access,
                refresh_token=self._refresh,
                user_role="admin",
                account_id=self._knobs.account,
                user_id=ADMINISTRATOR,
                expires_in=int(self._until - time.time()) or 1,
            )

    def accepts(self, header: str) -> bool:
        scheme, _, token = header.partition(" ")
        with self._lock:
            known = scheme.lower() in {"oauth", "bearer"} and time.time() < self._until
            return known and hmac.compare_digest(token.encode(), self._access.encode())


class Limiter:
    """A rate limit with a burst, as a leaky bucket."""

    def __init__(self, rate: str, burst: int, knob: str = "rate") -> None:
        """Limit requests to a rate.

        :raises ValueError: when the rate is not like ``60r/m``; the message names the knob.
        """
        self.text, self.burst = rate or UNENFORCED, burst
        self._limit: RateLimit | None = parse_rate_limit({"x-rate-limit": rate}) if rate else None
        if rate and self._limit is None:
            raise ValueError(f"knob {knob!r}: {rate!r} is not a rate such as 60r/m")
        self._lock = threading.Lock()
        self._busy_until = 0.0

    def wait(self) -> float:
        """Return the seconds until the next request is allowed; 0.0 allows one now."""
        if self._limit is None:
            return 0.0
        with self._lock:
            now = time.monotonic()
            busy_until = max(self._busy_until, now)
            too_early = busy_until - now - self.burst * self._limit.interval
            if too_early > 0:
                return too_early
            self._busy_until = busy_until + self._limit.interval
            return 0.0


class Limits:
    """A limit for all requests, and further limits for some resources.

    :param knobs: ``rates`` is ``learningObjects=15r/m,users=30r/m``.
    :raises ValueError: a rate is not valid.
    """

    def __init__(self, knobs: AlmKnobs) -> None:
        self._all = Limiter(knobs.rate, knobs.burst)
        parts = [part.partition("=") for part in knobs.rates.split(",") if part.strip()]
        self._some = {name.strip(): Limiter(rate.strip() or "?", knobs.burst, "rates") for name, _, rate in parts}

    def of(self, path: str) -> list[Limiter]:
        """Return the limits of a request, that of its own resource first, which the headers state."""
        resource = path.removeprefix("/primeapi/v2/").partition("/")[0]
        own = self._some.get(resource)
        return [self._all] if own is None else [own, self._all]


def oauth_routes(office: TokenOffice) -> Blueprint:
    routes = Blueprint("oauth", __name__, url_prefix="/oauth")
    routes.add_url_rule("/token/refresh", "refresh", office.refresh, methods=["POST"])
    return routes


def guard(routes: Blueprint, office: TokenOffice, limits: Limits) -> None:
    """Run the checks before each route, and add the rate's headers to each answer."""

    @routes.before_request
    def check() -> ResponseReturnValue | None:
        wait = max(limiter.wait() for limiter in limits.of(request.path))
        if wait > 0:
            return jsonify(message="429 Too many requests"), 429, {"retry-after": f"{wait:.3f}"}
        if not office.accepts(request.headers.get("Authorization", "")):
            return jsonify(status="UNAUTHORIZED", title="Invalid access token", source={"info": ""}), 401
        if MEDIA_TYPE not in request.headers.get("Accept", ""):
            return jsonify(status="NOT_ACCEPTABLE", title="Not acceptable", source={"info": "Accept"}), 406
        return None

    @routes.after_request
    def add_headers(response: Response) -> Response:
        limiter = limits.of(request.path)[0]
        response.headers["x-rate-limit"] = limiter.text
        response.headers["x-burst"] = str(limiter.burst)
        response.headers["x-request-id"] = uuid.uuid4().hex
        if response.mimetype == "application/json" and 200 <= response.status_code < 300:
            response.mimetype = MEDIA_TYPE
        return response
