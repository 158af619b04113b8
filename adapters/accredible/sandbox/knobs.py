"""Knobs for uncertain points of Accredible and for the needs of tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Knobs:
    """The knobs of Accredible's sandbox; the defaults are the documentation's samples.

    :param templates: groups of the account.
    :param faults: in the notation of ``Faults``, with ``latency``.
    :param allow_duplicates: groups let an address have a credential twice.
    :param own_ids: whether a client's own id may come twice, and whether a credential can be read by it.
    :param own_id_shown: whether the id in answers is then the client's own.
    :param search: whether searches know a client's own id, as ``license_id``.
    :param errors_key: what a batch calls an error.
    :param detail_key: what a detail of it calls its text.
    :param attributes_key: how a batch's answer spells custom attributes.
    :param bulk_ok: the answer to a batch of which everything went well, which is not documented.
    :param change_answer: the answer to a changed credential, which is not documented.
    :param keeps_meta_data: whether a change may set ``meta_data``.
    :param error_shape: of refusals outside of batches.
    :param unauthorized: the answer to a wrong key.
    :param unknown_group: the status for one.
    :param credits: credentials that can be published; those beyond are created only.
    :param sandbox_mode: the account publishes nothing.
    :param list_loses: so many groups are counted by their list and not on its pages.
    :param page_size: the most objects on a page.
    :param limit: requests answered in ``window`` seconds, 429 beyond; 0 for no limit.
    :param retry_after: whether that 429 states the wait.
    """

    templates: int = 6
    faults: str = ""
    allow_duplicates: bool = False
    own_ids: Literal["unique", "free", "ignored"] = "unique"
    own_id_shown: bool = False
    search: bool = True
    errors_key: Literal["errors", "error"] = "errors"
    detail_key: Literal["message", "reason"] = "message"
    attributes_key: Literal["custom_attibutes", "custom_attributes"] = "custom_attibutes"
    bulk_ok: Literal["results", "credentials", "empty"] = "results"
    change_answer: Literal["credential", "empty"] = "credential"
    keeps_meta_data: bool = True
    error_shape: Literal["fields", "errors", "error", "data", "message"] = "fields"
    unauthorized: Literal["text", "data"] = "text"
    unknown_group: Literal[404, 422] = 404
    credits: int = 1_000_000_000
    sandbox_mode: bool = False
    list_loses: int = 0
    page_size: int = 50
    limit: int = 0
    window: float = 30.0
    retry_after: bool = False
