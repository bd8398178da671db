"""What a programme does because of its screens: the part `screening` of programme.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Protection = Literal["reveal", "route", "none"]

PASS_SHARE = 0.05


@dataclass(frozen=True)
class ScreeningRules:
    """How annotators are protected, and what is masked.

    `protection` is what happens with items over a threshold: behind a reveal for everybody, for people only who
    accepted such work, or nothing. `thresholds` are by screen, for locales without a measured one; a score that reaches
    its threshold is over it. `pass_share` of what is over passes unmarked, 0 to 1. `mask` names kinds of personal data.
    """

    protection: Protection = "none"
    thresholds: Mapping[str, float] = field(default_factory=dict)
    pass_share: float = PASS_SHARE
    mask: tuple[str, ...] = ()


def screening_rules(given: Mapping[str, Any]) -> ScreeningRules:
    """The rules as given, in the form of the schema.

    >>> screening_rules({"protection": "reveal", "thresholds": {"profanity": 1}}).thresholds
    {'profanity': 1.0}
    """
    return ScreeningRules(
        protection=given.get("protection", "none"),
        thresholds={screen: float(value) for screen, value in given.get("thresholds", {}).items()},
        pass_share=float(given.get("pass_share", PASS_SHARE)),
        mask=tuple(given.get("mask", ())),
    )
