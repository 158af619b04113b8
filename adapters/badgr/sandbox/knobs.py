"""Knobs for uncertain points of Badgr and for the needs of tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Knobs:
    """The knobs of Badgr's sandbox; the defaults are the observed server.

    :param templates: badge classes of the issuer.
    :param faults: in the notation of ``Faults``, with ``latency``.
    :param auto_accept: learners accept their badges at once.
    :param guard: whether ``allowDuplicateAwards: false`` is obeyed; this is not confirmed for the hosted services.
    :param duplicate_in: the field that names a refused duplicate.
    :param batch_names_rows: whether a refused batch says which rows are wrong.
    :param plaintext: whether an assertion shows the address beside its hash.
    :param salted: whether that hash has a salt.
    :param filters: whether a list filters by ``recipient``.
    :param hosted_ids: an ``id`` is added to ``entityId``, as in the hosted services.
    :param class_expires: of every badge class, such as ``2 years``; empty for never.
    :param fills_expires: assertions get their end from the badge class.
    :param page_size: page size for requests without ``num``; 0 for one page.
    :param token_seconds: lifetime of an access token.
    :param refresh: a user gets a refresh token.
    :param throttle_seconds: of the first refused token request, doubled by each further one; 0 for none.
    :param limit: requests answered in ``window`` seconds, 429 beyond; 0 for no limit.
    :param retry_after: whether that 429 states the wait.
    """

    templates: int = 6
    faults: str = ""
    auto_accept: bool = False
    guard: bool = True
    duplicate_in: Literal["validation", "fields"] = "validation"
    batch_names_rows: bool = True
    plaintext: bool = True
    salted: bool = True
    filters: bool = True
    hosted_ids: bool = False
    class_expires: str = ""
    fills_expires: bool = False
    page_size: int = 0
    token_seconds: int = 86_400
    refresh: bool = True
    throttle_seconds: float = 2.0
    limit: int = 0
    window: float = 60.0
    retry_after: bool = False
