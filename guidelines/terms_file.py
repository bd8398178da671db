"""The words around a guideline: headings, labels and buttons, in English and in each locale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from string import Formatter

from guidelines.errors import Problem
from guidelines.schema import form_problems
from guidelines.words import TODO
from guidelines.workflow_file import name_problems
from guidelines.yaml_file import Document


def base_terms_problems(document: Document) -> list[Problem]:
    """Everything wrong with base/terms.yaml."""
    return form_problems(document, "terms")


def locale_terms_problems(document: Document, base: Mapping[str, str], complete: bool) -> list[Problem]:
    """Everything wrong with a locale's terms; `complete` says whether it must have all those of the base."""
    problems = form_problems(document, "locale_terms")
    if not isinstance(document.value, dict):
        return problems
    problems += name_problems(document, "locale", PurePath(document.file).parent.name, "the folder's name")
    terms = terms_of(document)
    problems += _names_problems(document, terms, base)
    missing = [name for name in base if name not in terms] if complete else []
    problems += [
        document.problem(("terms", name), f"terms › {name} is not translated: {base[name]!r}", "add it")
        for name in missing
    ]
    return problems


def terms_of(document: Document | None) -> dict[str, str]:
    """The words of a terms file by name; none if it is missing or broken."""
    fields = document.value if document is not None and isinstance(document.value, dict) else {}
    terms = fields.get("terms")
    given = terms.items() if isinstance(terms, dict) else ()
    return {name: word for name, word in given if isinstance(word, str) and word != TODO}


def _names_problems(document: Document, terms: Mapping[str, str], base: Mapping[str, str]) -> Iterator[Problem]:
    """What is filled in stands in braces, under the same names in every language."""
    for name, word in terms.items():
        wanted, given = _names(base.get(name, "")), _names(word)
        if name in base and wanted != given:
            shown = ", ".join(f"{{{each}}}" for each in sorted(wanted)) or "no braces"
            message = f"terms › {name} must have {shown}, as in the base: {base[name]!r}"
            yield document.problem(("terms", name), message, "write the names in braces as they are in the base")


def _names(word: str) -> set[str]:
    """The names in braces, with anything that stands behind them; a stray brace is a name that is never right.

    >>> sorted(_names("{name} on {date:d}"))
    ['date:d', 'name']
    """
    try:
        parts = [(name, sign, form) for _, name, form, sign in Formatter().parse(word) if name is not None]
    except ValueError:
        return {"{"}
    return {name + (f"!{sign}" if sign else "") + (f":{form}" if form else "") for name, sign, form in parts}
