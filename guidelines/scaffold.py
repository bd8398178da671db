"""The files of a new locale: everything there is to write, with the English beside it and questions to answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from guidelines.errors import InvalidGuidelines
from guidelines.model import Question, Workflow
from guidelines.survey import has_region, survey
from guidelines.tags import is_base_language, parse_locale
from guidelines.terms_file import terms_of
from guidelines.words import TODO

_SCHEMA = "# yaml-language-server: $schema=../../schemas/{name}.schema.json\n"
_WORDS = """\
# The words on the screen. Each text stands in English above the place for yours: write it instead of TODO.
# Codes (the words before the colons) are stored with every answer: never change one.
# Put a text in quotes if it contains ": " or " #", or starts with a sign. Then run: concord guidelines check
"""
_TERMS = """\
# Our own words around the guideline. Names in {braces} are filled in: keep them as they are.
"""
_EXAMPLES = """\
# Worked examples from your locale, for any workflow. Take away each leading #, and the [] above.
# Codes of answers stand in base/<workflow>.yaml. In error spans, the text must occur exactly once in the response.
#
#  - id: bus-gate                  # small letters, digits and hyphens; used once in this file
#    workflow: fluency_review
#    title: What the example shows
#    prompt: What a user of your locale would ask
#    responses: ["What the model answered"]
#    answers: {fluency: "3", completeness: complete}
#    errors:
#      - {text: the wrong words, category: accuracy, severity: major, correction: the right words}
#    why: Why this is the answer, and not the tempting other one.
"""
_LANGUAGE_RULES = {
    "formality": ("Formality and address", "How are users addressed? What is too familiar, what too stiff, and where?"),
    "script-numerals": (
        "Script and numerals",
        "Which script, digits, quotation marks, decimal and thousands signs are right? Which ones are errors?",
    ),
    "slang-code-switching": (
        "Slang and mixed language",
        "Which loan words, dialect and slang are fine in a chat, and which are errors?",
    ),
}
_LOCALE_RULES = {
    "dates-times": ("Dates and times", "Which ways to write a date and a time are right, and which mislead?"),
    "currency-units": ("Currency and units", "Which currency, units and paper sizes do people expect?"),
    "names-address": ("Names and addresses", "In which order are names and addresses written? Which titles are used?"),
    "holidays-institutions": (
        "Holidays and institutions",
        "Which holidays, schools, offices and emergency numbers must an answer know?",
    ),
    "sensitive-topics": ("Sensitive topics", "Which topics of history, politics and religion need which care?"),
    "regulated-topics": (
        "Regulated topics",
        "What does the law here demand on health, money, weapons, data, elections?",
    ),
    "wrong-locale": ("Answers for another locale", "How do you recognise an answer that was written for elsewhere?"),
}


def new_locale(root: Path, locale: str) -> list[str]:
    """Write the files that this locale and its language still lack; no file is ever overwritten.

    Returns the names of the files written. Raises MalformedLocale, UnknownLocale, and InvalidGuidelines when the base
    itself has mistakes.
    """
    tag = parse_locale(locale)
    seen = survey(root)
    if seen.checked.problems:
        raise InvalidGuidelines(sorted(seen.checked.problems))
    files = dict(_language_files(tag.chain[-1], seen.checked.workflows, terms_of(seen.checked.base.terms)))
    if has_region(tag.tag):
        files |= _locale_files(tag.tag)
    return [name for name, text in files.items() if _written(root / name, text)]


def _written(path: Path, text: str) -> bool:
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def _language_files(tag: str, workflows: Mapping[str, Workflow], terms: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What all locales of a language share; English has its words in the base."""
    if not is_base_language(tag):
        for name, workflow in workflows.items():
            yield f"locales/{tag}/{name}.yaml", words_file(workflow, tag)
        yield f"locales/{tag}/terms.yaml", _terms_file(terms, tag)
    yield f"locales/{tag}/locale.md", _rules_file(_LANGUAGE_RULES, tag)


def _locale_files(tag: str) -> dict[str, str]:
    head = _SCHEMA.format(name="locale_examples") + f'locale: {tag}\nversion: "1"\nstatus: draft\nexamples: []\n'
    return {
        f"locales/{tag}/locale.md": _rules_file(_LOCALE_RULES, tag),
        f"locales/{tag}/examples.yaml": head + _EXAMPLES,
    }


def _rules_file(rules: Mapping[str, tuple[str, str]], tag: str) -> str:
    sections = (f"## {title} {{#{name}}}\n\n{TODO}: {asked}\n" for name, (title, asked) in rules.items())
    return "\n".join([f'---\nlocale: {tag}\nversion: "1"\nstatus: draft\n---\n', *sections])


def _terms_file(terms: Mapping[str, str], tag: str) -> str:
    head = f'{_SCHEMA.format(name="locale_terms")}{_TERMS}locale: {tag}\nversion: "1"\nstatus: draft\nterms:\n'
    return head + "".join(_todo(name, text, 2) for name, text in terms.items())


def words_file(workflow: Workflow, tag: str) -> str:
    """A words file with everything still to be translated."""
    head = f'workflow: {workflow.id}\nlocale: {tag}\nversion: "1"  # raise it whenever you change this file\n'
    parts = [_SCHEMA.format(name="locale"), _WORDS, head, "status: draft\n"]
    parts += [_todo("title", workflow.title, 0), _todo("summary", workflow.summary, 0), "texts:\n"]
    parts += [_todo(name, text, 2) for name, text in workflow.texts.items()]
    return "".join([*parts, "questions:\n", *map(_question, workflow.questions)])


def _question(question: Question) -> str:
    parts = [f"  {question.id}:\n", _todo("title", question.title, 4)]
    parts += [_todo("hint", question.hint, 4)] if question.hint else []
    parts += ["    choices:\n"] if question.choices else []
    for choice in question.choices:
        hint = [_todo("hint", choice.hint, 8)] if choice.hint else []
        parts += [f"      {choice.code}:\n", _todo("title", choice.title, 8), *hint]
    parts += ["    severities:\n"] if question.severities else []
    parts += [_todo(severity.code, severity.title, 6) for severity in question.severities]
    return "".join(parts)


def _todo(name: str, english: str, indent: int) -> str:
    space = " " * indent
    comment = "\n".join(f"{space}# {line}" for line in english.splitlines())
    return f"{comment}\n{space}{name}: {TODO}\n"
