"""How dates, times, numbers and money are written in a locale, by the Unicode CLDR."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, time

from babel import Locale, UnknownLocaleError
from babel.core import get_cldr_version, get_global
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, format_percent, get_territory_currencies

_DAY, _HOUR = date(2026, 11, 20), time(14, 30)

# By CLDR's calendarPreference these count years otherwise, and Babel writes Gregorian dates alone.
_OTHER_CALENDARS = ("AF", "IR", "SA", "TH")

# The digit zero of the numbering systems that CLDR's locales use by default, beside the European one.
_ZEROS = {
    "adlm": "𞥐",
    "arab": "٠",
    "arabext": "۰",
    "beng": "০",
    "cakm": "𑄶",
    "deva": "०",
    "hmnp": "𞅀",
    "mtei": "꯰",
    "mymr": "၀",
    "nkoo": "߀",
    "olck": "᱐",
    "tibt": "༠",
}


def formats_table(tag: str, terms: Mapping[str, str]) -> str:
    """A Markdown table of formats, labelled with the locale's terms; "" for a locale that CLDR has no formats for.

    A locale without a territory has the formats of the likely one.

    >>> from guidelines.library import load
    >>> print(formats_table("de", load().guideline("preference", "en-US").terms).splitlines()[5])
    | Number | 1.234.567,89 |
    """
    locale = _cldr(tag)
    if locale is None:
        return ""
    rows = "\n".join(f"| {terms[name]} | {shown} |" for name, shown in _rows(locale))
    source = terms["formats_source"].format(version=get_cldr_version())
    return f"| | |\n|---|---|\n{rows}\n\n{source}"


def locale_name(tag: str) -> str:
    """The locale's name in its own language, or its tag where CLDR has none.

    >>> locale_name("de-DE"), locale_name("qu-XK")
    ('Deutsch (Deutschland)', 'qu-XK')
    """
    try:
        return Locale.parse(tag, sep="-").get_display_name() or tag
    except UnknownLocaleError:
        return tag


def written_date(day: str, tag: str) -> str:
    """An ISO date as the locale writes it; as it is where another calendar is usual, or CLDR has no such locale.

    >>> written_date("2026-11-20", "de-DE"), written_date("2026-11-20", "th-TH")
    ('20. November 2026', '2026-11-20')
    """
    locale = _cldr(tag)
    if locale is None or locale.territory in _OTHER_CALENDARS:
        return day
    return _in_digits(format_date(date.fromisoformat(day), "long", locale=locale), locale)


def _cldr(tag: str) -> Locale | None:
    """The locale with a territory, as far as Babel has it."""
    name = tag.replace("-", "_")
    has_territory = "-" in tag and not tag.rsplit("-", maxsplit=1)[-1].istitle()
    try:
        return Locale.parse(name if has_territory else get_global("likely_subtags").get(name, name))
    except UnknownLocaleError:
        return None


def _rows(locale: Locale) -> Iterator[tuple[str, str]]:
    """The term and an example of each format, in the locale's own digits."""
    territory, own = locale.territory or "", "default"
    if territory not in _OTHER_CALENDARS:
        yield "date", _in_digits(format_date(_DAY, "long", locale=locale), locale)
        yield "short_date", _in_digits(format_date(_DAY, "short", locale=locale), locale)
    yield "time", _in_digits(format_time(_HOUR, "short", locale=locale), locale)
    yield "number", _in_digits(format_decimal(1234567.89, locale=locale, numbering_system=own), locale)
    yield "percent", _in_digits(format_percent(0.25, locale=locale, numbering_system=own), locale)
    for currency in get_territory_currencies(territory)[:1]:
        shown = format_currency(1234.5, currency, locale=locale, numbering_system=own)
        yield "currency", f"{_in_digits(shown, locale)} ({currency})"
    yield "week_start", locale.days["stand-alone"]["wide"][locale.first_week_day]


def _in_digits(shown: str, locale: Locale) -> str:
    """The text with the locale's digits and per cent sign, which Babel leaves European."""
    system = locale.default_numbering_system
    zero = ord(_ZEROS.get(system, "0"))
    local = {str(digit): chr(zero + digit) for digit in range(10)}
    percent = locale.number_symbols.get(system, {}).get("percentSign", "%")
    return shown.translate(str.maketrans({**local, "%": percent}))
