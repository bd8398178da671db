"""What a locale's files lost touch with: English left in, another language or script, rules and examples still to come.

These are signs that a person should look: they are told by `check` and keep a file from being signed off, but they
do not keep annotators from working. What would mislead annotators or break the data (wrong form, unknown codes, lost
placeholders, mandatory clauses, numbers that a translation changed) is refused when the files are loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from guidelines.checks import age_of_texts
from guidelines.clauses import Text
from guidelines.errors import Problem
from guidelines.folder import LocaleFolder
from guidelines.language import wrong_language, wrong_script
from guidelines.overlay_file import fields_of
from guidelines.survey import Survey, has_region, survey
from guidelines.tags import is_base_language
from guidelines.terms_file import terms_of
from guidelines.words import TODO, Words, base_words, overlay_words
from guidelines.yaml_file import Document

MIN_EXAMPLES = 8
_LOAN_WORDS = 2  # as many words may be the same in both languages: "Prompt", "Feedback", "Smart TV"
_HEADING = re.compile(r"^## .*$", re.MULTILINE)


def drift(root: Path) -> list[Problem]:
    """Everything in a guideline folder that has drifted from the base, by file and line."""
    seen = survey(root)
    problems = list(_few_examples(seen))
    for tag in filter(seen.chain, seen.folders):  # of a folder whose name is no locale nothing can be said
        problems += locale_drift(seen, tag)
    return sorted(set(problems))


def _few_examples(seen: Survey) -> Iterator[Problem]:
    for document in seen.checked.base.examples.values():
        examples = fields_of(document).get("examples")
        if isinstance(examples, list) and len(examples) < MIN_EXAMPLES:
            message = f"there are only {len(examples)} worked examples"
            yield Problem(document.file, 1, message, f"write at least {MIN_EXAMPLES}")


def locale_drift(seen: Survey, tag: str) -> Iterator[Problem]:
    """What has drifted in one folder."""
    folder = seen.folders[tag]
    yield from age_of_texts(seen.checked, folder)
    yield from _unwritten(folder)
    if has_region(tag) and not _has_examples(folder):
        message = f"there are no examples from {tag}"
        yield Problem(f"locales/{tag}/examples.yaml", 1, message, "write some: local examples teach best")
    if not is_base_language(tag):
        yield from _untranslated(seen, folder)
        yield from _foreign(seen, folder)


def _has_examples(folder: LocaleFolder) -> bool:
    return folder.examples is not None and bool(fields_of(folder.examples).get("examples"))


def _unwritten(folder: LocaleFolder) -> Iterator[Problem]:
    """Sections of a new locale that nobody has written yet."""
    for text in _texts(folder):
        for section in text.sections:
            if section.unwritten:
                message = f"the section {section.id!r} is still to be written"
                yield Problem(text.file, section.line, message, f"answer its questions in place of {TODO}")


def _texts(folder: LocaleFolder) -> list[Text]:
    return [*folder.texts.values(), *([folder.rules] if folder.rules is not None else [])]


def _untranslated(seen: Survey, folder: LocaleFolder) -> Iterator[Problem]:
    for name, document in folder.words.items():
        if name in seen.checked.workflows:
            base = base_words(seen.checked.workflows[name])
            yield from _equal(document, overlay_words(fields_of(document)), base)
    if folder.terms is not None:
        terms, base_terms = terms_of(folder.terms), terms_of(seen.checked.base.terms)
        yield from _equal(folder.terms, _placed(terms), _placed(base_terms))
    for name, text in folder.texts.items():
        yield from _equal_clauses(text, seen.checked.base.texts.get(name))


def _placed(terms: dict[str, str]) -> Words:
    return {("terms", name): word for name, word in terms.items()}


def _equal(document: Document, words: Words, base: Words) -> Iterator[Problem]:
    for spot, word in words.items():
        if word == base.get(spot) and len(word.split()) > _LOAN_WORDS:
            message = f"{' › '.join(spot)} is still English: {word!r}"
            yield document.problem(spot, message, "translate it")


def _equal_clauses(text: Text, base: Text | None) -> Iterator[Problem]:
    english = {_body(section.source) for section in base.sections} if base is not None else set()
    for section in text.sections:
        if _body(section.source) in english:
            message = f"the section {section.id!r} is still English"
            yield Problem(text.file, section.line, message, "translate it, or remove it: the base's is shown then")


def _body(source: str) -> str:
    return _HEADING.sub("", source).strip()


def _foreign(seen: Survey, folder: LocaleFolder) -> Iterator[Problem]:
    """Files in another script or language than the folder's."""
    for file, text in _prose(folder):
        if said := wrong_script(text, folder.tag):
            yield Problem(file, 1, f"this does not look like {folder.tag}: {said}", "write it in the locale's script")
        elif found := wrong_language(text, folder.tag, seen.folders):
            message = f"this does not look like {folder.tag}, but like {found}"
            yield Problem(file, 1, message, "write it in the locale's language")


def _prose(folder: LocaleFolder) -> Iterator[tuple[str, str]]:
    """The running text of each file."""
    for document in folder.words.values():
        yield document.file, "\n".join(overlay_words(fields_of(document)).values())
    for text in _texts(folder):
        yield text.file, "\n".join(_body(section.source) for section in text.sections if not section.unwritten)
    if folder.terms is not None:
        yield folder.terms.file, "\n".join(terms_of(folder.terms).values())
