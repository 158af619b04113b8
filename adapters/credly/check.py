"""Check a connection and name the setting that is wrong."""

from __future__ import annotations

from urllib.parse import quote

from ..errors import ConfigurationError
from ..http.json_values import text
from ..http.statuses import NotFoundError
from ..http.transport import HostError
from ..values import Account
from .client import CredlyClient
from .listing import pages


def check_organization(client: CredlyClient, organization_id: str) -> Account:
    """Return the organization that the settings describe.

    :raises ConfigurationError: names the wrong setting: token (or oauth_client_secret), organization_id or host.
    :raises TemporaryError: Credly does not answer now.
    """
    wrong_organization = ConfigurationError(
        "the credentials are valid, but not for this organization; check organization_id", setting="organization_id"
    )
    try:
        data = client.get(f"/organizations/{quote(organization_id, safe='')}").data
    except NotFoundError:
        raise wrong_organization from None
    except HostError as error:
        raise ConfigurationError(str(error), setting=error.setting) from None
    except ConfigurationError as error:
        if error.setting == "host" or not _sees_others(client, organization_id):
            raise
        raise wrong_organization from None
    found, name = text(data, "id"), text(data, "name")
    if not (found and name):
        raise ConfigurationError(
            "the host's answer describes no organization (no id, no name); check host", setting="host"
        )
    if found.lower() != organization_id.lower():
        raise ConfigurationError(
            "Credly answers with another organization id than the one asked for; check organization_id",
            setting="organization_id",
        )
    return Account(id=found, name=name)


def _sees_others(client: CredlyClient, organization_id: str) -> bool:
    """Return whether credentials that were refused for one organization are valid for another."""
    try:
        visible = {text(item, "id").lower() for item in pages(client, "/organizations")}
    except (ConfigurationError, NotFoundError, HostError):
        return False
    return bool(visible - {""}) and organization_id.lower() not in visible
