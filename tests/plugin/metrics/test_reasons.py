from __future__ import annotations

import pytest

from badgerelay.plugin.metrics.reasons import MAX_CHARACTERS, MAX_REASONS, code_label, most_frequent, reason_label


@pytest.mark.parametrize(
    ("reason", "label"),
    [
        ("completed without passing", "completed without passing"),
        (
            "the learner has no e-mail address in ALM: add one there",
            "the learner has no e-mail address in ALM: add one there",
        ),
        ("no rule gives a badge for course:8801234: see `badgerelay rules add`", "no rule gives a badge for see"),
        ("rosa.lindqvist@example.org is not known (after 30 attempts)", "is not known after attempts"),
        ("there is no connection 'academy 7' here", "there is no connection here"),
        ('the template "Rosa\'s badge" is gone', "the template is gone"),
        ("https://api.credly.com/v1/badges answered 503", "answered"),
        ("https://api.credly.com did not answer within 10 s", "did not answer within s"),
        ("0a6cbe4e-5c55-4f0c-8f0d-6e2b6f6c0001", ""),
        (None, ""),
    ],
)
def test_a_label_says_what_a_reason_says_in_general(reason: str | None, label: str) -> None:
    assert reason_label(reason) == label


def test_a_label_is_short_and_ends_with_a_whole_word() -> None:
    label = reason_label("words " * 100)
    assert len(label) <= MAX_CHARACTERS
    assert label.split() == ["words"] * len(label.split())
    assert reason_label("x" * 10_000) == ""


def test_of_a_rejection_only_the_code_is_a_label() -> None:
    assert code_label("invalid_recipient: Rosa Lindqvist is no recipient") == "invalid_recipient"
    assert code_label("Rosa Lindqvist is no recipient") == ""
    assert code_label(None) == ""


def test_the_rarest_labels_share_one() -> None:
    counts = [(f"reason {number}", number) for number in range(1000)]
    assert most_frequent(counts) == {f"reason {number}" for number in range(1000 - MAX_REASONS, 1000)}
