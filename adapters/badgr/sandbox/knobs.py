"""What about Badgr is uncertain, or wanted otherwise for a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Knobs:
    """The switches of Badgr's sandbox; the defaults are the observed server.

    :param templates: badge classes of the issuer.
    :param faults: a text as ``Faults`` takes it; ``latency`` is one of them.
    :param auto_accept: learners accept their badges at once.
    :param guard: whether ``allowDuplicateAwards: false`` is heeded; of the hosted services that is not confirmed.
    :param duplicate_in: where a refused duplicate is told.
    :param batch_names_rows: whether a refused batch says which rows are wrong.
    :param plaintext: whether an assertion shows the address beside its hash.
    :param salted: whether that hash has a salt.
    :param filters: whether a list heeds ``recipient``.
    :param hosted_ids: an ``id`` stands beside ``entityId``, as in the hosted services.
    :param class_expires: of every badge class, such as ``2 years``; empty for never.
    :param fills_expires: assertions get their end from the badge class.
    :param page_size: pages also where none were asked for; 0 for one page.
    :param token_seconds: how long an access token lives.
    :param refresh: a user gets a refresh token.
    :param throttle_seconds: of the first refused token request, doubled by each further one; 0 for none.
    :param limit: requests answered in ``window`` seconds, 429 beyond; 0 for no limit.
    :param retry_after: whether that 429 says when to come back.
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
