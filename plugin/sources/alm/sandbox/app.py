"""The Flask application of the sandbox."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, Request, Response, request

from .....adapters.sandbox import Faults, install, read_knobs
from .access import Limits, TokenOffice, guard, oauth_routes
from .api import api_routes
from .control import control_routes
from .counter import RequestCounter
from .jobs import job_routes
from .knobs import AlmKnobs
from .migrations import Runs, ask_routes, drive_routes
from .webhooks import Webhooks
from .world import make_world


def make_sandbox(knobs: Mapping[str, str]) -> Flask:
    """Return a new ALM with an account of its own; see :class:`AlmKnobs` for the knobs.

    ``app.extensions["alm_webhooks"].stop()`` ends its sending threads, which are daemons.

    :raises ValueError: a knob is unknown or wrong; the message names it.
    """
    switches = read_knobs(AlmKnobs, knobs)
    if not (switches.account.isascii() and switches.account.isdigit()):
        raise ValueError(f"knob 'account': {switches.account!r} is not a whole number")
    world = make_world(switches)
    office, limits = TokenOffice(switches), Limits(switches)
    faults, counter = Faults(switches.faults), RequestCounter()
    webhooks = Webhooks(switches)
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's own provider has it
    runs = Runs(switches.account)
    api = api_routes(world, switches)
    job_routes(api, world, switches)
    ask_routes(api, runs, switches)
    guard(api, office, limits)
    app.register_blueprint(oauth_routes(office))
    app.register_blueprint(api)
    app.register_blueprint(control_routes(world, webhooks, counter, switches))
    app.register_blueprint(drive_routes(runs))
    app.extensions["alm_webhooks"] = webhooks

    @app.before_request
    def count() -> None:
        if _is_alm(request):
            counter.add(
                request.method, (request.url_rule.rule if request.url_rule else "?").removeprefix("/primeapi/v2")
            )

    install(app, faults, only=_is_alm)

    @app.after_request
    def count_refusals(response: Response) -> Response:
        if response.status_code == 429:
            counter.refuse()
        return response

    return app


def _is_alm(asked: Request) -> bool:
    return asked.path.startswith(("/primeapi/", "/oauth/"))
