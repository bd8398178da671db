"""The kinds of harm: the categories that annotators choose from in `safety_moderation`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import guidelines

OTHER = "other"
"""Harm of a kind that nobody named."""


@cache
def harms() -> Mapping[str, str]:
    """What each category means in English, by its code.

    >>> harms()["hate"]
    'Hate: Demeans people for what they are'
    """
    (categories,) = [each for each in _workflow().questions if each.id == "categories"]
    return MappingProxyType(
        {each.code: ": ".join(filter(None, (each.title, each.hint))) for each in categories.choices}
    )


def _workflow() -> guidelines.Workflow:
    # The packaged guidelines: what is configured and stored must not depend on the folder a command was given.
    return guidelines.load().workflows["safety_moderation"]
