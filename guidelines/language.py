"""Is a text in the script and the language of its locale? By counting letters, and by a language identifier."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

import regex
from babel.core import get_global
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from guidelines.tags import language_of

# A script of CLDR that is written in several scripts of Unicode.
_SCRIPTS = {"Jpan": ("Hira", "Kana", "Hani"), "Kore": ("Hang", "Hani"), "Hans": ("Hani",), "Hant": ("Hani",)}
# Which encodings have only the one or only the other form of a character.
_FORMS = {"Hans": "gb2312", "Hant": "big5"}
_MODEL_NAMES = {"fil": "tl", "nb": "no"}
# Too close for an identifier to be trusted with them.
_ALIKE = ({"no", "nn", "da"}, {"id", "ms", "jv"}, {"hi", "ne", "mr"}, {"hr", "bs", "sr"}, {"pt", "gl"})
_LETTERS_FOR_SCRIPT = 20
_LETTERS_FOR_LANGUAGE = 400
_SURE = 0.99


def script_of(tag: str) -> str:
    """The script a locale is written in, by CLDR.

    >>> script_of("hi-IN"), script_of("zh-TW"), script_of("zh-Hans")
    ('Deva', 'Hant', 'Hans')
    """
    parts = tag.split("-")
    if len(parts) > 1 and len(parts[1]) == 4:
        return parts[1]
    likely = get_global("likely_subtags")
    full: str = likely.get(tag.replace("-", "_")) or likely.get(parts[0], "en_Latn_US")
    return full.split("_")[1]


def wrong_script(text: str, tag: str) -> str | None:
    """What is wrong with the letters of a text in this locale; None if they are its own, or too few to tell.

    >>> wrong_script("Mark every error in the response.", "hi-IN")
    'most letters are not in the script Deva'
    """
    script = script_of(tag)
    own, letters = count_letters(text, script)
    if letters < _LETTERS_FOR_SCRIPT:
        return None
    if own * 2 < letters:
        return f"most letters are not in the script {script}"
    return _other_form(text, script) if script in _FORMS else None


def count_letters(text: str, script: str) -> tuple[int, int]:
    """How many letters of a text are of this script of CLDR, and how many there are.

    >>> count_letters("Привет, world!", "Cyrl")
    (6, 11)
    """
    own = sum(len(_letters(each).findall(text)) for each in _SCRIPTS.get(script, (script,)))
    return own, len(_letters("").findall(text))


@cache
def _letters(script: str) -> regex.Pattern[str]:
    return regex.compile(rf"[\p{{L}}&&\p{{Script={script}}}]" if script else r"\p{L}", regex.VERSION1)


def chinese_forms(text: str) -> Counter[str]:
    """How many characters belong to only one of the two forms of Chinese: Hans (simplified) and Hant (traditional).

    >>> chinese_forms("汉语 and 漢語")
    Counter({'Hans': 2, 'Hant': 2})
    """
    return Counter(form for form in map(_form, text) if form)


def _other_form(text: str, script: str) -> str | None:
    counts = chinese_forms(text)
    other = "Hant" if script == "Hans" else "Hans"
    return f"more characters are {other} than {script}" if counts[other] > counts[script] else None


@lru_cache(maxsize=20_000)
def _form(letter: str) -> str | None:
    """The form that a Chinese character belongs to alone."""
    found = [form for form, encoding in _FORMS.items() if _encodes(letter, encoding)]
    return found[0] if len(found) == 1 else None


def _encodes(letter: str, encoding: str) -> bool:
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def wrong_language(text: str, tag: str, others: Iterable[str]) -> str | None:
    """The language that a text is surely in instead of that of its locale; None for its own, or for a short text.

    `others` are the tags it might be confused with; English is always one of them.
    """
    own = identifier_name(tag)
    if len(_letters("").findall(text)) < _LETTERS_FOR_LANGUAGE or own not in identified():
        return None
    script = script_of(tag)
    near = {identifier_name(each) for each in others if script_of(each) == script}
    found, sure = _likeliest(text, {own, "en", *near})
    alike = any({own, found} <= group for group in _ALIKE)
    return found if found != own and sure > _SURE and not alike else None


def identifier_name(tag: str) -> str:
    """What the identifier calls the language of a tag.

    >>> identifier_name("fil-PH")
    'tl'
    """
    language = language_of(tag)
    return _MODEL_NAMES.get(language, language)


def _likeliest(text: str, languages: Iterable[str]) -> tuple[str, float]:
    """The language out of these that a text is most probably in, and how probably."""
    among = set(languages)
    scores = {name: score for name, score in log_scores(text).items() if name in among}
    found = max(scores, key=scores.__getitem__)
    return found, 1 / sum(math.exp(score - scores[found]) for score in scores.values())


def log_scores(text: str) -> dict[str, float]:
    """How well a text fits each language that the identifier knows, likeliest first: logarithms, to be compared.

    >>> next(iter(log_scores("Wie lange muss ein Ei kochen?")))
    'de'
    """
    return {str(name): float(score) for name, score in _identifier().rank(text)}


@cache
def identified() -> frozenset[str]:
    """The identifier's names of the languages it knows."""
    return frozenset(map(str, _identifier().labels))


@cache
def _identifier() -> Any:  # the package has no types
    """The one model, which takes 60 MB; its scores are logarithms."""
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=False)
