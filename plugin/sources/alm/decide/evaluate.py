"""Badges that a completion or an achieved skill level earns, by the account's own badges and by rules. Pure.

Live events, backfills and ``rules test`` share it: each fetches the same inputs first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ....rules.evaluate import Completion, Verdict, evaluate_rule
from ....store.catalogue.rules import Rule
from ..api.documents import BadgeRecord
from .learning_objects import Level

SKILL = "skill:"
"""Prefix of the objects that are skill levels."""


@dataclass(frozen=True, slots=True)
class Issuers:
    """The provider connections that issue the badges of an ALM account.

    :param by_provider: names of connections, by the provider's name in lower case.
    :param missing: names in the account's setting ``provider`` that no connection has.
    """

    by_provider: Mapping[str, str]
    missing: tuple[str, ...] = ()

    def issuer_of(self, badge: BadgeRecord) -> str | None:
        """Return the name of the connection that issues a badge of ALM, or None if there is none."""
        return self.by_provider.get(str(badge.provider).lower())

    def refusal(self, badge: BadgeRecord) -> str | None:
        """Return why no provider issues a badge of ALM, or None if one does or its connection is missing for now."""
        if badge.template_id is None or badge.provider is None:
            return f"its badge {badge.id} in ALM names no badge template of a provider"
        if self.missing or self.issuer_of(badge) is not None:
            return None
        ours = ", ".join(f"{name!r} ({provider})" for provider, name in self.by_provider.items())
        return f"its badge {badge.id} in ALM belongs to the provider {badge.provider!r}, and this account has {ours}"


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that decides what one completion earns.

    :param completion: the completion, or the achieved skill level as a completion.
    :param rules: the rules that name the completion or one of its skill levels.
    :param earlier: the learner's earlier completions; empty if no rule needs several.
    :param period: the period in which the completion earns its badge once; empty for once and for all.
    :param badge: ALM's own badge for the completion.
    :param levels: the skill levels that the completion gives credits to.
    :param spellings: template ids as the catalogue spells them, by connection and id as ALM spells it.
    """

    completion: Completion
    rules: tuple[Rule, ...]
    issuers: Issuers
    earlier: tuple[Completion, ...] = ()
    period: str = ""
    badge: BadgeRecord | None = None
    levels: tuple[Level, ...] = ()
    spellings: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A badge that is earned.

    :param connection: the provider connection that issues it.
    :param at: the award's ``issued_at``, in seconds since the epoch.
    :param how: the rule or the ALM badge by which it is earned, in words.
    """

    connection: str
    template_id: str
    at: float
    period: str
    how: str


@dataclass(frozen=True, slots=True)
class Earned:
    """The result of an evaluation.

    :param reasons: why rules that name the completion give nothing, and why ALM's own badge gives nothing.
    :param tied: whether a rule or a badge is tied to the completion at all.
    :param issuer_missing: ALM's own badge has a template, but the connection that would issue it is missing.
    :param levels: skill levels whose badge depends on whether ALM shows them as achieved.
    """

    targets: tuple[Target, ...] = ()
    reasons: tuple[str, ...] = ()
    tied: bool = False
    issuer_missing: bool = False
    levels: tuple[Level, ...] = ()


def evaluate(inputs: Inputs) -> Earned:
    """Return the badges that a completion earns, and the reasons for those that it does not earn."""
    completion, passed = inputs.completion, inputs.completion.passed is not False
    naming = [rule for rule in inputs.rules if completion.objects.intersection(rule.objects)]
    verdicts = [_verdict(rule, inputs) for rule in naming]
    levels = _levels_to_check(inputs, verdicts) if passed else _missing_levels(verdicts, ())
    targets = [_rule_target(each, at, inputs.period) for each in verdicts if (at := each.met_at) is not None]
    reasons = [each.why for each in verdicts if each.met_at is None]
    tied, issuer_missing = bool(naming), False
    if passed and (badge := inputs.badge) is not None:
        refusal, issuer = inputs.issuers.refusal(badge), inputs.issuers.issuer_of(badge)
        if refusal is not None:
            reasons.append(refusal)
        elif issuer is None:
            tied = issuer_missing = True
            reasons.append(f"there is no provider connection {inputs.issuers.missing[0]!r}")
        else:
            tied = True
            targets.append(_badge_target(badge, issuer, inputs))
    return Earned(_without_repeats(targets), tuple(reasons), tied, issuer_missing, levels)


def _verdict(rule: Rule, inputs: Inputs) -> Verdict:
    if rule.need == 1:  # earlier completions do not matter, and a renewal has a date of its own
        return evaluate_rule(rule, [inputs.completion])
    return evaluate_rule(rule, [*inputs.earlier, inputs.completion])


def _rule_target(verdict: Verdict, at: float, period: str) -> Target:
    rule = verdict.rule
    own = period if len(rule.objects) == 1 else ""
    return Target(rule.connection, rule.template_id, at, own, f"by {verdict.why}")


def _badge_target(badge: BadgeRecord, issuer: str, inputs: Inputs) -> Target:
    template_id = str(badge.template_id)
    spelled = inputs.spellings.get((issuer, template_id), template_id)
    return Target(issuer, spelled, inputs.completion.at, inputs.period, f"by its badge {badge.id} in ALM")


def _levels_to_check(inputs: Inputs, verdicts: list[Verdict]) -> tuple[Level, ...]:
    """Return the levels that a rule names or whose own badge a provider issues, and those that rules still miss."""
    named = {each for rule in inputs.rules for each in rule.objects}
    own = tuple(
        level
        for level in inputs.levels
        if level.object in named or (level.badge is not None and inputs.issuers.refusal(level.badge) is None)
    )
    return _missing_levels(verdicts, own)


def _missing_levels(verdicts: list[Verdict], levels: tuple[Level, ...]) -> tuple[Level, ...]:
    """Return these levels and those that unmet rules for several objects miss."""
    known = {level.object for level in levels}
    missing = {
        each: Level(each, None, None)
        for verdict in verdicts
        if verdict.met_at is None and len(verdict.rule.objects) > 1
        for each in verdict.missing
        if each.startswith(SKILL) and each not in known
    }
    return (*levels, *missing.values())


def _without_repeats(targets: list[Target]) -> tuple[Target, ...]:
    """Return each badge once; a target with a period replaces one without."""
    found: dict[tuple[str, str], Target] = {}
    for target in targets:
        first = found.setdefault((target.connection, target.template_id), target)
        if target.period and not first.period:
            found[target.connection, target.template_id] = target
    return tuple(found.values())
