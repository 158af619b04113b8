"""The file for ``badgerelay connect --from`` that connects to both sandboxes."""

from __future__ import annotations

import json
from collections.abc import Mapping

from badgerelay.adapters.credly.adapter import CredlyAdapter
from badgerelay.plugin.sources.alm.sandbox.world import ACCOUNT_ID, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN

from .deliveries import PASSWORD, USERNAME

Values = Mapping[str, str | int]


def declaration(credly: str, alm: str | None, of_credly: Values | None = None, of_alm: Values | None = None) -> str:
    """``academy`` at Credly and, unless None, ``acme`` at ALM, which its badges go to.

    :param of_credly: further settings.
    """
    text = _table("credly", {"name": "academy", **CredlyAdapter.sandbox_settings(credly), **(of_credly or {})})
    if alm is None:
        return text
    settings = {
        "name": "acme",
        "account_id": ACCOUNT_ID,
        "host": alm,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
        "provider": "academy",
        "webhook_username": USERNAME,
        "webhook_password": PASSWORD,
    }
    return text + _table("alm", {**settings, **(of_alm or {})})


def _table(kind: str, values: Values) -> str:
    return "\n".join([f"[[{kind}]]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]) + "\n"
