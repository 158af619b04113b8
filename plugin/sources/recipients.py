"""Recipients of badges as the ledger keeps them, and the names that badge providers need.

An LMS often has one name for a person; badge providers need a first and a last name.
"""

from __future__ import annotations

import hashlib
from typing import Literal, get_args

from ...hooks import Learner

NamePolicy = Literal["last_word_is_last_name", "first_word_is_first_name", "family_name_first"]
POLICIES: tuple[NamePolicy, ...] = get_args(NamePolicy)

NO_LAST_NAME = "-"
"""The last name of people who have one name only, since providers refuse an empty one."""


def split_name(name: str, policy: NamePolicy = "last_word_is_last_name") -> tuple[str, str]:
    """Return the first and the last name. White space is collapsed.

    =========================== ================== ==================
    ``Ana María del Río``       first name         last name
    =========================== ================== ==================
    last_word_is_last_name      Ana María del      Río
    first_word_is_first_name    Ana                María del Río
    family_name_first           María del Río      Ana
    =========================== ================== ==================

    One word is a first name, with ``-`` for the last one. An empty name gives two empty texts.

    :raises ValueError: there is no such policy.
    """
    if policy not in POLICIES:
        raise ValueError(f"name_policy must be one of {', '.join(POLICIES)}")
    words = name.split()
    if not words:
        return "", ""
    if len(words) == 1:
        return words[0], NO_LAST_NAME
    if policy == "last_word_is_last_name":
        return " ".join(words[:-1]), words[-1]
    if policy == "first_word_is_first_name":
        return words[0], " ".join(words[1:])
    return " ".join(words[1:]), words[0]


def recipient_of(learner: Learner) -> dict[str, str | None]:
    """Return the recipient as the ledger keeps it."""
    first, last = split_name(learner.name or "")
    return {
        "email": (learner.email or "").strip().lower(),
        "first_name": learner.first_name or first,
        "last_name": learner.last_name or last,
        "locale": learner.locale,
    }


def digest(address: str) -> str:
    """Return the digest of an e-mail address, which plans and indexes keep in its place."""
    return hashlib.blake2b(address.strip().lower().encode(errors="surrogatepass"), digest_size=16).hexdigest()
