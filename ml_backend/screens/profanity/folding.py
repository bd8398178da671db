"""A text as it is compared with the lists: case, marks and letter forms that writers use freely do not count."""

from __future__ import annotations

import unicodedata

import regex

# Marks that are left out at will: vowels in Arabic and Hebrew, accents in Greek capitals.
_MARKS = regex.compile(r"(?<=[\p{Arabic}\p{Hebrew}\p{Greek}]\p{M}*)\p{M}+|[\p{Cf}\u0640]")
_FORMS = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "ё": "е", "’": "'"})
_SMALL = {"tr": str.maketrans("Iİ", "ıi")}
_STRETCHED = regex.compile(r"(\p{L})\1{2,}")


def fold(text: str, name: str = "") -> str:
    """The text in compatible characters and small letters; a letter written three times or more is written once.

    `name` is that of the list it is compared with: Turkish has small letters of its own for I and İ.

    >>> fold("ＳＣＨＥＩＳＳＥ"), fold("fuuuuck"), fold("μαλάκας")
    ('scheisse', 'fuck', 'μαλακασ')
    """
    plain = unicodedata.normalize("NFKC", text).translate(_SMALL.get(name, {})).casefold()
    unmarked = _MARKS.sub("", unicodedata.normalize("NFD", plain).replace("i\u0307", "i"))
    return _STRETCHED.sub(r"\1", unicodedata.normalize("NFC", unmarked).translate(_FORMS))
