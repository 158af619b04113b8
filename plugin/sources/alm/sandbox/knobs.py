"""The knobs of the sandbox: settings of its behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ACCOUNT_ID = "70412"

TimestampShape = Literal["iso", "iso_seconds", "ms", "s", "legacy"]


@dataclass(frozen=True, slots=True)
class AlmKnobs:
    """The knobs and their defaults.

    :param account: the account's id, in deliveries and in the API.
    :param learners: the number of learners, with ids from 15300721 upward.
    :param courses: the number of courses with a badge; the first is ``course:8801234``.
    :param provider: the external provider's name in badges.
    :param templates: template ids for the badges of further courses, separated by commas; used in turn.
    :param rotate: each refresh returns a new refresh token and ends the old one.
    :param token_seconds: seconds that an access token is valid.
    :param bulk: the parameter of ``GET /users`` that takes several ids, or the refusal of both parameters.
    :param rate: ``60r/m`` enforces that rate; empty enforces none and states ``60r/m``.
    :param burst: number of requests at once beyond the rate.
    :param rates: further limits of single resources: ``learningObjects=15r/m,users=30r/m``.
    :param jobs: whether ``POST /jobs`` is allowed, or refused for lack of the scope admin:write; ``failing`` lets
        jobs fail, ``forgotten`` loses them.
    :param job_seconds: seconds that a job takes.
    :param job_shape: the format of a job's state and address: as of September 2026 (a word, and
        ``result.downloadUrl``), as before (a ``code``, and an address under an undocumented name), no address,
        or with an address at another host.
    :param report_at: reports are at the account's host, or there behind a redirect.
    :param report_as: reports are plain CSV files, or packed.
    :param users_columns: columns of the users' report: as documented, with other spellings, or without the user's id.
    :param externals: documents that give a badge's external provider: all, or those that Adobe names.
    :param roots: format of the root's id in a renewed certification: with the prefix, as a number, or absent.
    :param skill_lag: seconds after which a completion shows in ``userSkills``.
    :param timestamps: format of times in webhooks; ``legacy`` is ms in the envelope and s in the data.
    :param events_per_delivery: maximum number of events in one webhook delivery.
    :param retry_scale: factor on the documented waits (5 s to 5 min, 7 days); 1 is as in ALM.
    :param webhook_url: a webhook that exists from the start; ``basic`` with a user name, else without authentication.
    :param run_status: format of ``bulkimport/runStatus``: a list under a key, with numbers or texts; wrapped like
        other answers of that API; or JSON:API resources.
    :param faults: see ``adapters.sandbox``; faults of the API, not of the webhooks.
    """

    account: str = ACCOUNT_ID
    learners: int = 8
    courses: int = 1
    provider: str = "sandbox"
    templates: str = ""
    rotate: bool = False
    token_seconds: float = 604800.0
    bulk: Literal["id", "ids", "400", "404"] = "id"
    externals: Literal["everywhere", "documented"] = "everywhere"
    roots: Literal["prefixed", "plain", "none"] = "prefixed"
    skill_lag: float = 0.0
    rate: str = ""
    burst: int = 10
    rates: str = ""
    jobs: Literal["allowed", "forbidden", "failing", "forgotten"] = "allowed"
    job_seconds: float = 1.0
    job_shape: Literal["2026", "code", "nowhere", "elsewhere"] = "2026"
    report_at: Literal["host", "redirect"] = "host"
    report_as: Literal["csv", "zip", "gzip"] = "csv"
    users_columns: Literal["documented", "spelled", "without_id"] = "documented"
    timestamps: TimestampShape = "iso"
    events_per_delivery: int = 1
    retry_scale: float = 0.01
    webhook_url: str = ""
    webhook_username: str = ""
    webhook_password: str = ""
    run_status: Literal["jobs", "texts", "wrapped", "resources"] = "jobs"
    faults: str = ""
