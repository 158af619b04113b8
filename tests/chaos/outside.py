"""The world outside: one Credly with three organizations, three ALM accounts, each a sandbox over real HTTP."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import requests

from badgerelay.adapters.credly.sandbox.records import organizations, templates
from badgerelay.plugin.connections.declarations import toml_block
from badgerelay.plugin.sources.alm.sandbox import sandbox_settings
from badgerelay.plugin.sources.alm.sandbox.world import FIRST_LEARNER
from tests.e2e.running import Home

ACCOUNTS = 3
COURSES = 6
READ_TIMEOUT_SECONDS = 2.0
SLOW_SECONDS = 4.0
"""Longer than a Credly connection of the suite waits: the badge is made after its answer was given up."""

FAULTS = f"lost=0.05,500=0.05,html502=0.02,429=0.05:1,429bare=0.02,slow=0.02:{SLOW_SECONDS:g}"
KINDS_OF_FAULT = tuple(each.partition("=")[0] for each in FAULTS.split(","))
DOWN = "down=1"
BROKEN = f"slow=0.5:{SLOW_SECONDS:g},500=0.5"
"""An organization of which no call goes well, the slow ones after they have held a thread for the read time-out."""

ALM_FAULTS = "500=0.03,429=0.03:1"
BADGELESS = "course:8801300_17700991"
"""A course of ALM's sandbox that earns nothing."""


@dataclass(frozen=True, slots=True)
class Account:
    """An ALM account and the Credly organization that issues its badges.

    :param name: of the ALM connection; the provider connection is ``credly-<name>``.
    :param template_ids: of its courses, by number from 1.
    """

    name: str
    account_id: str
    url: str
    organization_id: str
    token: str
    template_ids: tuple[str, ...]

    @property
    def provider(self) -> str:
        return f"credly-{self.name}"

    def instance(self, course: int) -> str:
        """The instance of ALM's sandbox for a course's number."""
        return f"course:{8810000 + course}_{17710000 + course}"

    def user_id(self, number: int) -> str:
        return str(FIRST_LEARNER + number)


class Outside:
    """:ivar accounts: as they are now; a replaced token is in them.

    :param home: whose processes the sandboxes are; their clock is the true one.
    :param learners: of each account.
    """

    def __init__(self, home: Home, *, learners: int, seed: int) -> None:
        self._seed = seed
        # Templates here allow duplicates: Credly itself would refuse a second badge, and hide what we did wrong.
        self.credly = home.start(
            "sandbox", "credly", *_knobs(organizations=ACCOUNTS, templates=COURSES, allow_duplicates="on")
        ).url
        self.accounts: list[Account] = []
        for number, organization in enumerate(organizations(ACCOUNTS)):
            template_ids = tuple(template.id for template in templates(organization, COURSES)[:COURSES])
            knobs = _knobs(
                account=70412 + number,
                learners=learners,
                courses=COURSES + 1,
                provider="credly",
                templates=",".join(template_ids),
            )
            url = home.start("sandbox", "alm", *knobs).url
            name = ("north", "east", "south")[number]
            self.accounts.append(
                Account(name, str(70412 + number), url, organization.id, organization.token, template_ids)
            )

    def declaration(self) -> str:
        """The file for ``connect --from``, with limits that fit a storm: the defaults have tests of their own."""
        blocks = []
        for account in self.accounts:
            credly = {
                "organization_id": account.organization_id,
                "host": self.credly,
                "token": account.token,
                "read_timeout": f"{READ_TIMEOUT_SECONDS:g}",
                "rate": "unlimited",
                "award_limit": "unlimited",
            }
            alm = {
                **sandbox_settings(account.url, account.provider),
                "account_id": account.account_id,
                "rate": "unlimited",
            }
            blocks += [
                toml_block("credly", account.provider, credly),
                toml_block("alm", account.name, alm),
            ]
        return "".join(blocks)

    def faults(self, spec: str, account: Account | None = None) -> None:
        """Of Credly: of one organization, or of all that have none of their own."""
        part = f"/{account.organization_id}" if account else ""
        text = f"{spec},seed={self._seed}" if spec else ""
        requests.put(f"{self.credly}/_sandbox/faults{part}", data=text, timeout=30).raise_for_status()

    def no_own_faults(self, account: Account) -> None:
        requests.delete(f"{self.credly}/_sandbox/faults/{account.organization_id}", timeout=30)

    def alm_faults(self, spec: str) -> None:
        for account in self.accounts:
            requests.put(f"{account.url}/_sandbox/faults", data=spec, timeout=30).raise_for_status()

    def replace_token(self, account: Account) -> None:
        """Credly ends the account's token at once; the new one is in ``accounts``."""
        new = f"{account.token}-REPLACED"
        change = {"token": account.token, "replacement": new}
        answer = requests.post(f"{self.credly}/_sandbox/tokens", json=change, timeout=30)
        assert answer.json() == {"ended": 1}
        self.accounts[self.accounts.index(account)] = replace(account, token=new)

    def badges(self) -> list[dict[str, Any]]:
        return list(requests.get(f"{self.credly}/_sandbox/badges", timeout=60).json()["badges"])

    def badge_count(self) -> int:
        answer = requests.get(f"{self.credly}/_sandbox/badges?format=count", timeout=60)
        return int(answer.json()["counts"]["total"])

    def calls(self) -> dict[str, int]:
        """Requests that Credly got, by kind, also those that a fault befell."""
        return dict(requests.get(f"{self.credly}/_sandbox/requests", timeout=60).json()["counts"])

    def drawn(self) -> dict[str, int]:
        return dict(requests.get(f"{self.credly}/_sandbox/faults", timeout=60).json()["drawn"])


def _knobs(**values: Any) -> list[str]:
    return [part for name, value in values.items() for part in ("--knob", f"{name}={value}")]
