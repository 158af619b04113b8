"""Knobs for uncertain points of Credly and for the needs of tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Knobs:
    """The knobs of Credly's sandbox; the defaults are the most likely behaviour of Credly.

    :param templates: active templates of each organization; there is one draft and one archived template, too.
    :param organizations: how many there are; number N has the token ``SIMULATOR-TOKEN-000N``.
    :param faults: in the notation of ``Faults``, with ``latency``.
    :param auto_accept: learners accept their badges at once.
    :param allow_duplicates: templates let a learner have a badge twice.
    :param duplicate_message: the message of a refused duplicate.
    :param errors_messages: whether ``errors[].messages`` is a list or one text.
    :param user: whether a pending badge shows its user.
    :param replace_status: of a successful replacement.
    :param batch_max: badges in one batch.
    :param error_index: whether a refused batch names the item.
    :param page_size: objects on a page.
    :param next_page_drops_filter: ``next_page_url`` lacks the filter.
    :param list_loses: so many templates are counted by their list and not on its pages.
    :param next_page_host: another base URL in ``next_page_url``; empty for the sandbox's own.
    :param trailing_pipe: accept ``token|`` as a user name.
    :param ignore_duplicate_behavior: ignore that field.
    :param foreign_organization: the status for an organization that the token cannot see.
    :param per_minute: requests answered in a minute, 429 beyond; 0 for no limit.
    :param retry_after: whether that 429 states the wait.
    """

    templates: int = 6
    organizations: int = 1
    faults: str = ""
    auto_accept: bool = False
    allow_duplicates: bool = False
    duplicate_message: str = "Validation failed: User already has this badge"
    errors_messages: Literal["list", "string"] = "list"
    user: Literal["empty", "full"] = "empty"
    replace_status: Literal[201, 200] = 201
    batch_max: int = 50
    error_index: bool = True
    page_size: int = 50
    next_page_drops_filter: bool = False
    list_loses: int = 0
    next_page_host: str = ""
    trailing_pipe: bool = False
    ignore_duplicate_behavior: bool = False
    foreign_organization: Literal[404, 403] = 404
    per_minute: int = 0
    retry_after: bool = True
