"""Locales as people call them."""

from __future__ import annotations

from dataclasses import dataclass

from babel import Locale, UnknownLocaleError


@dataclass(frozen=True)
class LocaleName:
    """A locale's tag, its name in its own language and in English; both are the tag where CLDR has no name."""

    tag: str
    own: str
    english: str


def locale_name(tag: str) -> LocaleName:
    """
    >>> locale_name("de-DE")
    LocaleName(tag='de-DE', own='Deutsch (Deutschland)', english='German (Germany)')
    """
    try:
        locale = Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return LocaleName(tag, tag, tag)
    return LocaleName(tag, locale.get_display_name() or tag, locale.get_display_name("en") or tag)
