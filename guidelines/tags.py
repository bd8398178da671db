"""Locale tags: parsed at the boundary, with their direction of writing and their fallbacks."""

from __future__ import annotations

import re
from dataclasses import dataclass

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from guidelines.errors import MalformedLocale, UnknownLocale
from guidelines.model import Direction

BASE_LANGUAGE = "en"

_TAG = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class LocaleTag:
    """A locale of CLDR: its tag in canonical case, its direction of writing, and where else to look for its texts.

    `chain` starts with the tag itself and ends before the base. A language written in two scripts never falls back to
    the other one.

    >>> parse_locale("fr-CA").chain
    ('fr-CA', 'fr-Latn', 'fr')
    >>> parse_locale("zh-TW").chain
    ('zh-TW', 'zh-Hant')
    """

    tag: str
    direction: Direction
    chain: tuple[str, ...]


def language_of(tag: str) -> str:
    """The language of a tag.

    >>> language_of("pt-BR")
    'pt'
    """
    return tag.split("-", maxsplit=1)[0]


def is_base_language(tag: str) -> bool:
    """Is this tag of the language the base is written in?

    >>> is_base_language("en-GB"), is_base_language("enm")
    (True, False)
    """
    return language_of(tag) == BASE_LANGUAGE


def parse_locale(text: str) -> LocaleTag:
    """Read `language[-Script][-REGION]`; letter case does not matter.

    Raises MalformedLocale for anything of another form, UnknownLocale for a language, script or region that CLDR does
    not know. Source of names, scripts and directions: CLDR, through Babel.

    >>> parse_locale("AR-eg").tag, parse_locale("AR-eg").direction
    ('ar-EG', 'rtl')
    """
    match = _TAG.fullmatch(text)
    if match is None:
        raise MalformedLocale(text)
    language, script, territory = match[1].lower(), (match[2] or "").title(), (match[3] or "").upper()
    tag = "-".join(filter(None, (language, script, territory)))
    if not _known(language, script, territory):
        raise UnknownLocale(tag)
    script = script or _likely_script(language, territory)
    return LocaleTag(tag, _direction(language, script), _chain(tag, language, script))


def _known(language: str, script: str, territory: str) -> bool:
    names = Locale("en")
    return (
        (language != "und" and language in names.languages and language in get_global("likely_subtags"))
        and (not script or script in names.scripts)
        and (not territory or territory in names.territories)
    )


def _likely_script(language: str, territory: str) -> str:
    """The script this language is written in there, e.g. Hant for zh in TW."""
    likely = get_global("likely_subtags")
    full: str = likely.get(f"{language}_{territory}") or likely[language]
    return full.split("_")[1]


def _chain(tag: str, language: str, script: str) -> tuple[str, ...]:
    usual = (language,) if _likely_script(language, "") == script else ()
    return tuple(dict.fromkeys((tag, f"{language}-{script}", *usual)))


def _direction(language: str, script: str) -> Direction:
    """By the script's main language, since Babel has no data for many a language (Moroccan Arabic, say)."""
    main = get_global("likely_subtags").get(f"und_{script}", "en")
    for name in (main, language):
        try:
            return "rtl" if Locale.parse(name).character_order == "right-to-left" else "ltr"
        except UnknownLocaleError:
            continue
    return "ltr"
