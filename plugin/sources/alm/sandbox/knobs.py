"""The switches of the sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ACCOUNT_ID = "70412"

TimestampShape = Literal["iso", "iso_seconds", "ms", "s", "legacy"]


@dataclass(frozen=True, slots=True)
class AlmKnobs:
    """
    :param account: its id, which deliveries and the API give.
    :param learners: how many, with ids from 15300721 upward.
    :param courses: how many that carry a badge; the first is ``course:8801234``.
    :param provider: the name that badges give as their external provider.
    :param templates: template ids for the badges of further courses, with commas; used over and over.
    :param rotate: each refresh gives a new refresh token, and the old one no longer serves.
    :param token_seconds: how long an access token lives.
    :param bulk: the parameter of ``GET /users`` that takes several ids, or how it refuses both.
    :param rate: ``60r/m`` enforces that; empty enforces nothing and says ``60r/m``.
    :param burst: requests allowed at once beyond the rate.
    :param rates: limits of single resources beside it: ``learningObjects=15r/m,users=30r/m``.
    :param jobs: whether ``POST /jobs`` is allowed, or refused as without the scope admin:write; ``failing`` takes
        jobs and fails at them, ``forgotten`` loses them.
    :param job_seconds: how long a job takes.
    :param job_shape: how its state and its report's address are told: as of September 2026 (a word, and
        ``result.downloadUrl``), as before (a ``code``, and an address under a name that nobody documents), without
        any address, or with one that leads elsewhere.
    :param report_at: reports are at the account's host, or there behind a redirect.
    :param report_as: reports are plain CSV files, or packed.
    :param users_columns: of the users' report: as documented, with other spellings, or without the user's id.
    :param externals: which documents give a badge's external provider: all, or those that Adobe names for it.
    :param roots: how a renewed certification gives the id of its root: with the prefix, as a number, or not at all.
    :param skill_lag: seconds after which a completion shows in ``userSkills``.
    :param timestamps: how webhooks write moments; ``legacy`` is ms in the envelope and s in the data.
    :param events_per_delivery: at most so many events in one webhook delivery.
    :param retry_scale: factor on the documented waits (5 s to 5 min, 7 days); 1 is as ALM does it.
    :param webhook_url: registered from the start; ``basic`` with a user name, else without authentication.
    :param run_status: how ``bulkimport/runStatus`` is written: a list under a key, with numbers or texts; wrapped as
        other answers of that API are; or JSON:API resources.
    :param faults: see ``adapters.sandbox``; they befall the API, not the webhooks.
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
