"""ALM has one name for a person, badge providers want two."""

from __future__ import annotations

from typing import Literal, get_args

NamePolicy = Literal["last_word_is_last_name", "first_word_is_first_name", "family_name_first"]
POLICIES: tuple[NamePolicy, ...] = get_args(NamePolicy)

NO_LAST_NAME = "-"
"""Stands for the last name of people who have one name only: providers refuse an empty one."""


def split_name(name: str, policy: NamePolicy = "last_word_is_last_name") -> tuple[str, str]:
    """First and last name. White space is collapsed.

    =========================== ================== ==================
    ``Ana María del Río``       first name         last name
    =========================== ================== ==================
    last_word_is_last_name      Ana María del      Río
    first_word_is_first_name    Ana                María del Río
    family_name_first           María del Río      Ana
    =========================== ================== ==================

    One word is a first name, with ``-`` for the last one. Nothing at all gives two empty texts.

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
